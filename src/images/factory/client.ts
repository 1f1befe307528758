/** The HTTP API of an Image Factory (image-factory `docs/api.md`), over an injected fetch. */
import { z } from 'zod';
import { tagOf } from '../../catalog/version.ts';
import { IchorError, messageOf } from '../../errors.ts';
import { withDeadline } from '../../system.ts';
import type { Clock } from '../../system.ts';
import { schematicId } from '../../talos/schematic/schematic.ts';
import type { Schematic } from '../../talos/schematic/schematic.ts';
import { answerError, request, transportError } from '../http.ts';
import type { Fetch } from '../http.ts';
import type { ImageFactory, OfficialExtension, OfficialOverlay, SubmittedSchematic } from './port.ts';

export interface FactoryClientOptions {
  readonly base: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** For one answer; 30 seconds by default. Downloads have their own. */
  readonly timeoutMs?: number;
}

const submitted = z.object({ id: z.string().regex(/^[0-9a-f]{64}$/) });
const versionList = z.array(z.string());
const extensionList = z.array(
  z.object({
    name: z.string(),
    ref: z.string(),
    digest: z.string(),
    author: z.string().optional(),
    description: z.string().optional(),
  }),
);
const overlayList = z.array(z.object({ name: z.string(), image: z.string(), ref: z.string(), digest: z.string() }));

export function createFactoryClient(options: FactoryClientOptions): ImageFactory {
  const base = options.base.replace(/\/+$/, '');
  const call: Call = (path, init, signal) => callOnce({ ...options, base }, { path, init }, signal);
  return {
    base,
    submit: (schematic, signal) => submit(call, schematic, signal),
    read: (id, signal) => read(call, id, signal),
    versions: (signal) => readJson(call, '/versions', versionList, signal),
    extensions: (talos, signal): Promise<readonly OfficialExtension[]> =>
      readJson(call, `/version/${tagOf(talos)}/extensions/official`, extensionList, signal),
    overlays: (talos, signal): Promise<readonly OfficialOverlay[]> =>
      readJson(call, `/version/${tagOf(talos)}/overlays/official`, overlayList, signal),
  };
}

interface Answer {
  readonly response: Response;
  readonly text: string;
}

type Call = (path: string, init: RequestInit, signal: AbortSignal | undefined) => Promise<Answer>;

async function callOnce(
  options: FactoryClientOptions,
  { path, init }: { readonly path: string; readonly init: RequestInit },
  signal?: AbortSignal,
): Promise<Answer> {
  const url = options.base + path;
  const deadline = withDeadline(options.clock, options.timeoutMs ?? 30_000, signal);
  try {
    const response = await request(options.fetch, url, { ...init, signal: deadline.signal });
    return { response, text: await response.text() };
  } catch (reason) {
    throw transportError(reason, url, deadline.signal);
  } finally {
    deadline.dispose();
  }
}

async function submit(call: Call, schematic: Schematic | string, signal?: AbortSignal): Promise<SubmittedSchematic> {
  const { id, idOlder, canonical } = schematicId(schematic);
  for (const known of idOlder === undefined ? [id] : [id, idOlder]) {
    if ((await read(call, known, signal)) !== undefined) return { id: known, wasKnown: true };
  }
  const { response, text } = await call(
    '/schematics',
    { method: 'POST', body: canonical, headers: { 'content-type': 'application/yaml' } },
    signal,
  );
  if (response.status !== 201 && response.status !== 200)
    throw await refusal(response, text, 'the factory does not take the schematic');
  const answer = parse(submitted, text, 'POST /schematics');
  if (answer.id !== id && answer.id !== idOlder) {
    throw new IchorError('failed', `the factory calls the schematic ${answer.id}, and it should be ${id}`, {
      hint: 'It reads the schematic in another way: compare `ichor image schematic` with what the factory gives back for that id.',
    });
  }
  return { id: answer.id, wasKnown: false };
}

async function read(call: Call, id: string, signal?: AbortSignal): Promise<string | undefined> {
  const { response, text } = await call(`/schematics/${id}`, {}, signal);
  if (response.status === 404) return undefined;
  if (response.status !== 200) throw await refusal(response, text, `schematic ${id}`);
  return text;
}

async function readJson<T>(call: Call, path: string, schema: z.ZodType<T>, signal?: AbortSignal): Promise<T> {
  const { response, text } = await call(path, {}, signal);
  if (response.status !== 200) throw await refusal(response, text, `GET ${path}`);
  return parse(schema, text, `GET ${path}`);
}

function refusal(response: Response, text: string, what: string): Promise<IchorError> {
  return answerError(new Response(text, { status: response.status }), what);
}

function parse<T>(schema: z.ZodType<T>, text: string, what: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (reason) {
    throw new IchorError(
      'failed',
      `${what}: the answer is none of an Image Factory (${messageOf(reason).slice(0, 120)})`,
      { cause: reason, hint: 'Check the address: something else answers there.' },
    );
  }
}
