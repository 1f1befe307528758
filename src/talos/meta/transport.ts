/**
 * META values on their way to a machine: the keys, and the text that the kernel command line carries in
 * `talos.environment=INSTALLER_META_BASE64=…` (Talos `pkg/machinery/meta`).
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import { IchorError } from '../../errors.ts';
import { isAtLeastVersion } from './version-rule.ts';

/** Talos `pkg/machinery/meta/constants.go`. */
export const META_KEYS = {
  upgrade: 6,
  stagedUpgradeImageRef: 7,
  stagedUpgradeInstallOptions: 8,
  stateEncryptionConfig: 9,
  metalNetworkPlatformConfig: 10,
  downloadUrlCode: 11,
  userReserved1: 12,
  userReserved2: 13,
  userReserved3: 14,
  uuidOverride: 15,
  uniqueMachineToken: 16,
  diskImageBootloader: 17,
} as const;

export interface MetaValue {
  /** 0 to 255. */
  readonly key: number;
  readonly value: string;
}

const GZIP_ABOVE_BYTES = 256;

/** The value of INSTALLER_META_BASE64. Refuses `;`, which ends a value there. */
export function encodeMeta(values: readonly MetaValue[], talos: string): string {
  const text = values
    .map(({ key, value }) => `0x${checkedKey(key).toString(16)}=${checkedValue(key, value)}`)
    .join(';');
  const bytes = Buffer.from(text, 'utf8');
  const isZipped = bytes.length > GZIP_ABOVE_BYTES && isAtLeastVersion(talos, '1.6.3');
  return (isZipped ? gzipSync(bytes, { level: 9 }) : bytes).toString('base64');
}

/** What a node makes of INSTALLER_META_BASE64. */
export function decodeMeta(encoded: string): readonly MetaValue[] {
  const bytes = Buffer.from(encoded, 'base64');
  const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8');
  return text.split(';').map((entry) => {
    const equals = entry.indexOf('=');
    const key = Number(entry.slice(0, equals));
    if (equals < 0 || !Number.isInteger(key) || key < 0 || key > 255)
      throw new IchorError('invalid-input', `META values hold ${JSON.stringify(entry)}, which is no key=value`);
    return { key, value: entry.slice(equals + 1) };
  });
}

/** For the kernel command line; empty when there is nothing to carry. */
export function metaKernelArgs(values: readonly MetaValue[], talos: string): readonly string[] {
  return values.length === 0 ? [] : [`talos.environment=INSTALLER_META_BASE64=${encodeMeta(values, talos)}`];
}

function checkedKey(key: number): number {
  if (Number.isInteger(key) && key >= 0 && key <= 255) return key;
  throw new IchorError('invalid-input', `${key} is no META key: they go from 0 to 255`, {
    hint: 'Keys 12 to 14 are free for own use.',
  });
}

export function checkedValue(key: number, value: string): string {
  if (!value.includes(';')) return value;
  throw new IchorError(
    'invalid-input',
    `the value of META key ${key} holds ";", which ends a value on the way to the node`,
    { hint: 'Write the value without it; YAML never needs it.' },
  );
}
