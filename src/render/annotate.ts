/** A rendered config with a comment beside each value that another layer than Talos' own default has set. */
import { isCollection, isMap, isPair, isScalar, LineCounter, parseAllDocuments } from 'yaml';
import { setterOf, type ConfigLayer, type DocumentName, type Replay } from './provenance.ts';

/** Comments only: the text means the same. */
export function annotate(config: string, replayed: Replay): string {
  const counter = new LineCounter();
  const documents = parseAllDocuments(config, { lineCounter: counter, keepSourceTokens: false });
  const comments = new Map<number, string>();
  for (const document of 'empty' in documents ? [] : documents) {
    const name = nameOf(document);
    for (const { path, offset } of leavesOf(document.contents, [])) {
      const layer = setterOf(replayed, name, path);
      if (layer !== undefined && layer.kind !== 'talos') comments.set(counter.linePos(offset).line, layerText(layer));
    }
  }
  return config
    .split('\n')
    .map((line, index) => {
      const comment = comments.get(index + 1);
      return comment === undefined ? line : `${line} # ${comment}`;
    })
    .join('\n');
}

/** `class gpu (cluster.yaml:12)`. */
export function layerText(layer: ConfigLayer): string {
  switch (layer.kind) {
    case 'talos':
      return `Talos ${layer.talos}`;
    case 'spec': {
      const { origin } = layer;
      const place = origin?.where === undefined ? 'default' : `${origin.where.file}:${origin.where.line}`;
      return `${layer.key} (${place})`;
    }
    case 'patch': {
      const { layer: owner, where } = layer.origin;
      const who = owner.kind === 'class' || owner.kind === 'node' ? `${owner.kind} ${owner.name}` : owner.kind;
      return `patch of ${who}${where === undefined ? '' : ` (${where.file}:${where.line})`}`;
    }
  }
}

interface Leaf {
  readonly path: readonly (string | number)[];
  /** Of the line that takes the comment: for a block of text that of its key. */
  readonly offset: number;
}

function leavesOf(node: unknown, path: readonly (string | number)[]): readonly Leaf[] {
  if (!isCollection(node)) return [];
  return node.items.flatMap((item: unknown, index) => {
    const isEntry = isPair(item);
    const value: unknown = isEntry ? item.value : item;
    const here = [...path, isMap(node) && isEntry ? String(isScalar(item.key) ? item.key.value : item.key) : index];
    if (isCollection(value) && value.items.length > 0) return leavesOf(value, here);
    const start = offsetOf(isEntry ? item.key : value);
    return start === undefined ? [] : [{ path: here, offset: start }];
  });
}

function offsetOf(node: unknown): number | undefined {
  return isScalar(node) || isCollection(node) ? node.range?.[0] : undefined;
}

function nameOf(document: { get(key: string): unknown }): DocumentName {
  const kind = document.get('kind');
  const name = document.get('name');
  if (typeof kind !== 'string') return { kind: 'v1alpha1' };
  return { kind, ...(typeof name === 'string' ? { name } : {}) };
}
