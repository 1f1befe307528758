/** The features of a cluster with the secrets that they refer to: opened once a run, judged before anything is done with them. */
import { dirname, resolve } from 'node:path';
import type { FeatureRemark } from '../../catalog/features/feature.ts';
import { findFeature } from '../../catalog/features/features.ts';
import { IchorError } from '../../errors.ts';
import { createSecretResolver, describeReference, findUnresolved } from '../../secrets/reference.ts';
import { createSystemSources } from '../../secrets/system-sources.ts';
import type { Cluster } from '../../spec/model.ts';
import { secretsOf, withSecrets, type FeatureSecret, type ResolvedFeature } from '../../spec/node-features.ts';
import type { IchorContext } from '../context.ts';
import { say } from '../output.ts';

export interface OpenedFeatures {
  readonly features: readonly ResolvedFeature[];
  /** What must not be shown. */
  readonly secrets: readonly string[];
}

export async function openFeatures(context: IchorContext, cluster: Cluster): Promise<OpenedFeatures> {
  // As relative as the references themselves: the loader has already put the folder of the cluster file before their paths.
  const folder = resolve(context.cwd);
  const sources = createSystemSources({
    folder: dirname(resolve(context.cwd, cluster.file)),
    env: context.env,
    signal: context.signal,
  });
  const resolver = createSecretResolver({ ...sources, folder });
  const values = new Map<string, string>();
  for (const secret of secretsOf(cluster)) {
    const value = await resolver.resolve(secret.reference);
    checkValue(context, cluster, secret, value);
    values.set(keyOf(secret), value.trim());
  }
  remind(context, cluster);
  const features = withSecrets(cluster, (secret) => values.get(keyOf(secret)) ?? '');
  return { features, secrets: [...resolver.values(), ...values.values()] };
}

/** Nothing real: for machines that are simulated. */
export function sampleFeatures(context: IchorContext, cluster: Cluster): OpenedFeatures {
  const secrets = secretsOf(cluster);
  if (secrets.length > 0) say(context, `Sample values stand for the secrets ${secrets.map(nameOf).join(', ')}.`);
  return { features: withSecrets(cluster, sampleOf), secrets: [] };
}

function sampleOf({ feature, path: [option = ''] }: FeatureSecret): string {
  const lookup = findFeature(feature);
  const sample = lookup.kind === 'exact' ? lookup.definition.options[option]?.sample : undefined;
  return sample ?? 'sample-of-a-rehearsal';
}

function checkValue(context: IchorContext, cluster: Cluster, secret: FeatureSecret, value: string): void {
  const [unresolved] = findUnresolved(value);
  if (unresolved !== undefined)
    throw new IchorError(
      'invalid-input',
      `the secret ${nameOf(secret)} (${describeReference(secret.reference)}) holds the placeholder ${unresolved.text}, which nobody filled in`,
      { hint: 'Nothing expands it later: the node would get it as it stands.' },
    );
  const feature = cluster.features.find(({ name }) => name === secret.feature);
  const lookup = findFeature(secret.feature);
  if (feature === undefined || lookup.kind === 'unknown') return;
  report(
    context,
    cluster,
    secret.feature,
    lookup.definition.checkSecret?.(secret.path[0] ?? '', value, feature.options),
  );
}

function remind(context: IchorContext, cluster: Cluster): void {
  for (const { name, options } of cluster.features) {
    const lookup = findFeature(name);
    if (lookup.kind === 'exact') report(context, cluster, name, lookup.definition.remind?.(options, new Date()));
  }
}

function report(context: IchorContext, cluster: Cluster, feature: string, remark: FeatureRemark | undefined): void {
  if (remark === undefined) return;
  const { severity, message, hint, option } = remark;
  if (severity !== 'error') {
    say(context, `${severity}: ${message}${hint === undefined ? '' : `\n  hint: ${hint}`}`);
    return;
  }
  const where = cluster.originOf(['features', feature, ...(option === undefined ? [] : [option])])?.where;
  throw new IchorError('invalid-input', message, {
    ...(where === undefined ? {} : { where }),
    ...(hint === undefined ? {} : { hint }),
  });
}

function nameOf({ feature, path }: FeatureSecret): string {
  return [feature, ...path].join('.');
}

function keyOf(secret: FeatureSecret): string {
  return JSON.stringify([secret.feature, secret.path]);
}
