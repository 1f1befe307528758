/** Where a command's words go: stdout is data, stderr is talk. */
import pc from 'picocolors';
import { hasColour, type IchorContext } from './context.ts';

export type Colours = ReturnType<typeof pc.createColors>;

/** Colours for what is written to stderr, plain text when nobody sees them. */
export function talkColours(context: IchorContext): Colours {
  return pc.createColors(hasColour(context, context.process.stderr));
}

/** Colours for what is written to stdout. */
export function dataColours(context: IchorContext): Colours {
  return pc.createColors(hasColour(context, context.process.stdout));
}

export function say(context: IchorContext, text: string): void {
  context.process.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
}

export function print(context: IchorContext, text: string): void {
  context.process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

/** One JSON document, with BigInt (etcd ids, byte sizes) as decimal strings. Every document carries its version `v`. */
export function printJson(context: IchorContext, value: object): void {
  context.process.stdout.write(`${JSON.stringify({ v: 1, ...value }, jsonValue, 2)}\n`);
}

export function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Map) return Object.fromEntries(value);
  return value;
}
