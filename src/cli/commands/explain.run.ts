import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { IchorError } from '../../errors.ts';
import { layerText } from '../../render/annotate.ts';
import { explainPath, type DocumentName, type PathExplanation } from '../../render/provenance.ts';
import { generateBundle } from '../../secrets/bundle.ts';
import { createRedactor, secretValuesOf } from '../../secrets/redact.ts';
import { fieldFacts, type FieldFacts } from '../../talos/documents/explain.ts';
import { minorOf } from '../../talos/yaml/dialect.ts';
import type { IchorContext } from '../context.ts';
import { DEFAULT_FILE } from '../default-file.ts';
import { loadFile, requireCluster, selectNodes } from '../cluster-file.ts';
import { sampleFeatures } from '../cluster/features.ts';
import { renderInput } from '../cluster/render.ts';
import { explainTerm } from '../cluster/explain-term.ts';
import { dataColours, jsonValue, print, printJson, type Colours } from '../output.ts';
import type { ExplainFlags } from './explain.ts';

/** Known exactly, when neither a file nor a flag says which. */
const DEFAULT_TALOS = 'v1.13.9';

export async function runExplain(this: IchorContext, flags: ExplainFlags, term: string, path?: string): Promise<void> {
  if (path !== undefined) return explainValue(this, flags, { name: term, path });
  const hasFile = flags.file !== undefined || existsSync(resolve(this.cwd, DEFAULT_FILE));
  const cluster = hasFile ? (await loadFile(this, flags.file)).cluster : undefined;
  const answers = await explainTerm(term, {
    talos: flags.talos ?? cluster?.talos ?? DEFAULT_TALOS,
    cluster,
    factory: flags.factory,
    signal: this.signal,
  });
  if (answers.length === 0) {
    const nodes = cluster?.nodes.map(({ name }) => name) ?? [];
    throw new IchorError('not-found', `nothing is known of ${JSON.stringify(term)}`, {
      hint: nodes.includes(term)
        ? `It is a node: \`ichor explain ${term} PATH\` says where a value of its config comes from.`
        : '`ichor explain features`, hardware, extensions and arguments list what is known.',
    });
  }
  if (flags.output === 'json') return printJson(this, { term, answers });
  const colours = dataColours(this);
  print(
    this,
    answers
      .map(({ kind, title, lines, source }) =>
        [
          colours.bold(`${title} (${kind})`),
          ...lines.map((line) => `  ${line}`),
          ...(source === undefined ? [] : [colours.dim(`  ${source}`)]),
        ].join('\n'),
      )
      .join('\n\n'),
  );
}

/** No secret is opened for it: those of the cluster are replaced by ones that are made up, and are not shown. */
async function explainValue(
  context: IchorContext,
  flags: ExplainFlags,
  { name, path }: { readonly name: string; readonly path: string },
): Promise<void> {
  const cluster = await requireCluster(context, flags.file);
  const [node] = selectNodes(cluster, [name]);
  if (node === undefined) return;
  const bundle = await generateBundle({
    talos: node.talos,
    now: new Date(),
    random: context.random,
    serviceAccountKey: 'ecdsa-p256',
  });
  const { features } = sampleFeatures(context, cluster);
  const explained = explainPath(renderInput(cluster, node, { bundle, features }), path);
  const facts = fieldFacts(explained.document.kind, explained.path, minorOf(node.talos));
  const redactor = createRedactor(secretValuesOf(bundle));
  const trace = explained.trace.map(({ layer, value }) => ({
    layer,
    text: layerText(layer),
    value: value === undefined ? undefined : redactor.redact(JSON.stringify(value, jsonValue)),
  }));
  if (flags.output === 'json') {
    printJson(context, { node: name, document: explained.document, path: explained.path, field: facts, trace });
    return;
  }
  print(context, renderTrace(explained, { trace, facts, colours: dataColours(context) }));
}

interface TraceView {
  readonly trace: readonly { readonly text: string; readonly value: string | undefined }[];
  readonly facts: FieldFacts | undefined;
  readonly colours: Colours;
}

function renderTrace({ document, path }: PathExplanation, { trace, facts, colours }: TraceView): string {
  const last = trace.at(-1);
  const lines = [colours.bold(`${documentText(document)} ${pathText(path)}`)];
  lines.push(`  value: ${last?.value ?? '(none)'}`);
  lines.push(`  set by: ${last?.text ?? 'nobody'}`);
  for (const { text, value } of trace.slice(0, -1).toReversed())
    lines.push(`  before that: ${value ?? '(removed)'}, by ${text}`);
  if (facts !== undefined) {
    const values = facts.values.length === 0 ? '' : `: ${facts.values.join(', ')}`;
    lines.push(
      `  field: ${facts.type}${values}; a patch ${MERGE_WORDS[facts.merge]}; in Talos ${facts.since}${facts.since === '1.11' ? ' or before' : ''} and later`,
    );
    if (facts.keys.length > 0) lines.push(`  keys: ${facts.keys.join(', ')}`);
  }
  return lines.join('\n');
}

const MERGE_WORDS = {
  replace: 'replaces it',
  append: 'appends to it',
  'by key': 'merges its entries by their key',
  'own rule': 'merges it by a rule of its own',
  'field by field': 'merges it field by field',
} as const;

function documentText({ kind, name }: DocumentName): string {
  return name === undefined ? kind : `${kind}/${name}`;
}

function pathText(path: readonly (string | number)[]): string {
  return path.map((key, index) => (typeof key === 'number' ? `[${key}]` : index === 0 ? key : `.${key}`)).join('');
}
