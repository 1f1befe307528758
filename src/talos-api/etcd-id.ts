/** Member ids as Talos and etcdctl print them: 16 lower-case hexadecimal digits of a uint64 (also in COSI `EtcdMembers`). */
import { TalosApiError } from './errors.ts';

export function formatEtcdMemberId(id: bigint): string {
  return id.toString(16).padStart(16, '0');
}

export function parseEtcdMemberId(text: string): bigint {
  if (!/^[0-9a-f]{1,16}$/i.test(text))
    throw new TalosApiError('invalid-argument', `${JSON.stringify(text)} is not an etcd member id`);
  return BigInt(`0x${text}`);
}
