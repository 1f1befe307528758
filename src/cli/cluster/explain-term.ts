/** All that is known of a word: features, the catalogue, kinds and fields of Talos' documents, schematics. */
import type { FeatureDefinition, FeatureNode } from '../../catalog/features/feature.ts';
import { FEATURES, findFeature } from '../../catalog/features/features.ts';
import { explain } from '../../catalog/explain.ts';
import { extensionsOf } from '../../catalog/extensions/extensions.ts';
import { HARDWARE } from '../../catalog/hardware/hardware.ts';
import { KERNEL_ARGUMENTS } from '../../catalog/kernel-args/data.ts';
import { tagOf } from '../../catalog/version.ts';
import { explainSchematic, familiarSchematic } from '../../images/explain-schematic.ts';
import { createFactoryClient } from '../../images/factory/client.ts';
import type { ImagePart } from '../../images/image-request.ts';
import { PUBLIC_FACTORY } from '../../images/urls.ts';
import type { Cluster } from '../../spec/model.ts';
import { createSystemClock } from '../../system.ts';
import { fieldFacts } from '../../talos/documents/explain.ts';
import { documentTable } from '../../talos/documents/tables.ts';
import { isSchematicId, parseSchematic } from '../../talos/schematic/schematic.ts';
import { minorOf } from '../../talos/yaml/dialect.ts';
import { imageOf } from './render.ts';

export interface Answer {
  readonly kind: string;
  readonly title: string;
  readonly lines: readonly string[];
  readonly source?: string;
}

export interface TermQuestion {
  readonly talos: string;
  /** For schematics of its own nodes. */
  readonly cluster: Cluster | undefined;
  /** Asked for a schematic that is not known here; the public one by default. */
  readonly factory: string | undefined;
  readonly signal: AbortSignal;
}

/** Empty when nothing is known. */
export async function explainTerm(term: string, question: TermQuestion): Promise<readonly Answer[]> {
  if (isSchematicId(term)) return explainId(term, question);
  const list = listOf(term, question.talos);
  if (list !== undefined) return [list];
  const feature = findFeature(term);
  const known = explain(term, question.talos);
  const answers = [
    ...(feature.kind === 'exact' ? [featureAnswer(feature.definition, question.talos)] : []),
    ...known.flatMap((meaning): readonly Answer[] =>
      meaning.kind === 'unknown'
        ? []
        : [{ kind: meaning.kind.replace('-', ' '), title: term, lines: meaning.text, source: meaning.source }],
    ),
    ...documentAnswers(term, question.talos),
  ];
  if (answers.length > 0) return answers;
  const near = [
    ...(feature.kind === 'unknown' && feature.nearest !== undefined ? [feature.nearest] : []),
    ...known.flatMap((meaning) => (meaning.kind === 'unknown' ? meaning.nearest : [])),
  ];
  return near.length === 0
    ? []
    : [{ kind: 'unknown', title: term, lines: [`Nothing is known of it. Near it: ${[...new Set(near)].join(', ')}.`] }];
}

function listOf(term: string, talos: string): Answer | undefined {
  const rows = (entries: readonly (readonly [string, string])[]): readonly string[] => {
    const width = Math.max(...entries.map(([name]) => name.length));
    return entries.map(([name, what]) => `${name.padEnd(width)}  ${what}`);
  };
  switch (term) {
    case 'features':
      return { kind: 'list', title: term, lines: rows(FEATURES.map(({ name, title }) => [name, title])) };
    case 'hardware':
      return { kind: 'list', title: term, lines: rows(HARDWARE.map(({ name, title }) => [name, title])) };
    case 'extensions':
      return {
        kind: 'list',
        title: term,
        lines: rows(extensionsOf(talos).map(({ name, purpose }) => [name, purpose])),
      };
    case 'arguments':
      return { kind: 'list', title: term, lines: rows(KERNEL_ARGUMENTS.map(({ key, meaning }) => [key, meaning])) };
    default:
      return undefined;
  }
}

