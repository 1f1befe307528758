/**
 * A YAML text read for its values with the place of each: what bundles, talosconfig, kubeconfig and SOPS files have in common.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import { IchorError, type SourcePosition } from '../errors.ts';

export interface YamlSource {
  readonly file: string;
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

/** One document; several, or a text that is not YAML, are errors that quote nothing of the text (it may hold secrets). */
export function readYaml(text: string, file: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, intAsBigInt: false });
  const [first] = document.errors;
  if (first !== undefined) {
    const { line, col } = lines.linePos(first.pos[0]);
    throw new IchorError(
      'invalid-input',
      `${file} is not YAML that can be read here: ${first.code.toLowerCase().replaceAll('_', ' ')}`,
      {
        where: { file, line, column: col },
        hint:
          first.code === 'MULTIPLE_DOCS'
            ? 'Give a file of one document.'
            : 'Look at the indentation and quotes around that place.',
      },
    );
  }
  return { file, document, lines };
}

/** Where a key path stands; the nearest parent that exists when it does not. */
export function positionOf(source: YamlSource, path: readonly (string | number)[]): SourcePosition {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = source.document.getIn(path.slice(0, length - 1), true);
    const found = isMap(parent) ? parent.items.find((pair) => keyText(pair.key) === path[length - 1]) : undefined;
    if (found !== undefined) return positionOfNode(source, found.key);
  }
  return { file: source.file, line: 1, column: 1 };
}

export function positionOfNode(source: YamlSource, node: unknown): SourcePosition {
  const offset = isMap(node) || isSeq(node) || isScalar(node) || isAlias(node) ? (rangeOf(node)?.[0] ?? 0) : 0;
  const { line, col } = source.lines.linePos(offset);
  return { file: source.file, line, column: col };
}

/** The text of a map's key, as YAML means it: `1:` is the key `1`. */
export function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function rangeOf(node: Node): readonly [number, number, number] | undefined {
  return node.range ?? undefined;
}
