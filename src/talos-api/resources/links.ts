/** Network links as the kernel has them. */
import { z } from 'zod';
import { count, defineKind, flag, text, texts, type ResourceKind } from './kind.ts';

export interface Link {
  readonly name: string;
  readonly alias: string;
  readonly altNames: readonly string[];
  readonly index: number;
  /** `ether`, `loopback` … */
  readonly type: string;
  /** Empty for a physical link, else `bond`, `vlan`, `bridge`, `veth`, `dummy`, `wireguard` … */
  readonly kind: string;
  readonly hardwareAddress: string;
  /** The factory's; differs under a bond. Empty where the link has none. */
  readonly permanentAddress: string;
  readonly mtu: number;
  /** `up`, `down`, `unknown`, `lowerLayerDown` … */
  readonly operationalState: string;
  readonly hasCarrier: boolean;
  readonly speedMbit: number;
  readonly driver: string;
  readonly busPath: string;
  readonly pciId: string;
  readonly vendor: string;
  readonly product: string;
  /** Index of the bond or bridge above it; 0 for none. */
  readonly masterIndex: number;
}

export const linkKind: ResourceKind<Link> = defineKind({
  namespace: 'network',
  type: 'LinkStatuses.net.talos.dev',
  schema: z.object({
    alias: text,
    altNames: texts,
    index: count,
    type: text,
    kind: text,
    hardwareAddr: text,
    permanentAddr: text,
    mtu: count,
    operationalState: text,
    linkState: flag,
    speedMbit: count,
    driver: text,
    busPath: text,
    pciID: text,
    vendor: text,
    product: text,
    masterIndex: count,
  }),
  map: (spec, { id }) => ({
    name: id,
    alias: spec.alias,
    altNames: spec.altNames,
    index: spec.index,
    type: spec.type,
    kind: spec.kind,
    hardwareAddress: spec.hardwareAddr.toLowerCase(),
    permanentAddress: spec.permanentAddr.toLowerCase(),
    mtu: spec.mtu,
    operationalState: spec.operationalState,
    hasCarrier: spec.linkState,
    speedMbit: spec.speedMbit,
    driver: spec.driver,
    busPath: spec.busPath,
    pciId: spec.pciID,
    vendor: spec.vendor,
    product: spec.product,
    masterIndex: spec.masterIndex,
  }),
});
