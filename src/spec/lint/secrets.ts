/** Secrets must stand in the file as references (design §2); text that is one is an error, and is never shown. */
import type { Finding } from '../finding.ts';
import { isRecord } from '../patch-facts.ts';
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

/** Patches are Talos' own text, in which no reference can stand: a warning, that the file must not lie open. */
function checkPatches(cluster: LintedCluster): readonly Finding[] {
  return cluster.nodes.flatMap((node) =>
    cluster.patchesOf(node).documents.flatMap((document) =>
      secretsIn(document.value, []).map(({ name, path }) => {
        const where = document.place(path);
        const message = `\`${name}\` stands in a patch as text: in Git, and in every diff of it`;
        const hint =
          'A feature takes it as a reference; else keep the patch in a file of its own that is not committed.';
        return {
          severity: 'warning',
          rule: 'secret-in-patch',
          message,
          hint,
          node: node.name,
          ...(where && { where }),
        } satisfies Finding;
      }),
    ),
  );
}

interface PatchSecret {
  readonly name: string;
  readonly path: Path;
}

function secretsIn(value: unknown, path: Path): readonly PatchSecret[] {
  if (typeof value === 'string') {
    const match = path.includes('environment') ? SECRET_VARIABLE.exec(value) : null;
    return match?.[1] === undefined || isPlaceholder(match[2] ?? '') ? [] : [{ name: match[1], path }];
  }
  if (Array.isArray(value)) return value.flatMap((item, index) => secretsIn(item, [...path, index]));
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const here = [...path, key];
    const isSecret = typeof item === 'string' && item !== '' && SECRET_KEY.test(key) && !NOT_SECRET.test(key);
    return isSecret && !isPlaceholder(item) ? [{ name: key, path: here }] : secretsIn(item, here);
  });
}

function isPlaceholder(text: string): boolean {
  return /^\$\{.*\}$/.test(text);
}