function featureAnswer(definition: FeatureDefinition, talos: string): Answer {
  const { title, options, image, checks, inCluster, notDone = [], removal, notes = [], source, name } = definition;
  const example = { options: {}, node: exampleNode(talos), cluster: EXAMPLE_CLUSTER };
  const { extensions = [], modules = [], sysctls = {} } = image?.(example) ?? {};
  const lines = [
    `${title}.`,
    ...(extensions.length === 0 ? [] : [`Extensions: ${extensions.join(', ')}.`]),
    ...(modules.length === 0 ? [] : [`Kernel modules: ${modules.map((module) => module.name).join(', ')}.`]),
    ...Object.entries(sysctls).map(([key, value]) => `Sysctl: ${key}=${value}.`),
    ...Object.entries(options).map(
      ([key, { kind, brief, isRequired, values }]) =>
        `Option ${key} (${isRequired === true ? 'needed, ' : ''}${values === undefined ? kind : values.join(' or ')}): ${brief}.`,
    ),
    ...checks.map((check) => `Check: ${check}.`),
    ...(inCluster === undefined ? [] : [`In the cluster, not installed by Ichor: ${inCluster}.`]),
    ...notDone.map((step) => `Not done by Ichor: ${step}.`),
    ...removal.map((step, index) => `To remove, ${index + 1}: ${step}`),
    ...notes,
  ];
  return { kind: 'feature', title: name, lines, source };
}

const EXAMPLE_CLUSTER = { name: 'cluster', pods: [], services: [], nodeCount: 1, featureNodeCount: 1 };

function exampleNode(talos: string): FeatureNode {
  return {
    name: 'node',
    role: 'worker',
    talos,
    platform: 'metal',
    arch: 'amd64',
    isVirtual: false,
    volumes: [],
    isPatched: () => false,
  };
}

/** `UserVolumeConfig`, `UserVolumeConfig.provisioning.maxSize`, `machine.install`. */
function documentAnswers(term: string, talos: string): readonly Answer[] {
  const minor = minorOf(talos);
  const [head = '', ...rest] = term.split('.');
  const table = documentTable(minor);
  if (rest.length === 0 && head !== 'machine' && head !== 'cluster') {
    const kind = table.kinds.get(head);
    const fields = kind === undefined ? undefined : table.types.get(kind.root)?.fields;
    if (kind === undefined || fields === undefined) return [];
    const lines = [
      `A document of Talos ${minor}${kind.named ? ', one for each name' : ''}.`,
      ...fields.map(({ key }) => `${key}: ${fieldFacts(head, [key], minor)?.type ?? 'anything'}`),
    ];
    return [{ kind: 'document', title: head, lines }];
  }
  const isKind = table.kinds.has(head);
  const facts = isKind ? fieldFacts(head, rest, minor) : fieldFacts('v1alpha1', [head, ...rest], minor);
  if (facts === undefined) return [];
  const lines = [
    `${facts.type}${facts.values.length === 0 ? '' : `: ${facts.values.join(', ')}`}.`,
    `In Talos ${facts.since}${facts.since === '1.11' ? ' or before' : ''} and later; patches: ${facts.merge}.`,
    ...(facts.keys.length === 0 ? [] : [`Keys: ${facts.keys.join(', ')}.`]),
  ];
  return [{ kind: 'field', title: term, lines }];
}

async function explainId(id: string, { talos, cluster, factory, signal }: TermQuestion): Promise<readonly Answer[]> {
  const own = cluster === undefined ? undefined : explainOwn(id, cluster);
  if (own !== undefined) return [own];
  const familiar = familiarSchematic(id);
  const base = factory ?? PUBLIC_FACTORY;
  const text =
    familiar === undefined
      ? await createFactoryClient({ base, fetch, clock: createSystemClock() }).read(id, signal)
      : undefined;
  const schematic = familiar ?? (text === undefined ? undefined : parseSchematic(text));
  if (schematic === undefined) return [{ kind: 'schematic', title: id, lines: [`${base} does not know it.`] }];
  const parts = explainSchematic(schematic, tagOf(talos));
  return [
    {
      kind: 'schematic',
      title: id,
      lines: parts.length === 0 ? ['Plain Talos: no extensions, no arguments.'] : parts.map(partText),
      ...(familiar === undefined ? { source: `${base}/schematics/${id}` } : {}),
    },
  ];
}

function explainOwn(id: string, cluster: Cluster): Answer | undefined {
  const images = cluster.nodes
    .map((node) => ({ node, image: imageOf(cluster, node) }))
    .filter(({ image }) => image.schematicId === id || image.schematicIdOlder === id);
  const [first] = images;
  if (first === undefined) return undefined;
  const lines = [`Of ${images.map(({ node }) => node.name).join(', ')}.`, ...first.image.explain.map(partText)];
  return { kind: 'schematic', title: id, lines };
}

export function partText({ kind, text, because, purpose }: ImagePart): string {
  return `${kind.replace('-', ' ')} ${text}: ${purpose || 'no description'} (${because})`;
}
