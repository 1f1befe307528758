/**
 * A cluster file in the making: what an importer knows of the cluster and of each node. What all machines of a role, or all machines, have
 * in common is moved to their class or to the cluster, so that the file stays short.
 */
import type { Role } from '../model.ts';
import type { PlainMap } from './plain-yaml.ts';

export interface DraftPatch {
  readonly text: string;
  /** `@path` of a file that can be named instead. */
  readonly reference?: string;
  /** One line, said above the patch. */
  readonly comment?: string;
}

export interface DraftNode {
  readonly name: string;
  readonly role: Role;
  readonly values: PlainMap;
  /** Applied in order; `shared` ones stand in the class when every machine of the role has the same. */
  readonly sharedPatches: readonly DraftPatch[];
  readonly patches: readonly DraftPatch[];
}

export interface SpecDraft {
  /** Lines of comment at the top. */
  readonly header: readonly string[];
  readonly values: PlainMap;
  readonly nodes: readonly DraftNode[];
  readonly patches: readonly DraftPatch[];
  /** One line beside a top-level key. */
  readonly comments: Readonly<Record<string, string>>;
}

export interface FactoredSpec extends Omit<SpecDraft, 'nodes'> {
  readonly classes: readonly DraftClass[];
  readonly nodes: readonly FactoredNode[];
}

export interface DraftClass {
  readonly name: Role;
  readonly values: PlainMap;
  readonly patches: readonly DraftPatch[];
}

export interface FactoredNode {
  readonly name: string;
  readonly className: Role;
  readonly values: PlainMap;
  readonly patches: readonly DraftPatch[];
}

/** What may stand at a class; those that the cluster level knows too, and under which name. */
const CLASS_KEYS = [
  'platform',
  'install',
  'image',
  'nameservers',
  'gateway',
  'link',
  'links',
  'volumes',
  'labels',
  'annotations',
  'taints',
  'certSANs',
];
const CLUSTER_KEYS = ['platform', 'install', 'image', 'certSANs'];
const NETWORK_KEYS = ['gateway', 'nameservers'];
const NETWORK_ORDER = ['subnet', 'gateway', 'nameservers', 'vip', 'pods', 'services', 'domain', 'cni', 'kubeProxy'];

export function factored(draft: SpecDraft): FactoredSpec {
  const everywhere = commonValues(draft.nodes, [...CLUSTER_KEYS, ...NETWORK_KEYS]);
  const roles = (['controlplane', 'worker'] as const).filter((role) => draft.nodes.some((node) => node.role === role));
  const classes = roles.map((role) => classOf(role, draft.nodes, everywhere));
  return {
    ...draft,
    values: withCommon(draft.values, everywhere),
    classes,
    nodes: draft.nodes.map((node) => nodeOf(node, classes, everywhere)),
  };
}

function withCommon(values: PlainMap, everywhere: PlainMap): PlainMap {
  const said: PlainMap = { ...pick(everywhere, NETWORK_KEYS), ...mapOf(values['network']) };
  const network = Object.fromEntries(
    NETWORK_ORDER.filter((key) => said[key] !== undefined).map((key) => [key, said[key]]),
  );
  const rest = Object.fromEntries(Object.entries(values).filter(([key]) => key !== 'network'));
  return { ...rest, ...(Object.keys(network).length > 0 && { network }), ...pick(everywhere, CLUSTER_KEYS) };
}

function classOf(role: Role, all: readonly DraftNode[], everywhere: PlainMap): DraftClass {
  const nodes = all.filter((node) => node.role === role);
  const common = commonValues(nodes, CLASS_KEYS);
  const values = Object.fromEntries(Object.entries(common).filter(([key]) => !(key in everywhere)));
  const [first] = nodes;
  const shares = first !== undefined && nodes.every((node) => sameJson(node.sharedPatches, first.sharedPatches));
  return { name: role, values: { role, ...values }, patches: shares ? first.sharedPatches : [] };
}

function nodeOf(node: DraftNode, classes: readonly DraftClass[], everywhere: PlainMap): FactoredNode {
  const own = classes.find(({ name }) => name === node.role);
  const taken = { ...everywhere, ...own?.values };
  const values = Object.fromEntries(Object.entries(node.values).filter(([key]) => !(key in taken)));
  const isShared = own !== undefined && own.patches.length > 0;
  return {
    name: node.name,
    className: node.role,
    values,
    patches: [...(isShared ? [] : node.sharedPatches), ...node.patches],
  };
}

/** Said alike by every one of at least two nodes. */
function commonValues(nodes: readonly DraftNode[], keys: readonly string[]): PlainMap {
  const [first, ...others] = nodes;
  if (first === undefined || others.length === 0) return {};
  return Object.fromEntries(
    keys
      .filter(
        (key) =>
          first.values[key] !== undefined && others.every(({ values }) => sameJson(values[key], first.values[key])),
      )
      .map((key) => [key, first.values[key]]),
  );
}

function pick(map: PlainMap, keys: readonly string[]): PlainMap {
  return Object.fromEntries(Object.entries(map).filter(([key]) => keys.includes(key)));
}

function mapOf(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}

export function sameJson(left: unknown, right: unknown): boolean {
  return jsonText(left) === jsonText(right);
}

export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)) ?? '';
}
