/**
 * What a typed reader of one COSI kind consists of, and how one, all, or the changes of a kind are read. Specs come from outside:
 * each passes its schema here, once; fields that are not read may be anything.
 */
import { z } from 'zod';
import { messageOf } from '../../errors.ts';
import { TalosApiError } from '../errors.ts';
import type { CallOptions, ResourceCalls } from '../port.ts';
import { describeResource, type Resource, type ResourceMetadata } from '../resource.ts';

export interface ResourceKind<T> {
  readonly namespace: string;
  readonly type: string;
  /** The only id there is, where there is only one. */
  readonly id?: string;
  decode(resource: Resource): T;
}

export type Watched<T> =
  | { readonly kind: 'present'; readonly id: string; readonly value: T }
  | { readonly kind: 'gone'; readonly id: string }
  | { readonly kind: 'bootstrapped' };

export function defineKind<S extends z.ZodType, T>(options: {
  readonly namespace: string;
  readonly type: string;
  readonly id?: string;
  readonly schema: S;
  map(spec: z.output<S>, metadata: ResourceMetadata): T;
}): ResourceKind<T> {
  const { namespace, type, id, schema, map } = options;
  return {
    namespace,
    type,
    ...(id === undefined ? {} : { id }),
    decode({ metadata, spec }) {
      const parsed = schema.safeParse(spec);
      if (parsed.success) return map(parsed.data, metadata);
      throw new TalosApiError(
        'failed',
        `${describeResource(metadata)} has another form than Talos 1.11–1.14 give it: ${messageOf(z.prettifyError(parsed.error))}`,
      );
    },
  };
}

/** The resource of the kind's only id, or of the given one; undefined when it does not exist. */
export async function readOne<T>(
  session: ResourceCalls,
  kind: ResourceKind<T>,
  id?: string,
  options?: CallOptions,
): Promise<T | undefined> {
  const { namespace, type } = kind;
  const wanted = id ?? kind.id;
  if (wanted === undefined) throw new TalosApiError('invalid-argument', `${type} has many: an id is needed`);
  const resource = await session.getResource({ namespace, type, id: wanted }, options);
  return resource === undefined ? undefined : kind.decode(resource);
}

export async function readAll<T>(
  session: ResourceCalls,
  kind: ResourceKind<T>,
  options?: CallOptions,
): Promise<readonly T[]> {
  const { namespace, type } = kind;
  const resources = await session.listResources({ namespace, type }, options);
  return resources.map((resource) => kind.decode(resource));
}

/** Follows one id (the kind's only one by itself) or all of a kind; the present state comes first. */
export async function* watch<T>(
  session: ResourceCalls,
  kind: ResourceKind<T>,
  id?: string,
  options?: CallOptions,
): AsyncGenerator<Watched<T>, void, undefined> {
  const { namespace, type } = kind;
  const wanted = id ?? kind.id;
  const query = wanted === undefined ? { namespace, type } : { namespace, type, id: wanted };
  for await (const event of session.watchResources(query, options)) {
    switch (event.kind) {
      case 'created':
      case 'updated':
        yield { kind: 'present', id: event.resource.metadata.id, value: kind.decode(event.resource) };
        break;
      case 'destroyed':
        yield { kind: 'gone', id: event.id };
        break;
      case 'bootstrapped':
        yield { kind: 'bootstrapped' };
        break;
    }
  }
}

/** Go leaves out or nulls what is empty. A number where a string belongs is text that happens to look like one. */
export const text: z.ZodType<string> = z
  .union([z.string(), z.number(), z.boolean()])
  .nullish()
  .transform((value) => String(value ?? ''));

/** A Go enum whose first value is left out of the YAML (`omitempty`). */
export function word(first: string): z.ZodType<string> {
  return text.transform((value) => (value === '' ? first : value));
}

export const texts: z.ZodType<readonly string[]> = z
  .array(text)
  .nullish()
  .transform((value) => value ?? []);

export const count: z.ZodType<number> = z
  .number()
  .nullish()
  .transform((value) => value ?? 0);

export const flag: z.ZodType<boolean> = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);

export const textMap: z.ZodType<Readonly<Record<string, string>>> = z
  .record(z.string(), text)
  .nullish()
  .transform((value) => value ?? {});
