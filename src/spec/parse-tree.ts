/** Reading YAML into a tree: quickly where the text is as cluster files mostly are, else by the YAML library, with the same result. */
import { parseWithLibrary, type ParsedFile } from './library-tree.ts';
import type { Layer } from './model.ts';
import { quickTree } from './quick-tree.ts';

/** `outer` is the layer of what stands in the file outside of `classes` and `nodes`. */
export function parseTree(file: string, text: string, outer: Layer): ParsedFile {
  const tree = quickTree(file, text, outer);
  return tree === undefined ? parseWithLibrary(file, text, outer) : { tree, findings: [] };
}
