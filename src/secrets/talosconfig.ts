/**
 * The Talos client configuration: made from the bundle without a node, read, written as talosctl writes it, and merged into a
 * person's own file. Source: talos-3-config.md §3.2.
 */
import { join } from 'node:path';
import { isMap } from 'yaml';
import { IchorError } from '../errors.ts';
import { inspectCertificate } from '../pki/inspect.ts';
import { issueTalosClientCertificate } from '../pki/issue.ts';
import type { Random } from '../system.ts';
import type { SecretsBundle } from '../talos/secrets-bundle.ts';
import { decodePair, decodePem, encodePem } from './bundle.ts';
import { goScalar } from './go-scalar.ts';
import { openForMerge, renderMerged } from './merged-yaml.ts';
import { isRecord, positionOf, readYaml } from './yaml-source.ts';

/** One context. `ca`, `crt` and `key` are PEM in base64, as they stand in the file. */
export interface TalosContext {
  readonly endpoints: readonly string[];
  readonly nodes?: readonly string[];
  readonly ca: string;
  readonly crt: string;
  readonly key: string;
}

export interface Talosconfig {
  readonly context: string;
  readonly contexts: ReadonlyMap<string, TalosContext>;
}

export interface TalosContextOptions {
  readonly now: Date;
  readonly random: Random;
  /** Default `os:admin`. */
  readonly roles?: readonly string[];
  /** Default one year. */
  readonly ttlMs?: number;
  readonly endpoints?: readonly string[];
  readonly nodes?: readonly string[];
}

export async function createTalosContext(bundle: SecretsBundle, options: TalosContextOptions): Promise<TalosContext> {
  const client = await issueTalosClientCertificate(decodePair(bundle.certs.os), {
    ...options,
    roles: options.roles ?? ['os:admin'],
  });
  return {
    endpoints: options.endpoints ?? [],
    ...(options.nodes === undefined || options.nodes.length === 0 ? {} : { nodes: options.nodes }),
    ca: bundle.certs.os.crt,
    crt: encodePem(client.crt),
    key: encodePem(client.key),
  };
}

