/** Secrets must stand in the file as references (design §2); text that is one is an error, and is never shown. */
import type { Finding } from '../finding.ts';
import { isRecord, textsAt } from '../patch-facts.ts';
import { parseSecretReference } from '../secret-reference.ts';
import type { Path } from '../tree.ts';
import type { LintRule, LintedCluster } from './rule.ts';
import { findingAt } from './rule.ts';

export const secretRules: readonly LintRule[] = [
  { name: 'secrets are references', check: checkSpec },
  { name: 'patches hold no secrets', check: checkPatches },
];

const SECRET_KEY = /^(auth|api|access|private|preauth)?-?_?(key|secret|token|password|passphrase|credentials)$/i;
const NOT_SECRET = /^key$/i;
/** `TS_AUTHKEY=…` in the environment of an extension service. */
const SECRET_VARIABLE = /^([A-Z0-9_]*(?:AUTH_?KEY|TOKEN|SECRET|PASSWORD|PASSPHRASE|API_?KEY))=(.+)$/;
const HINT =
  'Write a reference: {env: NAME}, {file: PATH}, {sops: "FILE#KEY"} or {exec: [PROGRAM, …]}. If this file was ever committed, change the secret.';

function checkSpec(cluster: LintedCluster): readonly Finding[] {
  const found: Finding[] = [];
  for (const { name, options } of cluster.features) found.push(...textSecrets(cluster, options, ['features', name]));
  if (cluster.gitops !== undefined) found.push(...textSecrets(cluster, cluster.gitops, ['gitops']));
  for (const node of cluster.nodes) {
    for (const key of ['proxmox', 'power'] as const)
      found.push(...textSecrets(cluster, node[key], ['nodes', node.name, key]));
  }
  return found;
}

function textSecrets(cluster: LintedCluster, value: unknown, path: Path): readonly Finding[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => textSecrets(cluster, item, [...path, index]));
  if (!isRecord(value) || parseSecretReference(value, cluster.file) !== undefined) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const here = [...path, key];
    const isSecret = typeof item === 'string' && item !== '' && SECRET_KEY.test(key) && !NOT_SECRET.test(key);
    if (!isSecret) return textSecrets(cluster, item, here);
    return [
      findingAt(
        cluster,
        {
          severity: 'error',
          rule: 'secret-as-text',
          message: `\`${here.join('.')}\` stands in the file as text`,
          hint: HINT,
        },
        here,
      ),
    ];
  });
}

function checkPatches(cluster: LintedCluster): readonly Finding[] {
  return cluster.nodes.flatMap((node) =>
    cluster
      .patchesOf(node)
      .documents.filter(({ kind }) => kind === 'ExtensionServiceConfig')
      .flatMap((document) =>
        textsAt(document.value, 'environment').flatMap((line, index) => {
          const match = SECRET_VARIABLE.exec(line);
          if (match === null || /^\$\{.*\}$/.test(match[2] ?? '')) return [];
          const where = document.place(['environment', index]);
          const message = `${match[1]} stands in a patch as text`;
          return [
            {
              severity: 'error',
              rule: 'secret-as-text',
              message,
              hint: 'Use the feature of that extension with a reference (`features: {tailscale: {authKey: {sops: …}}}`).',
              node: node.name,
              ...(where && { where }),
            } satisfies Finding,
          ];
        }),
      ),
  );
}
