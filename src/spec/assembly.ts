/** What the assembly of the model works from: the checked document beside its tree, which knows the origins. */
import type { ReadFile } from './layers.ts';
import type { Origin } from './model.ts';
import type { DocumentInput } from './schema/document.ts';
import type { MapTree, Path } from './tree.ts';
import { keyWhereAt, treeAt } from './tree.ts';

export interface AssembleInput {
  readonly file: string;
  readonly document: DocumentInput;
  /** The resolved tree, for origins. */
  readonly tree: MapTree;
  readonly classes: ReadonlyMap<string, readonly string[]>;
  readonly readFile: ReadFile;
}

/** The origin of the value at a path of the resolved tree; a map is where its key stands. */
export function originAt(tree: MapTree, path: Path): Origin | undefined {
  const found = treeAt(tree, path);
  if (found === undefined) return undefined;
  const where = found.kind === 'scalar' ? found.origin.where : (keyWhereAt(tree, path) ?? found.origin.where);
  return { layer: found.origin.layer, ...(where && { where }) };
}

/** Versions carry their `v` everywhere inside. */
export function withV(version: string): string {
  return version.startsWith('v') ? version : `v${version}`;
}
