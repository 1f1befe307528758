/** The resource types of each minor, their aliases as the client resolves them, and who may read them. */
import { existsIn, type TalosVersion } from '../../versions.ts';
import { protoField } from './proto-field.ts';
import type { ResourceDraft } from './resource.ts';
import { RESOURCE_TYPE_TABLE } from './type-table.ts';

export interface ResourceType {
  readonly type: string;
  readonly namespace: string;
  readonly isSensitive: boolean;
}

/** All types that a node of this version defines, by name. */
export function resourceTypes(version: TalosVersion): ReadonlyMap<string, ResourceType> {
  const types = new Map<string, ResourceType>();
  for (const line of RESOURCE_TYPE_TABLE.trim().split('\n')) {
    const [type = '', namespace = '', since = '11', until = '-', sensitiveSince = '-'] = line.split(' ');
    if (!existsIn(version, Number(since), until === '-' ? undefined : Number(until) + 1)) continue;
    types.set(type, {
      type,
      namespace,
      isSensitive: sensitiveSince !== '-' && version.minor >= Number(sensitiveSince),
    });
  }
  return types;
}

/** Names that Talos gives some types besides those that follow from the type (talos-2-resources.md). */
const OWN_ALIASES: Readonly<Record<string, readonly string[]>> = {
  'Services.v1alpha1.talos.dev': ['svc'],
  'LinkStatuses.net.talos.dev': ['link', 'links'],
  'AddressStatuses.net.talos.dev': ['address', 'addresses'],
  'RouteStatuses.net.talos.dev': ['route', 'routes'],
  'HostnameStatuses.net.talos.dev': ['hostname'],
  'ResolverStatuses.net.talos.dev': ['resolvers'],
  'TimeServerStatuses.net.talos.dev': ['timeserver', 'timeservers'],
  'NetworkStatuses.net.talos.dev': ['netstatus', 'netstatuses'],
  'MachineConfigs.config.talos.dev': ['mc'],
  'KernelCmdlines.runtime.talos.dev': ['cmdline'],
  'ExtensionStatuses.runtime.talos.dev': ['extensions'],
  'MetaKeys.runtime.talos.dev': ['meta'],
  'MountStatuses.runtime.talos.dev': ['mounts'],
  'DiscoveredVolumes.block.talos.dev': ['dv'],
  'StaticPodStatuses.kubernetes.talos.dev': ['podstatus'],
  'Processors.hardware.talos.dev': ['cpus', 'cpu'],
  'MemoryModules.hardware.talos.dev': ['memorymodules', 'ram'],
  'PCIDevices.hardware.talos.dev': ['devices', 'device'],
  'KernelParamStatuses.runtime.talos.dev': ['sysctls', 'kernelparameters', 'kernelparams'],
  'EthernetStatuses.net.talos.dev': ['ethtool'],
};

/** What `talosctl get` shows beside the id: name and JSON path of each column. */
const PRINT_COLUMNS: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  'MachineStatuses.runtime.talos.dev': [
    ['Stage', '{.stage}'],
    ['Ready', '{.status.ready}'],
  ],
  'Services.v1alpha1.talos.dev': [
    ['Running', '{.running}'],
    ['Healthy', '{.healthy}'],
    ['Health Unknown', '{.unknown}'],
  ],
  'LinkStatuses.net.talos.dev': [
    ['Alias', '{.alias}'],
    ['Type', '{.type}'],
    ['Kind', '{.kind}'],
    ['Hw Addr', '{.hardwareAddr}'],
    ['Oper State', '{.operationalState}'],
    ['Link State', '{.linkState}'],
  ],
  'AddressStatuses.net.talos.dev': [
    ['Address', '{.address}'],
    ['Link', '{.linkName}'],
  ],
  'RouteStatuses.net.talos.dev': [
    ['Destination', '{.dst}'],
    ['Gateway', '{.gateway}'],
    ['Link', '{.outLinkName}'],
    ['Metric', '{.priority}'],
  ],
  'HostnameStatuses.net.talos.dev': [
    ['Hostname', '{.hostname}'],
    ['Domainname', '{.domainname}'],
  ],
  'Disks.block.talos.dev': [
    ['Size', '{.pretty_size}'],
    ['Read Only', '{.readonly}'],
    ['Transport', '{.transport}'],
    ['Rotational', '{.rotational}'],
    ['WWID', '{.wwid}'],
    ['Model', '{.model}'],
    ['Serial', '{.serial}'],
  ],
  'SystemDisks.block.talos.dev': [['Disk', '{.diskID}']],
  'VolumeStatuses.block.talos.dev': [
    ['Type', '{.type}'],
    ['Phase', '{.phase}'],
    ['Location', '{.location}'],
    ['Size', '{.prettySize}'],
  ],
  'DiscoveredVolumes.block.talos.dev': [
    ['Type', '{.type}'],
    ['Size', '{.pretty_size}'],
    ['Discovered', '{.name}'],
    ['Label', '{.label}'],
    ['Partition Label', '{.partition_label}'],
  ],
  'Members.cluster.talos.dev': [
    ['Hostname', '{.hostname}'],
    ['Machine Type', '{.machineType}'],
    ['OS', '{.operatingSystem}'],
    ['Addresses', '{.addresses}'],
  ],
  'EtcdMembers.etcd.talos.dev': [['ID', '{.memberID}']],
  'ExtensionStatuses.runtime.talos.dev': [
    ['Name', '{.metadata.name}'],
    ['Version', '{.metadata.version}'],
  ],
  'NodeStatuses.kubernetes.talos.dev': [
    ['Ready', '{.nodeReady}'],
    ['Unschedulable', '{.unschedulable}'],
  ],
};

