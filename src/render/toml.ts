/** As much of TOML as containerd's configuration needs: nested tables of texts, numbers, booleans and lists of texts. */
import { IchorError } from '../errors.ts';

export type Tables = Readonly<Record<string, unknown>>;

/** Tables merge; two different values for one key are a conflict. */
export function mergeTables(left: Tables, right: Tables, onConflict: (path: string) => void, path = ''): Tables {
  const merged: Record<string, unknown> = { ...left };
  for (const [key, value] of Object.entries(right)) {
    const there = merged[key];
    const here = path === '' ? key : `${path}.${key}`;
    if (isTable(there) && isTable(value)) merged[key] = mergeTables(there, value, onConflict, here);
    else if (there !== undefined && JSON.stringify(there) !== JSON.stringify(value)) onConflict(here);
    else merged[key] = value;
  }
  return merged;
}

/** A table header for every table that has values of its own, in order. */
export function renderToml(tables: Tables): string {
  return blocks(tables, []).join('\n');
}

function blocks(table: Tables, path: readonly string[]): readonly string[] {
  const entries = Object.entries(table);
  const values = entries.filter(([, value]) => !isTable(value));
  const lines = values.map(([key, value]) => `${keyText(key)} = ${valueText(value)}\n`);
  const header = path.length === 0 ? '' : `[${path.map(keyText).join('.')}]\n`;
  const own = lines.length === 0 ? [] : [`${header}${lines.join('')}`];
  return [...own, ...entries.flatMap(([key, value]) => (isTable(value) ? blocks(value, [...path, key]) : []))];
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return String(value);
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`;
  throw new IchorError('internal', `TOML has no form for ${typeof value}`);
}

function keyText(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
}

function isTable(value: unknown): value is Tables {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
