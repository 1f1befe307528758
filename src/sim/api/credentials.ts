/** Credentials that a node makes for its callers: the admin kubeconfig and client configurations (talos-1-api.md §1.6, part 3 §3.2, §3.3). */
import { gzipSync } from 'node:zlib';
import { Code, ConnectError } from '@connectrpc/connect';
import { stringify } from 'yaml';
import { issueKubernetesClientCertificate, issueTalosClientCertificate } from '../../pki/issue.ts';
import { systemRandom } from '../../system.ts';
import type { GenerateClientConfigurationRequest } from '../../gen/proto/machine/machine_pb.ts';
import { requiresClientRole } from '../versions.ts';
import type { Call } from './call.ts';
import { requireControlPlane } from './etcd-methods.ts';
import { tarEntry } from './machine-reads.ts';

/** A gzip of a tar that is never closed: one entry without end blocks. */
export async function kubeconfigArchive(call: Call): Promise<Uint8Array> {
  const { run } = requireControlPlane(call, 'kubeconfig');
  const facts = run.config?.facts;
  const ca = facts?.kubernetesCa;
  if (facts === undefined || ca?.key === undefined)
    throw new ConnectError('kubeconfig is not available', Code.FailedPrecondition);
  const pair = await issueKubernetesClientCertificate(
    { crt: ca.crt, key: ca.key },
    { now: certificateTime(call), random: systemRandom },
  );
  const encode = (text: string): string => Buffer.from(text).toString('base64');
  const user = `admin@${facts.clusterName}`;
  const text = stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: facts.clusterName, cluster: { server: facts.endpoint, 'certificate-authority-data': encode(ca.crt) } },
    ],
    users: [{ name: user, user: { 'client-certificate-data': encode(pair.crt), 'client-key-data': encode(pair.key) } }],
    contexts: [{ context: { cluster: facts.clusterName, namespace: 'default', user }, name: user }],
    'current-context': user,
  });
  const entry = tarEntry('kubeconfig', Buffer.from(text));
  return new Uint8Array(gzipSync(entry));
}

export async function generateClientConfiguration(
  call: Call,
  request: GenerateClientConfigurationRequest,
): Promise<{ ca: Uint8Array; crt: Uint8Array; key: Uint8Array; talosconfig: Uint8Array }> {
  const { run } = requireControlPlane(call, 'generate client configuration');
  const facts = run.config?.facts;
  const ca = facts?.talosCa;
  const ttlMs = Number(request.crtTtl?.seconds ?? 0n) * 1000;
  if (ttlMs <= 0) throw new ConnectError('crt_ttl should be positive', Code.InvalidArgument);
  if (request.roles.length === 0 && requiresClientRole(run.version))
    throw new ConnectError('at least one role is required to generate a Talos API certificate', Code.Unknown);
  if (facts === undefined || ca?.key === undefined)
    throw new ConnectError('certificate authority is not available', Code.FailedPrecondition);
  const roles = request.roles.length === 0 ? [''] : request.roles;
  const pair = await issueTalosClientCertificate(
    { crt: ca.crt, key: ca.key },
    { roles, ttlMs, now: certificateTime(call), random: systemRandom },
  );
  const [first] = request.roles;
  const context =
    request.roles.length === 1 && first !== undefined
      ? `${first.replace(/^os:/, '')}@${facts.clusterName}`
      : facts.clusterName;
  const encode = (text: string): string => Buffer.from(text).toString('base64');
  const talosconfig = stringify({
    context,
    contexts: { [context]: { endpoints: [], ca: encode(ca.crt), crt: encode(pair.crt), key: encode(pair.key) } },
  });
  const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
  return { ca: bytes(ca.crt), crt: bytes(pair.crt), key: bytes(pair.key), talosconfig: bytes(talosconfig) };
}

/** Certificates are for clients whose clock runs at its own pace: their time is the wall's, moved by the machine's own error. */
export function certificateTime(call: Call): Date {
  return new Date(Date.now() + call.view().machine.clockSkewMs);
}
