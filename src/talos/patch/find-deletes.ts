/**
 * Finds every `$patch: delete` in a patch document and takes it out of the tree: what is left is merged, what was found is
 * deleted (`configloader/internal/decoder/delete.go`).
 */
import { IchorError } from '../../errors.ts';
import { entryOf, followed } from '../yaml/node.ts';
import type { MapEntry, MapNode, SequenceNode, YamlNode } from '../yaml/node.ts';

/** What one `$patch: delete` means. */
export interface DeleteSelector {
  readonly kind: 'selector';
  /** Empty for a whole document. Places in lists are `[0]` and so on. */
  readonly path: readonly string[];
  readonly apiVersion: string;
  /** `v1alpha1` for the document without kind. */
  readonly documentKind: string;
  /** Empty when the patch names none. */
  readonly name: string;
  /** For an element of a list: the key and value by which it is found. */
  readonly key: string;
  readonly value: string;
}

export interface FoundDeletes {
  readonly selectors: readonly DeleteSelector[];
  /** Undefined when nothing is left of the document. */
  readonly rest: YamlNode | undefined;
}

export function findDeletes(document: YamlNode): FoundDeletes {
  if (!holdsDelete(document)) return { selectors: [], rest: isBare(document) ? undefined : document };
  const search = new Search(document);
  const rest = search.run();
  return { selectors: search.found, rest: rest === undefined || isBare(rest) ? undefined : rest };
}

class Search {
  readonly found: DeleteSelector[] = [];
  #root: YamlNode;

  constructor(document: YamlNode) {
    this.#root = document;
  }

  run(): YamlNode | undefined {
    return this.#visit(this.#root, [], false, (node) => {
      this.#root = node;
    });
  }

  /** Undefined when the node goes away. `replace` shows the tree so far to the search: selectors read their document from it. */
  #visit(
    node: YamlNode,
    path: readonly string[],
    isInList: boolean,
    replace: (node: YamlNode) => void,
  ): YamlNode | undefined {
    if (node.kind === 'map') return this.#visitMap(node, path, isInList, replace);
    return node.kind === 'seq' ? this.#visitList(node, path, replace) : node;
  }

  #visitMap(
    map: MapNode,
    path: readonly string[],
    isInList: boolean,
    replace: (node: YamlNode) => void,
  ): YamlNode | undefined {
    const entries = [...map.entries];
    const current = (): MapNode => ({ ...map, entries: [...entries] });
    for (let index = 0; index < entries.length; index += 1) {
      const entry = entries[index];
      if (entry === undefined) break;
      const key = keyText(entry);
      if (isDelete(key, entry.value)) {
        this.#select(current(), path, isInList);
        return undefined;
      }
      const inner = this.#visit(entry.value, [...path, key], false, (node) => {
        entries[index] = { key: entry.key, value: node };
        replace(current());
      });
      if (inner !== undefined) {
        entries[index] = { key: entry.key, value: inner };
        continue;
      }
      entries.splice(index, 1);
      replace(current());
      if (entries.length === 0) return undefined;
      index -= 1;
    }
    return current();
  }

  #visitList(list: SequenceNode, path: readonly string[], replace: (node: YamlNode) => void): YamlNode | undefined {
    const items = [...list.items];
    for (let index = 0; index < items.length; index += 1) {
      const item = items[index];
      if (item === undefined) break;
      const inner = this.#visit(item, [...path, `[${index}]`], true, (node) => {
        items[index] = node;
        replace({ ...list, items: [...items] });
      });
      if (inner !== undefined) {
        items[index] = inner;
        continue;
      }
      items.splice(index, 1);
      replace({ ...list, items: [...items] });
      if (items.length === 0) return undefined;
      index -= 1;
    }
    return { ...list, items };
  }

  #select(map: MapNode, path: readonly string[], isInList: boolean): void {
    if (isInList) {
      const first = map.entries.find((entry) => !isDelete(keyText(entry), entry.value));
      if (first === undefined) throw refused(`nothing says which element of ${path.join('.')} is to be deleted`);
      this.found.push(this.#selector(path, keyText(first), scalarText(first.value)));
      return;
    }
    if (path.some((step) => step.startsWith('[')))
      throw refused(`a key inside a list element cannot be deleted (${path.join('.')})`);
    this.found.push(this.#selector(path, '', ''));
  }

  #selector(path: readonly string[], key: string, value: string): DeleteSelector {
    const root = this.#root;
    if (root.kind !== 'map') throw refused('a document must be a map');
    const [apiVersion, kind] = [directText(root, 'apiVersion'), directText(root, 'kind')];
    if (path.length === 0 && (apiVersion === undefined || kind === undefined)) {
      throw refused(
        'the document that is to be deleted has no apiVersion or no kind; the document without kind cannot be deleted whole',
      );
    }
    const hasBoth = (apiVersion ?? '') !== '' && (kind ?? '') !== '';
    const hasNone = (apiVersion ?? '') === '' && (kind ?? '') === '';
    if (!hasBoth && !hasNone) throw refused('apiVersion and kind must both be set');
    return {
      kind: 'selector',
      path,
      apiVersion: apiVersion ?? '',
      documentKind: hasNone ? 'v1alpha1' : (kind ?? ''),
      name: directText(root, 'name') ?? '',
      key,
      value,
    };
  }
}

/** Where the search would look: not behind references. */
function holdsDelete(node: YamlNode): boolean {
  if (node.kind === 'seq') return node.items.some(holdsDelete);
  return (
    node.kind === 'map' &&
    node.entries.some((entry) => isDelete(keyText(entry), entry.value) || holdsDelete(entry.value))
  );
}

function isDelete(key: string, value: YamlNode): boolean {
  return key === '$patch' && value.kind === 'scalar' && value.text === 'delete';
}

function keyText({ key }: MapEntry): string {
  return key.kind === 'scalar' ? key.text : '';
}

function scalarText(node: YamlNode): string {
  return node.kind === 'scalar' ? node.text : '';
}

function directText(root: MapNode, key: string): string | undefined {
  const value = entryOf(root, key);
  return value === undefined ? undefined : scalarText(value);
}

/** Nothing but `version`, `kind` and `name`: there is nothing to merge. */
function isBare(node: YamlNode): boolean {
  const root = followed(node);
  if (root.kind !== 'map') return false;
  return root.entries.every(
    (entry) => entry.value.kind === 'scalar' && ['version', 'kind', 'name'].includes(keyText(entry)),
  );
}

function refused(why: string): IchorError {
  return new IchorError('invalid-input', `$patch: delete: ${why}`);
}
