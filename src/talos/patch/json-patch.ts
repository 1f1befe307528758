/**
 * RFC 6902 patches as Talos applies them (`evanphx/json-patch`): `replace` of a missing key sets it, negative places count from
 * the end.
 */
import { IchorError } from '../../errors.ts';
import type { JsonArray, JsonObject, JsonValue } from './json-value.ts';

export interface JsonOperation {
  readonly op: string;
  /** Undefined when absent or no text. */
  readonly path: string | undefined;
  readonly from: string | undefined;
  readonly value: JsonValue;
  /** Absent, or null in JSON: such a value passes a `test` of something that is not there. */
  readonly isNil: boolean;
}

/** The document after all operations, or an error: nothing is applied by halves. */
export function applyJsonPatch(document: JsonValue, operations: readonly JsonOperation[]): JsonValue {
  let current = document;
  if (!isContainer(current)) throw failed('the document is neither a map nor a list');
  for (const operation of operations) {
    if (!isContainer(current)) throw failed('the document is neither a map nor a list');
    current = applyOne(current, operation);
  }
  return current;
}

type Container = JsonObject | JsonArray;

function applyOne(document: Container, operation: JsonOperation): JsonValue {
  switch (operation.op) {
    case 'add':
      return change(document, pathOf(operation), (parent, key) => added(parent, key, operation.value));
    case 'remove':
      return change(document, pathOf(operation), removed);
    case 'replace':
      return replaced(document, operation);
    case 'move':
      return moved(document, operation);
    case 'copy':
      return change(document, pathOf(operation), (parent, key) =>
        added(parent, key, valueAt(document, fromOf(operation)) ?? null),
      );
    case 'test':
      return tested(document, operation);
    default:
      throw failed(`there is no operation ${JSON.stringify(operation.op)}`);
  }
}

function replaced(document: Container, operation: JsonOperation): JsonValue {
  const path = pathOf(operation);
  if (path === '') {
    if (!isContainer(operation.value)) throw failed('only a map or a list can replace the whole document');
    return operation.value;
  }
  return change(document, path, (parent, key) => {
    if (parent.kind === 'array') elementAt(parent, key);
    return put(parent, key, operation.value);
  });
}

function moved(document: Container, operation: JsonOperation): JsonValue {
  const from = fromOf(operation);
  const value = valueAt(document, from) ?? null;
  const without = change(document, from, removed);
  return change(without, pathOf(operation), (parent, key) => added(parent, key, value));
}

function tested(document: Container, operation: JsonOperation): JsonValue {
  const path = pathOf(operation);
  if (path === '') {
    if (isEqual(document, operation.value)) return document;
    throw failed('the test of the whole document failed');
  }
  const value = valueAt(document, path);
  const isNothing = value === undefined || value === null;
  if (isNothing ? operation.isNil : !operation.isNil && isEqual(value, operation.value)) return document;
  throw failed(`the test of ${path} failed`);
}

/** Changes the container that the last step of the path stands in. */
function change(document: JsonValue, path: string, edit: (parent: Container, key: string) => Container): Container {
  const steps = stepsOf(path);
  const last = steps.pop();
  if (last === undefined || !isContainer(document))
    throw failed(`there is no ${path === '' ? 'place to change' : path}`);
  return changeAt(document, steps, { path, edit: (parent) => edit(parent, last) });
}

interface Edit {
  readonly path: string;
  readonly edit: (parent: Container) => Container;
}

function changeAt(parent: Container, steps: readonly string[], edit: Edit): Container {
  const [step, ...rest] = steps;
  if (step === undefined) return edit.edit(parent);
  const inner = child(parent, step);
  if (!isContainer(inner)) throw failed(`the document has no ${edit.path}`);
  return put(parent, step, changeAt(inner, rest, edit));
}

function valueAt(document: Container, path: string): JsonValue | undefined {
  const steps = stepsOf(path);
  const last = steps.pop();
  if (last === undefined) throw failed(`there is no place ${JSON.stringify(path)}`);
  let parent = document;
  for (const step of steps) {
    const inner = child(parent, step);
    if (!isContainer(inner)) throw failed(`the document has no ${path}`);
    parent = inner;
  }
  return parent.kind === 'array' ? elementAt(parent, last) : parent.entries.get(last);
}

function stepsOf(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Undefined on the way when there is nothing or a place does not exist. */
function child(parent: Container, step: string): JsonValue | undefined {
  if (parent.kind === 'object') return parent.entries.get(step);
  const index = indexOf(step);
  return index === undefined ? undefined : parent.items.at(index);
}

function elementAt(parent: JsonArray, key: string): JsonValue {
  const index = indexOf(key);
  const item =
    index === undefined || index >= parent.items.length || index < -parent.items.length
      ? undefined
      : parent.items.at(index);
  if (item === undefined) throw failed(`the list has no place ${key}`);
  return item;
}

function added(parent: Container, key: string, value: JsonValue): Container {
  if (parent.kind === 'object') return put(parent, key, value);
  if (key === '-') return { kind: 'array', items: [...parent.items, value] };
  const size = parent.items.length + 1;
  const index = indexOf(key);
  if (index === undefined || index >= size || index < -size) throw failed(`the list has no place ${key}`);
  return { kind: 'array', items: parent.items.toSpliced(index < 0 ? index + size : index, 0, value) };
}

function removed(parent: Container, key: string): Container {
  if (parent.kind === 'array') {
    elementAt(parent, key);
    const index = indexOf(key) ?? 0;
    return { kind: 'array', items: parent.items.toSpliced(index, 1) };
  }
  if (!parent.entries.has(key)) throw failed(`there is no key ${JSON.stringify(key)} to remove`);
  const entries = new Map(parent.entries);
  entries.delete(key);
  return { kind: 'object', entries };
}

function put(parent: Container, key: string, value: JsonValue): Container {
  if (parent.kind === 'object') return { kind: 'object', entries: new Map(parent.entries).set(key, value) };
  const index = indexOf(key) ?? 0;
  return { kind: 'array', items: parent.items.with(index, value) };
}

function indexOf(step: string): number | undefined {
  return /^[-+]?[0-9]+$/.test(step) ? Number(step) : undefined;
}

function isContainer(value: JsonValue | undefined): value is Container {
  return typeof value === 'object' && value !== null && value.kind !== 'number';
}

function isEqual(left: JsonValue, right: JsonValue): boolean {
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return left === right;
  if (left.kind === 'number') return right.kind === 'number' && left.text === right.text;
  if (left.kind === 'array') {
    return (
      right.kind === 'array' &&
      left.items.length === right.items.length &&
      left.items.every((item, index) => isEqual(item, right.items[index] ?? null))
    );
  }
  if (right.kind !== 'object' || left.entries.size !== right.entries.size) return false;
  return [...left.entries].every(
    ([key, value]) => right.entries.has(key) && isEqual(value, right.entries.get(key) ?? null),
  );
}

function pathOf({ op, path }: JsonOperation): string {
  if (path === undefined) throw failed(`the operation ${op} has no path`);
  return path;
}

function fromOf({ op, from }: JsonOperation): string {
  if (from === undefined) throw failed(`the operation ${op} has no from`);
  return from;
}

function failed(why: string): IchorError {
  return new IchorError('invalid-input', `JSON patch: ${why}`);
}
