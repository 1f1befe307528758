/** What a machine is: its links' hardware addresses, SMBIOS UUID and serial number, and whether that is what the spec means. */
import type { NodeSpec } from '../../spec/model.ts';
import type { CallOptions, TalosNodeSession } from '../../talos-api/port.ts';
import type { MachineIdentity, ObservedLink } from '../observation.ts';
import { fieldsOf, listField, optional, textField } from '../../health/resource-fields.ts';
import { HOSTNAME, LINKS, NODE_ADDRESSES, SYSTEM_INFORMATION } from './talos-types.ts';

export async function readLinks(session: TalosNodeSession, options: CallOptions): Promise<readonly ObservedLink[]> {
  const resources = await session.listResources(LINKS, options);
  return resources.flatMap((resource) => {
    const fields = fieldsOf(resource.spec);
    const mac = textField(fields, 'hardwareAddr');
    if (mac === undefined || textField(fields, 'type') !== 'ether') return [];
    const permanent = textField(fields, 'permanentAddr');
    return [
      {
        name: resource.metadata.id,
        mac: mac.toLowerCase(),
        // Kind is empty for hardware; bonds, bridges, VLANs and veths have one.
        physical: textField(fields, 'kind') === undefined,
        up: textField(fields, 'operationalState') === 'up',
        ...optional(
          'permanentMac',
          permanent?.toLowerCase() === mac.toLowerCase() ? undefined : permanent?.toLowerCase(),
        ),
      },
    ];
  });
}

export async function readIdentity(session: TalosNodeSession, options: CallOptions): Promise<MachineIdentity> {
  const [links, system, hostname] = await Promise.all([
    readLinks(session, options),
    session.getResource(SYSTEM_INFORMATION, options),
    session.getResource(HOSTNAME, options),
  ]);
  const information = fieldsOf(system?.spec);
  const physical = links.filter((link) => link.physical);
  return {
    macs: [
      ...new Set(
        physical.flatMap((link) => (link.permanentMac === undefined ? [link.mac] : [link.mac, link.permanentMac])),
      ),
    ],
    ...optional('hostname', textField(fieldsOf(hostname?.spec), 'hostname')),
    ...optional('uuid', textField(information, 'uuid')?.toLowerCase()),
    ...optional('serial', textField(information, 'serialnumber')),
  };
}

/** With prefix length, as the node has them now; loopback and Kubernetes' own are left out by Talos. */
export async function readAddresses(session: TalosNodeSession, options: CallOptions): Promise<readonly string[]> {
  const resource = await session.getResource(NODE_ADDRESSES, options);
  return listField(fieldsOf(resource?.spec), 'addresses').filter((address) => typeof address === 'string');
}

export type IdentityVerdict =
  | { readonly kind: 'same' }
  | { readonly kind: 'other'; readonly why: string }
  /** The spec says nothing that could be compared. */
  | { readonly kind: 'unknown' };

/** Everything that the spec names must agree; one of several MACs is enough, since a port may be missing or unplugged. */
export function compareIdentity(node: NodeSpec, machine: MachineIdentity): IdentityVerdict {
  const { macs, uuid, serial } = node.identity;
  if (uuid !== undefined && machine.uuid !== uuid.toLowerCase())
    return { kind: 'other', why: `its UUID is ${machine.uuid ?? 'unknown'}, the spec says ${uuid}` };
  if (serial !== undefined && machine.serial !== serial)
    return { kind: 'other', why: `its serial number is ${machine.serial ?? 'unknown'}, the spec says ${serial}` };
  const wanted = macs.map((mac) => mac.toLowerCase());
  if (wanted.length > 0 && !wanted.some((mac) => machine.macs.includes(mac))) {
    return {
      kind: 'other',
      why: `its hardware addresses are ${machine.macs.join(', ') || 'unknown'}, the spec says ${wanted.join(', ')}`,
    };
  }
  return wanted.length === 0 && uuid === undefined && serial === undefined ? { kind: 'unknown' } : { kind: 'same' };
}
