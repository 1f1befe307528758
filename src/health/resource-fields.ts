/** Fields of a COSI resource's spec, whose shape is Talos' and may be newer than this code. */

export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Empty text counts as absent: Talos omits empty fields or prints them empty, by version. */
export function textField(fields: Fields, key: string): string | undefined {
  const value = fields[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function numberField(fields: Fields, key: string): number | undefined {
  const value = fields[key];
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'number' ? value : undefined;
}

export function listField(fields: Fields, key: string): readonly unknown[] {
  const value = fields[key];
  return Array.isArray(value) ? value : [];
}

/** `{key: text}` when there is one: for building objects under exactOptionalPropertyTypes. */
export function optional<K extends string>(key: K, value: string | undefined): { readonly [P in K]?: string } {
  const result: { [P in K]?: string } = {};
  if (value !== undefined) result[key] = value;
  return result;
}