export function definitionDrafts(version: TalosVersion): readonly ResourceDraft[] {
  return [...resourceTypes(version).values()].map((type) => {
    const displayType = singular(type.type.split('.')[0] ?? '');
    const aliases = [
      ...new Set([displayType.toLowerCase(), ...abbreviation(displayType), ...(OWN_ALIASES[type.type] ?? [])]),
    ];
    const parts = type.type.toLowerCase().split('.');
    const allAliases = [...parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('.')), ...aliases];
    const sensitivity = type.isSensitive ? 'sensitive' : undefined;
    const spec = {
      type: type.type,
      displayType,
      defaultNamespace: type.namespace,
      aliases,
      allAliases,
      printColumns: (PRINT_COLUMNS[type.type] ?? []).map(([name, jsonPath]) => ({ name, jsonPath })),
      sensitivity,
    };
    return { id: type.type.toLowerCase(), owner: 'meta', spec, proto: encodeDefinition(spec) };
  });
}

/** `MachineStatuses` → `MachineStatus`, as COSI's pluralizer does it for the names that Talos uses. */
function singular(name: string): string {
  if (['Statuses', 'Addresses', 'Aliases', 'Classes'].some((ending) => name.endsWith(ending))) return name.slice(0, -2);
  if (name.endsWith('ies')) return `${name.slice(0, -3)}y`;
  return name.endsWith('s') && !name.endsWith('ss') ? name.slice(0, -1) : name;
}

/** The capitals of the name, when there is more than one. */
function abbreviation(displayType: string): readonly string[] {
  const capitals = displayType.replace(/[^A-Z]/g, '').toLowerCase();
  return capitals.length > 1 ? [capitals] : [];
}

interface DefinitionSpec {
  readonly type: string;
  readonly displayType: string;
  readonly defaultNamespace: string;
  readonly aliases: readonly string[];
  readonly allAliases: readonly string[];
  readonly printColumns: readonly { readonly name: string; readonly jsonPath: string }[];
  readonly sensitivity: string | undefined;
}

/** `cosi.resource.meta.ResourceDefinitionSpec`: the one resource that clients read from its protobuf form. */
function encodeDefinition(spec: DefinitionSpec): Uint8Array {
  return new Uint8Array(
    Buffer.concat([
      protoField(1, spec.type),
      protoField(2, spec.displayType),
      protoField(3, spec.defaultNamespace),
      ...spec.aliases.map((alias) => protoField(4, alias)),
      ...spec.allAliases.map((alias) => protoField(5, alias)),
      ...spec.printColumns.map((column) =>
        protoField(6, Buffer.concat([protoField(1, column.name), protoField(2, column.jsonPath)])),
      ),
      // An enum: 1 is sensitive.
      ...(spec.sensitivity === undefined ? [] : [Buffer.from([(7 << 3) | 0, 1])]),
    ]),
  );
}
