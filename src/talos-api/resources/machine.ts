/** What the machine is and how it was booted: hardware identity, platform, command line, security, META, boot id. */
import { z } from 'zod';
import { isTalosError } from '../errors.ts';
import type { CallOptions, NodeCalls, ResourceCalls } from '../port.ts';
import { defineKind, flag, readOne, text, textMap, word, type ResourceKind } from './kind.ts';

/** From SMBIOS; empty strings in VMs and containers that have none. */
export interface SystemInformation {
  readonly manufacturer: string;
  readonly productName: string;
  readonly serialNumber: string;
  readonly uuid: string;
}

export const systemInformationKind: ResourceKind<SystemInformation> = defineKind({
  namespace: 'hardware',
  type: 'SystemInformations.hardware.talos.dev',
  id: 'systeminformation',
  schema: z.object({ manufacturer: text, productName: text, serialnumber: text, uuid: text }),
  map: ({ manufacturer, productName, serialnumber, uuid }) => ({
    manufacturer,
    productName,
    serialNumber: serialnumber,
    uuid: uuid.toLowerCase(),
  }),
});

export interface PlatformMetadata {
  readonly platform: string;
  readonly hostname: string;
  readonly region: string;
  readonly zone: string;
  readonly instanceType: string;
  readonly instanceId: string;
  readonly providerId: string;
  readonly tags: Readonly<Record<string, string>>;
}

export const platformMetadataKind: ResourceKind<PlatformMetadata> = defineKind({
  namespace: 'runtime',
  type: 'PlatformMetadatas.talos.dev',
  id: 'platformmetadata',
  schema: z.object({
    platform: text,
    hostname: text,
    region: text,
    zone: text,
    instanceType: text,
    instanceId: text,
    providerId: text,
    tags: textMap,
  }),
  map: (spec) => spec,
});

export interface SecurityState {
  readonly isSecureBoot: boolean;
  readonly isBootedWithUki: boolean;
  readonly ukiSigningKeyFingerprint: string;
  readonly pcrSigningKeyFingerprint: string;
  readonly selinuxState: string;
  readonly fipsState: string;
}

export const securityStateKind: ResourceKind<SecurityState> = defineKind({
  namespace: 'runtime',
  type: 'SecurityStates.talos.dev',
  id: 'securitystate',
  schema: z.object({
    secureBoot: flag,
    bootedWithUKI: flag,
    ukiSigningKeyFingerprint: text,
    pcrSigningKeyFingerprint: text,
    selinuxState: word('disabled'),
    fipsState: word('disabled'),
  }),
  map: ({ secureBoot, bootedWithUKI, ...rest }) => ({
    isSecureBoot: secureBoot,
    isBootedWithUki: bootedWithUKI,
    ...rest,
  }),
});

export interface KernelCmdline {
  readonly cmdline: string;
}

export const kernelCmdlineKind: ResourceKind<KernelCmdline> = defineKind({
  namespace: 'runtime',
  type: 'KernelCmdlines.runtime.talos.dev',
  id: 'cmdline',
  schema: z.object({ cmdline: text }),
  map: (spec) => spec,
});

export interface MetaKey {
  /** 0–255. */
  readonly key: number;
  /** May hold secrets (a network configuration with credentials). */
  readonly value: string;
}

export const metaKeyKind: ResourceKind<MetaKey> = defineKind({
  namespace: 'runtime',
  type: 'MetaKeys.runtime.talos.dev',
  schema: z.object({ value: text }),
  map: ({ value }, { id }) => ({ key: Number(id), value }),
});

const bootIdKind: ResourceKind<{ readonly bootID: string }> = defineKind({
  namespace: 'runtime',
  type: 'BootIDs.runtime.talos.dev',
  id: 'boot-id',
  schema: z.object({ bootID: text }),
  map: (spec) => spec,
});

/** A new one with every boot of the kernel: the proof that a reboot happened. Before 1.14 from /proc, which takes os:admin. */
export async function readBootId(
  session: ResourceCalls & Pick<NodeCalls, 'readFile'>,
  options?: CallOptions,
): Promise<string> {
  try {
    const found = await readOne(session, bootIdKind, undefined, options);
    if (found !== undefined && found.bootID !== '') return found.bootID;
  } catch (reason) {
    if (!isTalosError(reason, 'unimplemented')) throw reason;
  }
  const file = await session.readFile('/proc/sys/kernel/random/boot_id', options);
  return new TextDecoder().decode(file).trim();
}
