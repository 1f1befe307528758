/**
 * A node's COSI state as readers see it: the drafts of each type with the versions and times that they get as they change.
 */
import { stringify } from 'yaml';
import { CLUSTER_PROJECTIONS } from './cluster.ts';
import { definitionDrafts, resourceTypes, type ResourceType } from './definitions.ts';
import { DISK_PROJECTIONS } from './disks.ts';
import { NETWORK_PROJECTIONS } from './net.ts';
import { NODE_PROJECTIONS } from './node.ts';
import type { Projection, ResourceDraft, RunningView } from './resource.ts';

export interface StoredResource {
  readonly namespace: string;
  readonly type: string;
  readonly id: string;
  readonly version: number;
  readonly owner: string;
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly yaml: string;
  readonly proto: Uint8Array;
  readonly fingerprint: string;
}

const PROJECTIONS: Readonly<Record<string, Projection>> = {
  ...NODE_PROJECTIONS,
  ...DISK_PROJECTIONS,
  ...NETWORK_PROJECTIONS,
  ...CLUSTER_PROJECTIONS,
  'ResourceDefinitions.meta.cosi.dev': ({ run }) => definitionDrafts(run.version),
};

/** Types whose content the simulator has; the others exist and are empty. */
export function projectedTypes(): readonly string[] {
  return Object.keys(PROJECTIONS);
}

/** One per boot of a machine. */
export class ResourceStore {
  readonly #types: ReadonlyMap<string, ResourceType>;
  readonly #known = new Map<string, Map<string, StoredResource>>();

  constructor(view: RunningView) {
    this.#types = resourceTypes(view.run.version);
  }

  typeOf(type: string): ResourceType | undefined {
    return this.#types.get(type);
  }

  namespaces(): ReadonlySet<string> {
    return new Set([...this.#types.values()].map((type) => type.namespace).concat('network-config', 'cluster-raw'));
  }

  /** The type's resources at this moment, in order of their ids. A namespace other than the type's own is empty. */
  list(view: RunningView, namespace: string, type: string): readonly StoredResource[] {
    const definition = this.#types.get(type);
    const projection = PROJECTIONS[type];
    if (definition === undefined || projection === undefined || definition.namespace !== namespace) return [];
    const before = this.#known.get(type) ?? new Map<string, StoredResource>();
    const after = new Map<string, StoredResource>();
    for (const draft of projection(view)) {
      const fingerprint = JSON.stringify([draft.spec, draft.labels]);
      const known = before.get(draft.id);
      after.set(
        draft.id,
        known?.fingerprint === fingerprint ? known : store(view, definition, draft, { known, fingerprint }),
      );
    }
    this.#known.set(type, after);
    return [...after.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }
}

interface Before {
  readonly known: StoredResource | undefined;
  readonly fingerprint: string;
}

function store(
  view: RunningView,
  definition: ResourceType,
  draft: ResourceDraft,
  { known, fingerprint }: Before,
): StoredResource {
  return {
    namespace: definition.namespace,
    type: definition.type,
    id: draft.id,
    version: (known?.version ?? 0) + 1,
    owner: draft.owner ?? '',
    createdMs: known?.createdMs ?? view.now,
    updatedMs: view.now,
    labels: draft.labels ?? {},
    annotations: draft.annotations ?? {},
    yaml: draft.yaml ?? toYaml(draft.spec),
    proto: draft.proto ?? new Uint8Array(),
    fingerprint,
  };
}

/** As Talos writes YAML: four spaces, no folding; undefined fields are left out. */
function toYaml(spec: unknown): string {
  return stringify(spec, { indent: 4, lineWidth: 0, keepUndefined: false });
}
