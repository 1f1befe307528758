/**
 * COSI resources as Talos serves them: metadata, and the spec from its YAML form (the protobuf form is never read, talos-1-api.md
 * §1.8). Typed readers of single kinds stand in resources/.
 */
import { parseAllDocuments } from 'yaml';
import { TalosApiError } from './errors.ts';

export interface ResourceMetadata {
  readonly namespace: string;
  readonly type: string;
  readonly id: string;
  /** For equality only; 0n stands for `undefined`. */
  readonly version: bigint;
  /** The controller that owns it; empty for none. */
  readonly owner: string;
  readonly phase: 'running' | 'tearingDown';
  /** Milliseconds since the epoch. */
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly finalizers: readonly string[];
}

export interface Resource {
  readonly metadata: ResourceMetadata;
  /** The parsed spec; not yet checked (resources/ does that). */
  readonly spec: unknown;
  /** As the node sent it. */
  readonly specYaml: string;
}

export interface ResourceQuery {
  readonly namespace: string;
  /** The full name, `MachineStatuses.runtime.talos.dev`; aliases are talosctl's business. */
  readonly type: string;
}

export type ResourceEvent =
  | { readonly kind: 'created' | 'updated'; readonly resource: Resource }
  /** Also sent first by a watch of one id that does not exist. */
  | { readonly kind: 'destroyed'; readonly id: string }
  /** Everything that existed when a watch of a kind began has been sent. */
  | { readonly kind: 'bootstrapped' };

/**
 * Parses a spec. Talos writes plain YAML of one document; MachineConfigs of 1.11 hold several, joined by `---`: their text is
 * kept as it is, like that of ≥1.12, where the spec is a string.
 */
export function parseSpecYaml(text: string, what: string): unknown {
  if (text === '') return undefined;
  const [document, ...more] = [...parseAllDocuments(text)];
  if (document === undefined) return undefined;
  if (more.length > 0) return text;
  const [problem] = document.errors;
  if (problem !== undefined) throw new TalosApiError('failed', `the spec of ${what} is not YAML: ${problem.code}`);
  const spec: unknown = document.toJS();
  return spec;
}

export function describeResource(metadata: Pick<ResourceMetadata, 'namespace' | 'type' | 'id'>): string {
  return `${metadata.type}(${metadata.namespace}/${metadata.id})`;
}
