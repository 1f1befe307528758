/** From a path in a document to the place in the text. */
import { followed } from '../yaml/node.ts';
import type { YamlNode } from '../yaml/node.ts';
import type { TextPosition } from './finding.ts';

/** The place of the value, or of the nearest thing above it that is there; undefined when nothing of it was read from a text. */
export function positionAt(root: YamlNode, path: readonly (string | number)[]): TextPosition | undefined {
  let current = root;
  let place = root.at;
  for (const step of path) {
    const next = childOf(current, step);
    if (next === undefined) break;
    current = next.value;
    // An empty value stands where its key is.
    place = current.at.line > 0 ? current.at : next.key.at;
  }
  return place.line > 0 ? { line: place.line, column: place.column } : undefined;
}

function childOf(
  node: YamlNode,
  step: string | number,
): { readonly key: YamlNode; readonly value: YamlNode } | undefined {
  const target = followed(node);
  if (typeof step === 'number') {
    const item = target.kind === 'seq' ? target.items[step] : undefined;
    return item === undefined ? undefined : { key: item, value: item };
  }
  return target.kind === 'map'
    ? target.entries.find(({ key }) => key.kind === 'scalar' && key.text === step)
    : undefined;
}
