/** The certificates that simulated machines show: the API's in maintenance and secured, and kube-apiserver's. */
import { createAuthority } from '../../pki/authority.ts';
import { issueServerCertificate } from '../../pki/issue.ts';
import type { PemPair } from '../../pki/pem.ts';
import { systemRandom } from '../../system.ts';
import type { RunningView } from '../machine/resources/resource.ts';
import { ownIps } from '../machine/resources/cluster.ts';
import { loopbackIsInCertificate } from '../versions.ts';

export interface ServerIdentity {
  readonly pair: PemPair;
  /** Authorities that clients have to come from; absent: nobody is asked. */
  readonly clientAuthorities?: readonly string[];
}

/** A leaf of an unnamed authority that is thrown away (FINDINGS 1.4). */
export async function maintenanceIdentity(view: RunningView, now: Date): Promise<ServerIdentity> {
  const authority = await createAuthority({ algorithm: 'ed25519', now, random: systemRandom });
  const pair = await issueServerCertificate(authority, {
    subject: { commonName: 'maintenance-service.talos.dev' },
    dnsNames: [view.network.hostname],
    ipAddresses: [...addressesOf(view), '127.0.0.1', '::1'],
    now,
    random: systemRandom,
  });
  return { pair };
}

/** Signed by the config's own authority, with exactly the names that this minor puts in (FINDINGS 1.3). */
export async function secureIdentity(view: RunningView, authority: PemPair, now: Date): Promise<ServerIdentity> {
  const facts = view.run.config?.facts;
  const fqdn = view.network.domain === '' ? view.network.hostname : `${view.network.hostname}.${view.network.domain}`;
  const names = [...(facts?.certSans ?? []), view.network.hostname, fqdn];
  const isIp = (name: string): boolean => /^[\d.]+$/.test(name) || name.includes(':');
  const ips = [
    ...addressesOf(view),
    ...(loopbackIsInCertificate(view.run.version) ? ['127.0.0.1'] : []),
    ...names.filter(isIp),
  ];
  const signer = view.machine.hasWrongCertificate
    ? await createAuthority({ algorithm: 'ed25519', organization: 'talos', now, random: systemRandom })
    : authority;
  const pair = await issueServerCertificate(signer, {
    subject: { commonName: fqdn },
    dnsNames: [...new Set(names.filter((name) => !isIp(name)))],
    ipAddresses: [...new Set(ips)],
    now,
    random: systemRandom,
  });
  return {
    pair,
    clientAuthorities: [...(facts?.talosCa === undefined ? [] : [facts.talosCa.crt]), ...(facts?.acceptedCas ?? [])],
  };
}

/** kube-apiserver's: its service names, the endpoint, the node, the VIP and what the config adds. */
export async function kubernetesIdentity(view: RunningView, now: Date): Promise<ServerIdentity | undefined> {
  const facts = view.run.config?.facts;
  const ca = facts?.kubernetesCa;
  if (facts === undefined || ca?.key === undefined) return undefined;
  const host = /^https:\/\/(\[[^\]]+\]|[^:/]+)/.exec(facts.endpoint ?? '')?.[1]?.replace(/[[\]]/g, '');
  const vip = facts.network.vip?.ip;
  const service = firstAddress(facts.serviceCidrs[0]);
  const names = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    `kubernetes.default.svc.${facts.dnsDomain}`,
    'localhost',
    view.network.hostname,
    ...facts.kubernetesCertSans,
    ...(host === undefined ? [] : [host]),
  ];
  const isIp = (name: string): boolean => /^[\d.]+$/.test(name) || name.includes(':');
  const ips = [
    '127.0.0.1',
    ...ownIps(view),
    ...(vip === undefined ? [] : [vip]),
    ...(service === undefined ? [] : [service]),
    ...names.filter(isIp),
  ];
  const pair = await issueServerCertificate(
    { crt: ca.crt, key: ca.key },
    {
      subject: { commonName: 'kube-apiserver', organization: ['kube-master'] },
      dnsNames: [...new Set(names.filter((name) => !isIp(name)))],
      ipAddresses: [...new Set(ips)],
      now,
      random: systemRandom,
      ttlMs: 8_760 * 3_600_000,
    },
  );
  return { pair, clientAuthorities: [ca.crt] };
}

function addressesOf(view: RunningView): readonly string[] {
  const own = view.network.addresses.filter((address) => address.source !== 'vip').map((address) => address.ip);
  const vip = view.run.hadVip ? view.run.config?.facts.network.vip?.ip : undefined;
  return vip === undefined ? own : [...own, vip];
}

function firstAddress(cidr: string | undefined): string | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\//.exec(cidr ?? '');
  return match === null ? undefined : `${match[1]}.${match[2]}.${match[3]}.${Number(match[4]) + 1}`;
}
