import { IchorError } from '../../errors.ts';
import { diffConfigs } from '../../lifecycle/config-diff.ts';
import { generateBundle } from '../../secrets/bundle.ts';
import type { Cluster } from '../../spec/model.ts';
import type { SecretsBundle } from '../../talos/secrets-bundle.ts';
import { loadFile } from '../cluster-file.ts';
import { sampleFeatures } from '../cluster/features.ts';
import { renderAll } from '../cluster/render.ts';
import type { IchorContext } from '../context.ts';
import { Exit } from '../failure.ts';
import { dataColours, print, printJson } from '../output.ts';
import type { DiffFlags } from './diff.ts';

type NodeDifference = ReturnType<typeof diffConfigs>[number] & { readonly node: string };

export async function runDiff(this: IchorContext, flags: DiffFlags, left: string, right: string): Promise<void> {
  const bundle = await generateBundle({
    talos: 'v1.13.0',
    random: this.random,
    now: new Date(),
    serviceAccountKey: 'ecdsa-p256',
  });
  const [before, after] = [await configsOf(this, left, bundle), await configsOf(this, right, bundle)];
  const only = { [left]: missingIn(before, after), [right]: missingIn(after, before) };
  const differences = [...before].flatMap(([node, config]): readonly NodeDifference[] => {
    const other = after.get(node);
    return other === undefined ? [] : diffConfigs(config, other).map((difference) => ({ node, ...difference }));
  });
  if (flags.output === 'json') printJson(this, { only, differences });
  else print(this, text({ differences, only }, dataColours(this)));
  if (differences.length > 0 || Object.values(only).some((names) => names.length > 0)) throw new Exit(2);
}

async function configsOf(
  context: IchorContext,
  file: string,
  bundle: SecretsBundle,
): Promise<ReadonlyMap<string, string>> {
  const { cluster, findings } = await loadFile(context, file);
  if (cluster === undefined) {
    const [first] = findings.filter(({ severity }) => severity === 'error');
    throw new IchorError('invalid-input', `${file} cannot be read: ${first?.message ?? 'it has errors'}`, {
      hint: `\`ichor check ${file}\` shows all of them.`,
    });
  }
  return rendered(context, cluster, bundle);
}

function rendered(context: IchorContext, cluster: Cluster, bundle: SecretsBundle): ReadonlyMap<string, string> {
  const all = renderAll(cluster, { bundle, features: sampleFeatures(context, cluster).features });
  return new Map([...all].map(([node, { config }]) => [node, config]));
}

function missingIn(some: ReadonlyMap<string, string>, others: ReadonlyMap<string, string>): readonly string[] {
  return [...some.keys()].filter((node) => !others.has(node));
}

interface Found {
  readonly differences: readonly NodeDifference[];
  readonly only: Readonly<Record<string, readonly string[]>>;
}

function text({ differences, only }: Found, colours: ReturnType<typeof dataColours>): string {
  const lines = Object.entries(only).flatMap(([file, nodes]) =>
    nodes.length === 0 ? [] : [`Only in ${file}: ${nodes.join(', ')}`],
  );
  let node = '';
  for (const difference of differences) {
    if (difference.node !== node) lines.push(`${colours.bold(difference.node)}:`);
    node = difference.node;
    const place = [difference.document, difference.path].filter((part) => part !== '').join(' ');
    const values = [
      difference.from === undefined ? '' : colours.red(`- ${difference.from}`),
      difference.to === undefined ? '' : colours.green(`+ ${difference.to}`),
    ];
    lines.push(
      `  ${place} ${difference.change}`,
      ...values.filter((value) => value !== '').map((value) => `    ${value}`),
    );
  }
  return lines.length === 0 ? 'The two come to the same machine configs.' : lines.join('\n');
}
