/** The bundle of the cluster for a command: where it lies, how it is opened, and the credentials that are made from it. */
import { dirname, resolve } from 'node:path';
import type { KubernetesCredentials } from '../../kubernetes/port.ts';
import { issueKubernetesClientCertificate, issueTalosClientCertificate } from '../../pki/issue.ts';
import {
  loadBundleThatExists,
  loadOrCreateBundle,
  type BundleProtection,
  type LoadedBundle,
} from '../../secrets/bundle-file.ts';
import { decodePair, decodePem } from '../../secrets/bundle.ts';
import { createSystemSources } from '../../secrets/system-sources.ts';
import type { Cluster } from '../../spec/model.ts';
import type { TalosCredentials } from '../../talos-api/port.ts';
import type { SecretsBundle } from '../../talos/secrets-bundle.ts';
import type { IchorContext } from '../context.ts';
import { say } from '../output.ts';

/** A run needs no longer; nothing that is written for the user has this lifetime. */
const RUN_CREDENTIALS_MS = 24 * 3_600_000;

export interface Credentials {
  readonly talos: TalosCredentials;
  readonly kubernetes: KubernetesCredentials;
}

export async function openBundle(context: IchorContext, cluster: Cluster): Promise<SecretsBundle> {
  const path = bundlePath(context, cluster);
  return report(
    context,
    await loadBundleThatExists({ path, identities: sourcesOf(context, cluster).identities, now: new Date() }),
  );
}

/** The bundle that is there, else a new one, encrypted before it touches the disk unless `protection` says otherwise. */
export async function openOrCreateBundle(
  context: IchorContext,
  cluster: Cluster,
  protection?: BundleProtection,
): Promise<SecretsBundle> {
  const path = bundlePath(context, cluster);
  const loaded = await loadOrCreateBundle({
    path,
    identities: sourcesOf(context, cluster).identities,
    now: new Date(),
    random: context.random,
    content: { kind: 'new', talos: cluster.talos },
    ...(protection === undefined ? {} : { protection }),
  });
  if (loaded.origin === 'created')
    say(
      context,
      `Made the secrets of ${cluster.name}: ${cluster.secrets}${loaded.isEncrypted ? ', encrypted' : ''}. Keep it: without it nobody gets into the cluster.`,
    );
  return report(context, loaded);
}

export async function issueCredentials(bundle: SecretsBundle, context: IchorContext): Promise<Credentials> {
  const options = { now: new Date(), random: context.random, ttlMs: RUN_CREDENTIALS_MS };
  const [talos, kubernetes] = await Promise.all([
    issueTalosClientCertificate(decodePair(bundle.certs.os), { ...options, roles: ['os:admin'] }),
    issueKubernetesClientCertificate(decodePair(bundle.certs.k8s), options),
  ]);
  return {
    talos: { caPem: decodePem(bundle.certs.os.crt), certPem: talos.crt, keyPem: talos.key },
    kubernetes: { caPem: decodePem(bundle.certs.k8s.crt), certPem: kubernetes.crt, keyPem: kubernetes.key },
  };
}

function bundlePath(context: IchorContext, cluster: Cluster): string {
  return resolve(context.cwd, cluster.secrets);
}

function sourcesOf(context: IchorContext, cluster: Cluster) {
  return createSystemSources({
    folder: dirname(resolve(context.cwd, cluster.file)),
    env: context.env,
    signal: context.signal,
  });
}

function report(context: IchorContext, loaded: LoadedBundle): SecretsBundle {
  for (const warning of loaded.warnings) say(context, `warning: ${warning}`);
  return loaded.bundle;
}
