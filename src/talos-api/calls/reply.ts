/**
 * How replies of the older services are shaped: a list with one element (more only for `nodes`, which is not used), which may carry
 * an error of its own (Copy on ≤1.13, elements of failed nodes). Also byte streams cut into lines.
 */
import type { Metadata } from '../../gen/proto/common/common_pb.ts';
import type { Caller, UnaryCall } from '../caller.ts';
import { quotable, TalosApiError } from '../errors.ts';

interface Element {
  readonly metadata?: Metadata | undefined;
}

/** A call whose reply is such a list: its one element. */
export async function ask<T extends Element>(
  caller: Caller,
  request: UnaryCall<{ readonly messages: readonly T[] }>,
): Promise<T> {
  return only(await caller.unary(request), request.call);
}

/** An element whose metadata holds no error. */
export function checked<T extends Element>(element: T, call: string): T {
  const error = element.metadata?.error ?? '';
  if (error !== '') throw new TalosApiError('failed', `${call}: ${quotable(error)}`);
  return element;
}

export interface DataMessage extends Element {
  readonly bytes: Uint8Array;
}

export async function* bytesOf(
  messages: AsyncIterable<DataMessage>,
  call: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const message of messages) {
    checked(message, call);
    if (message.bytes.length > 0) yield message.bytes;
  }
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return new Uint8Array(Buffer.concat(parts));
}

/** Messages hold at most 1024 bytes and end anywhere; a last line without newline counts. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

/** Sizes and counts of the wire that a double holds exactly; ids stay BigInt. */
export function toNumber(value: bigint): number {
  return Number(value);
}

function only<T extends Element>(reply: { readonly messages: readonly T[] }, call: string): T {
  const [element, ...more] = reply.messages;
  if (element === undefined || more.length > 0) {
    throw new TalosApiError('failed', `${call}: expected one answer, got ${reply.messages.length}`);
  }
  return checked(element, call);
}
