/**
 * The text of a talosconfig with one context, as `talosctl gen config` writes it.
 */
import type { TalosMinor } from '../documents/tables.ts';
import { writeAny } from '../values/write.ts';
import { readAny } from '../values/read-any.ts';
import { dialectOf } from '../yaml/dialect.ts';
import { emit } from '../yaml/emit.ts';
import type { Emittable } from '../yaml/emit.ts';
import { nodeOf } from '../yaml/node.ts';

/** PEM texts in base64, as they stand in the file. */
export interface ClientCertificate {
  readonly crt: string;
  readonly key: string;
}

export interface TalosconfigContext {
  readonly context: string;
  readonly endpoints: readonly string[];
  readonly nodes?: readonly string[];
  /** Base64 of the PEM text. */
  readonly ca: string;
  readonly certificate: ClientCertificate;
}

export function renderTalosconfig(
  { ca, certificate, context, endpoints, nodes }: TalosconfigContext,
  minor: TalosMinor,
): string {
  const body: readonly (readonly [string, unknown])[] = [
    ['endpoints', endpoints],
    ...(nodes === undefined || nodes.length === 0 ? [] : [['nodes', nodes] as const]),
    ['ca', ca],
    ['crt', certificate.crt],
    ['key', certificate.key],
  ];
  const root = ordered([
    ['context', text(context)],
    [
      'contexts',
      ordered([
        [context, ordered(body.map(([key, value]) => [key, writeAny(readAny(nodeOf(value), minor))] as const))],
      ]),
    ],
  ]);
  return emit(root, dialectOf(minor));
}

function text(value: string): Emittable {
  return { kind: 'str', text: value };
}

function ordered(entries: readonly (readonly [string, Emittable])[]): Emittable {
  return { kind: 'map', entries: entries.map(([key, value]) => [text(key), value] as const) };
}
