/**
 * Which types can be merged without any effect when neither side holds a value: nearly all, so that a merge need not visit what nobody
 * set. A few cannot be merged at all, and are refused even then.
 */
import type { DocumentTable, TalosMinor, TypeRef, TypeShape } from '../documents/tables.ts';
import { shapeNamed } from '../values/read.ts';
import { isAtLeast } from '../yaml/dialect.ts';
import { isKeyedList } from './merge-lists.ts';

/** Answers are kept: a merge asks for the same few types over and over. */
export class QuietTypes {
  readonly #minor: TalosMinor;
  readonly #table: DocumentTable;
  readonly #known = new Map<string, boolean>();

  constructor(minor: TalosMinor, table: DocumentTable) {
    this.#minor = minor;
    this.#table = table;
  }

  isQuiet(type: TypeRef): boolean {
    if (type.kind !== 'named') return true;
    const known = this.#known.get(type.name);
    if (known !== undefined) return known;
    // A type that holds itself is as quiet as the rest of it.
    this.#known.set(type.name, true);
    const answer = this.#isQuietShape(type.name, shapeNamed(type.name, this.#table));
    this.#known.set(type.name, answer);
    return answer;
  }

  #isQuietShape(name: string, shape: TypeShape): boolean {
    if (isKeyedList(name) || shape.element !== undefined) return true;
    if (shape.ownFormat || shape.ownWrite) return !isRefused(name, shape, this.#minor);
    return shape.fields.every(({ type }) => this.isQuiet(type));
  }
}

/** What `mergeOwn` refuses whatever the sides hold. */
function isRefused(name: string, shape: TypeShape, minor: TalosMinor): boolean {
  switch (name.slice(name.indexOf('.') + 1)) {
    case 'InstallDiskSizeMatcher':
      return true;
    case 'Addr':
    case 'Prefix':
    case 'AddrPort':
      return !isAtLeast(minor, '1.14') && !shape.ownMerge;
    default:
      return false;
  }
}