/** The very bytes of `talosctl gen config` for a file of this one context. */
export function renderTalosconfig(name: string, context: TalosContext): string {
  const list = (key: string, values: readonly string[]): string[] =>
    values.length === 0
      ? [`        ${key}: []`]
      : [`        ${key}:`, ...values.map((value) => `            - ${goScalar(value)}`)];
  const lines = [
    `context: ${goScalar(name)}`,
    'contexts:',
    `    ${goScalar(name)}:`,
    ...list('endpoints', context.endpoints),
    ...(context.nodes === undefined ? [] : list('nodes', context.nodes)),
    `        ca: ${goScalar(context.ca)}`,
    `        crt: ${goScalar(context.crt)}`,
    `        key: ${goScalar(context.key)}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** Contexts without certificates (another way to log in) are left out. */
export function parseTalosconfig(text: string, file: string): Talosconfig {
  const source = readYaml(text, file);
  const value: unknown = source.document.toJS();
  if (!isRecord(value) || !isRecord(value['contexts'])) {
    throw new IchorError('invalid-input', `${file} is no talosconfig: it has no contexts`, {
      where: positionOf(source, ['contexts']),
    });
  }
  const contexts = new Map<string, TalosContext>();
  for (const [name, context] of Object.entries(value['contexts'])) {
    const read = isRecord(context) ? readContext(context) : undefined;
    if (read !== undefined) contexts.set(name, read);
  }
  return { context: typeof value['context'] === 'string' ? value['context'] : '', contexts };
}

export interface MergeOptions {
  readonly file: string;
  readonly name: string;
  /** Whether it becomes the current one. A file without a current one gets it anyway. */
  readonly activate: boolean;
  /** When the name belongs to another cluster (another authority). Default `refuse`. */
  readonly onConflict?: 'refuse' | 'rename' | 'replace';
}

export interface Merged {
  readonly text: string;
  /** The name under which it stands now. */
  readonly name: string;
  readonly change: 'added' | 'renewed' | 'replaced';
}

/** A context of the same cluster is renewed in place: its own further keys, such as `nodes`, stay. */
export function mergeTalosconfig(existing: string | undefined, context: TalosContext, options: MergeOptions): Merged {
  const document = openForMerge(existing, options.file);
  const present = document.toJS()?.contexts ?? {};
  const known = (name: string): unknown => (isRecord(present) ? present[name] : undefined);
  const { name, change } = placeFor(options, (candidate) => authorityState(known(candidate), context.ca));
  if (change === 'replaced') document.deleteIn(['contexts', name]);
  const fields = {
    endpoints: context.endpoints,
    nodes: context.nodes,
    ca: context.ca,
    crt: context.crt,
    key: context.key,
  };
  if (change === 'renewed') {
    for (const [key, value] of Object.entries(fields)) {
      // Endpoints that a person has set are his when none are given.
      if (value !== undefined && !(Array.isArray(value) && value.length === 0))
        document.setIn(['contexts', name, key], document.createNode(value));
    }
  } else {
    if (!document.hasIn(['contexts'])) document.setIn(['contexts'], document.createNode({}));
    document.setIn(
      ['contexts', name],
      document.createNode(Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))),
    );
  }
  if (options.activate || typeof document.get('context') !== 'string' || document.get('context') === '')
    setFirst(document, name);
  return { text: renderMerged(document, existing, 4), name, change };
}

/** Where talosctl looks: the flag, TALOSCONFIG, TALOS_HOME, the home directory. */
export function talosconfigPath(env: Readonly<Record<string, string | undefined>>, flag?: string): string {
  if (flag !== undefined) return flag;
  if (env['TALOSCONFIG'] !== undefined && env['TALOSCONFIG'] !== '') return env['TALOSCONFIG'];
  if (env['TALOS_HOME'] !== undefined && env['TALOS_HOME'] !== '') return join(env['TALOS_HOME'], 'config');
  return join(requireHome(env), '.talos', 'config');
}

export function requireHome(env: Readonly<Record<string, string | undefined>>): string {
  const home = env['HOME'] ?? env['USERPROFILE'];
  if (home !== undefined && home !== '') return home;
  throw new IchorError('invalid-input', 'there is no home directory to find the file in (HOME is not set)', {
    hint: 'Give the path by a flag.',
  });
}

export type AuthorityState = 'absent' | 'same' | 'other';

/** The name to write under: the wanted one, or `name-1`, `name-2` … as talosctl numbers them. */
export function placeFor(
  options: MergeOptions,
  stateOf: (name: string) => AuthorityState,
): Pick<Merged, 'name' | 'change'> {
  const { name } = options;
  const state = stateOf(name);
  if (state === 'absent') return { name, change: 'added' };
  if (state === 'same') return { name, change: 'renewed' };
  if (options.onConflict === 'replace') return { name, change: 'replaced' };
  if (options.onConflict === 'rename') {
    for (let number = 1; ; number += 1) {
      const numbered = `${name}-${number}`;
      const found = stateOf(numbered);
      if (found !== 'other') return { name: numbered, change: found === 'same' ? 'renewed' : 'added' };
    }
  }
  throw new IchorError(
    'refused',
    `${options.file} has "${name}" already, and it belongs to another cluster: its authority is not this cluster's`,
    {
      hint: 'Give this cluster another name there, replace the old entry, or remove it if that cluster is gone.',
    },
  );
}

/** Compares authorities by their keys: a renewed certificate of the same key is the same cluster. */
export function isSameAuthority(left: string, right: string): boolean {
  try {
    return inspectCertificate(left).fingerprint === inspectCertificate(right).fingerprint;
  } catch {
    // What cannot be read is not this cluster's; the caller asks before it touches it.
    return false;
  }
}

function authorityState(present: unknown, authority: string): AuthorityState {
  if (present === undefined || present === null) return 'absent';
  const ca = isRecord(present) && typeof present['ca'] === 'string' ? present['ca'] : '';
  return isSameAuthority(decodePem(ca), decodePem(authority)) ? 'same' : 'other';
}

function readContext(context: Readonly<Record<string, unknown>>): TalosContext | undefined {
  const { ca, crt, key } = context;
  if (typeof ca !== 'string' || typeof crt !== 'string' || typeof key !== 'string') return undefined;
  const list = (value: unknown): readonly string[] =>
    Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  // `target` is the endpoint of very old files; talosctl still reads it.
  const target = typeof context['target'] === 'string' && context['target'] !== '' ? [context['target']] : [];
  const nodes = list(context['nodes']);
  return {
    endpoints: [...list(context['endpoints']), ...target],
    ...(nodes.length === 0 ? {} : { nodes }),
    ca,
    crt,
    key,
  };
}

/** `context` stands first in talosctl's own files. */
function setFirst(document: ReturnType<typeof openForMerge>, name: string): void {
  const isNew = !document.has('context');
  document.set('context', name);
  if (isNew && isMap(document.contents)) document.contents.items.unshift(...document.contents.items.splice(-1));
}
