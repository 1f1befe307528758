/**
 * Configuration values as Talos holds them after a typed read: what is nil, what is empty and what is merely unset stay
 * apart, because merging and writing treat them differently. Values are never changed in place.
 */

/** `null` is Go's nil: of a pointer, list, map or free-form value. A field that a struct does not hold has its type's zero value. */
export type GoValue =
  | null
  | string
  | boolean
  | bigint
  | GoFloat
  | GoTime
  | GoList
  | GoMap
  | GoGeneralMap
  | GoStruct
  | GoUrl
  | GoSize;

export interface GoFloat {
  readonly kind: 'float';
  readonly value: number;
}

/** Only free-form data holds moments; `text` is as Go prints them. */
export interface GoTime {
  readonly kind: 'time';
  readonly text: string;
}

export interface GoList {
  readonly kind: 'list';
  readonly items: readonly GoValue[];
}

export interface GoMap {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, GoValue>;
}

/** A free-form map with keys that are not all strings: another Go type, which does not merge with the usual one. */
export interface GoGeneralMap {
  readonly kind: 'general-map';
  readonly entries: readonly (readonly [key: GoValue, value: GoValue])[];
}

export interface GoStruct {
  readonly kind: 'struct';
  readonly fields: ReadonlyMap<string, GoValue>;
  /** Fields that this Talos does not know, carried along untouched; only when read so. */
  readonly unknown?: ReadonlyMap<string, GoValue>;
}

/** The parts in which Go holds and merges a URL, by the names of its `net/url`. */
export interface GoUrl {
  readonly kind: 'url';
  readonly scheme: string;
  readonly opaque: string;
  /** `name:password` as written; a value of its own because it cannot be merged. */
  readonly user: string | null;
  readonly host: string;
  readonly path: string;
  readonly rawPath: string;
  readonly forceQuery: boolean;
  readonly rawQuery: string;
  readonly fragment: string;
  readonly rawFragment: string;
}

/** `maxSize` from 1.12 on: bytes and percentage stand side by side, bytes win when written. */
export interface GoSize {
  readonly kind: 'size';
  readonly bytes: string | null;
  readonly percentage: string | null;
}

export const EMPTY_STRUCT: GoStruct = { kind: 'struct', fields: new Map() };

export function isStruct(value: GoValue | undefined): value is GoStruct {
  return typeof value === 'object' && value?.kind === 'struct';
}

export function isList(value: GoValue | undefined): value is GoList {
  return typeof value === 'object' && value?.kind === 'list';
}

export function isMap(value: GoValue | undefined): value is GoMap {
  return typeof value === 'object' && value?.kind === 'map';
}
