/**
 * One value of an encrypted file read or set, as `sops decrypt --extract` and `sops set` do it, with the rest of the file untouched.
 */
import { IchorError } from '../../errors.ts';
import type { Collection, Leaf } from './document.ts';
import { encryptLeaf, requireMatcher, resealSops, type MacLeaf, type OpenedSops, type SopsContext } from './file.ts';
import { plainScalar, type Splice } from './splice.ts';
import { valueOf, type SopsValue } from './value.ts';

/** The text of one value, found by its keys. Lists are addressed by none: their items share the keys of the list. */
export function readSopsValue(opened: OpenedSops, path: readonly string[]): string | undefined {
  const found = opened.values.filter(({ leaf, value }) => isSamePath(leaf.path, path) && value.type !== 'comment');
  const [first] = found;
  if (found.length !== 1 || first === undefined || first.value.type === 'null') return undefined;
  return first.value.type === 'bool' ? first.value.text.toLowerCase() : first.value.text;
}

/** Sets a scalar in place; a key that is not there yet is added at the end of its map, with the maps above it. */
export function setSopsValue(
  opened: OpenedSops,
  path: readonly string[],
  value: string | number | boolean | null,
  context: SopsContext,
): string {
  const [top] = path;
  if (top === undefined || top === 'sops')
    throw new IchorError('invalid-input', `${opened.file}: "${path.join('.')}" cannot be set`);
  const wanted = valueOf(value);
  const isEncrypted = requireMatcher(opened.metadata.rule, opened.file)(path);
  const at = opened.values.findIndex(({ leaf }) => isSamePath(leaf.path, path) && !leaf.isListItem);
  const leaf = opened.values[at]?.leaf;
  if (leaf === undefined) return insert(opened, path, { value: wanted, isEncrypted }, context);
  const text = written(opened, leaf, { value: wanted, isEncrypted }, context);
  const leaves: readonly MacLeaf[] = macLeaves(opened).toSpliced(at, 1, { value: wanted, isEncrypted });
  return resealSops(opened, [keepLineEnd(opened.text, { start: leaf.start, end: leaf.end, text })], leaves, context);
}

/** Every leaf as the MAC sees it; comments that stand as list items do not count. */
function macLeaves(opened: OpenedSops): MacLeaf[] {
  return opened.values.map(({ value, isEncrypted }) => ({
    value: value.type === 'comment' ? ({ type: 'null' } satisfies SopsValue) : value,
    isEncrypted,
  }));
}

function written(
  opened: OpenedSops,
  leaf: Pick<Leaf, 'path' | 'isFlow' | 'indent' | 'start' | 'end'>,
  wanted: MacLeaf,
  context: SopsContext,
): string {
  if (wanted.isEncrypted) return encryptLeaf(leaf, wanted.value, opened.dataKey, context.random).text;
  return plainScalar(wanted.value, { ...leaf, isFollowed: true });
}

function keepLineEnd(text: string, splice: Splice): Splice {
  return text.slice(splice.start, splice.end).endsWith('\n') ? { ...splice, text: `${splice.text}\n` } : splice;
}

function insert(opened: OpenedSops, path: readonly string[], wanted: MacLeaf, context: SopsContext): string {
  const { document, file, text } = opened;
  const parent = deepestMap(document.collections, path);
  const isTaken = document.collections.some((collection) =>
    isSamePath(collection.path, path.slice(0, parent.path.length + 1)),
  );
  if (isTaken || parent.isFlow) {
    throw new IchorError(
      'invalid-input',
      `${file}: ${path.join('.')} cannot be added: what stands there is a list, a map or in braces`,
      {
        hint: 'Change it with an editor: ichor secrets decrypt, then encrypt.',
      },
    );
  }
  const missing = path.slice(parent.path.length);
  const isRoot = parent.path.length === 0;
  const offset = isRoot ? (document.metadata?.start ?? text.length) : lineEndAfter(text, lastContent(opened, parent));
  const lines = missing.map((key, depth) => `${' '.repeat(parent.indent + 4 * depth)}${keyText(key)}:`);
  const leaf = { path, isFlow: false, indent: parent.indent, start: offset, end: offset };
  const splice = {
    start: offset,
    end: offset,
    text: `${lines.join('\n')} ${written(opened, leaf, wanted, context)}\n`,
  };
  // Leaves that begin before the new one go before it into the MAC.
  const before = document.leaves.filter((existing) => existing.start < offset).length;
  return resealSops(opened, [splice], macLeaves(opened).toSpliced(before, 0, wanted), context);
}

function deepestMap(collections: readonly Collection[], path: readonly string[]): Collection {
  const maps = collections.filter(
    ({ kind, path: own }) => kind === 'map' && own.length < path.length && isSamePath(own, path.slice(0, own.length)),
  );
  const deepest = maps.toSorted((a, b) => b.path.length - a.path.length)[0];
  if (deepest === undefined) throw new IchorError('internal', 'a SOPS document without a root');
  return deepest;
}

/** The end of a collection's last line, with the comments that belong to it; its range may reach further. */
function lastContent(opened: OpenedSops, collection: Collection): number {
  const inside = opened.document.leaves.filter((leaf) => leaf.start >= collection.start && leaf.start < collection.end);
  const last = inside.at(-1);
  if (last === undefined)
    throw new IchorError(
      'invalid-input',
      `${opened.file}: ${collection.path.join('.')} is empty; give it a value by hand first`,
    );
  const comments = opened.document.comments.filter(
    ({ path, start }) => start > last.end && isSamePath(path, collection.path),
  );
  return (comments.at(-1)?.end ?? last.end) - 1;
}

function lineEndAfter(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end + 1;
}

function keyText(key: string): string {
  return plainScalar({ type: 'str', text: key }, { isFlow: false, indent: 0 });
}

function isSamePath(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((key, index) => key === right[index]);
}
