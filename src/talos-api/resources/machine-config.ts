/**
 * The machine config that a node runs (`v1alpha1`) or has on disk (`persistent`, ≥1.12). It holds the cluster's keys: never print it.
 * On ≥1.12 the spec is one YAML string that holds the config; on 1.11 it is the config itself (talos-2-resources.md §2.2).
 */
import type { CallOptions, ResourceCalls } from '../port.ts';
import type { Resource } from '../resource.ts';
import type { ResourceKind } from './kind.ts';

export interface MachineConfigText {
  /** All documents. */
  readonly text: string;
  /** For equality only. */
  readonly version: bigint;
}

export const machineConfigKind: ResourceKind<MachineConfigText> = {
  namespace: 'config',
  type: 'MachineConfigs.config.talos.dev',
  decode: ({ metadata, spec, specYaml }: Resource) => ({
    text: typeof spec === 'string' ? spec : specYaml,
    version: metadata.version,
  }),
};

/** undefined in maintenance without any config. */
export async function readActiveMachineConfig(
  session: ResourceCalls,
  options?: CallOptions,
): Promise<MachineConfigText | undefined> {
  return read(session, 'v1alpha1', options);
}

/** What the next boot will use; on 1.11, where only the active one can be read, that one. */
export async function readStoredMachineConfig(
  session: ResourceCalls,
  options?: CallOptions,
): Promise<MachineConfigText | undefined> {
  return (await read(session, 'persistent', options)) ?? (await read(session, 'v1alpha1', options));
}

async function read(
  session: ResourceCalls,
  id: string,
  options: CallOptions | undefined,
): Promise<MachineConfigText | undefined> {
  const { namespace, type, decode } = machineConfigKind;
  const resource = await session.getResource({ namespace, type, id }, options);
  return resource === undefined ? undefined : decode(resource);
}
