/**
 * The JSON Schema of the cluster file, for editors: made out of the schema that the loader checks with, plus what layers add to it
 * (`key+` appends to an inherited list, `null` removes).
 */
import { z } from 'zod';
import { HARDWARE } from '../catalog/hardware/hardware.ts';
import { SCHEMA_URL } from './schema-url.ts';
import { documentSchema } from './schema/document.ts';

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = Readonly<Record<string, Json>>;

/** Draft 7: what the YAML language server of editors knows best. */
export function clusterJsonSchema(): JsonObject {
  const generated: unknown = z.toJSONSchema(documentSchema, { target: 'draft-7', io: 'input', unrepresentable: 'any' });
  const schema = layered(asJson(generated));
  if (!isObject(schema)) return {};
  // A base file may bring everything but the format.
  return { ...schema, $id: SCHEMA_URL, required: ['ichor'] };
}

/** The text of `schema/cluster.schema.json`. */
export function clusterJsonSchemaText(): string {
  return `${JSON.stringify(clusterJsonSchema(), null, 2)}\n`;
}

/** In every object with known keys: lists get their `key+`, and keys that need not be there may be `null`. */
function layered(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(layered);
  if (!isObject(schema)) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, layered(value)]));
  const { properties, required } = inner;
  if (!isObject(properties)) return inner;
  const needed = Array.isArray(required) ? required : [];
  const extended: Record<string, Json> = {};
  for (const [key, value] of Object.entries(properties)) {
    const known = key === 'hardware' ? fromCatalogue(value) : value;
    extended[key] = needed.includes(key) ? known : nullable(known);
    if (!needed.includes(key) && key !== 'extends' && isList(value))
      extended[`${key}+`] = { ...(isObject(known) ? known : {}), description: `Appends to the inherited \`${key}\`.` };
  }
  return { ...inner, properties: extended };
}

function nullable(schema: Json): Json {
  if (!isObject(schema)) return schema;
  const { description, anyOf, ...rest } = schema;
  const said = description === undefined ? {} : { description };
  if (typeof schema['type'] === 'string' && schema['enum'] === undefined && schema['const'] === undefined)
    return { ...schema, type: [schema['type'], 'null'] };
  const branches =
    Array.isArray(anyOf) && Object.keys(rest).length === 0 ? anyOf : [anyOf === undefined ? rest : { ...rest, anyOf }];
  return { ...said, anyOf: [...branches, { type: 'null' }] };
}

/** Completion for the one list whose words the catalogue owns. */
function fromCatalogue(schema: Json): Json {
  return isObject(schema) ? { ...schema, items: { type: 'string', enum: HARDWARE.map(({ name }) => name) } } : schema;
}

function isList(schema: Json): boolean {
  if (!isObject(schema)) return false;
  const { anyOf } = schema;
  return (
    schema['type'] === 'array' ||
    (Array.isArray(anyOf) && anyOf.some((branch) => isObject(branch) && branch['type'] === 'array'))
  );
}

function asJson(value: unknown): Json {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  if (Array.isArray(value)) return value.map(asJson);
  if (typeof value !== 'object') return null;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, asJson(item)]),
  );
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
