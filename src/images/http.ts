/**
 * Asking an HTTP server for files: the fetch that is injected, redirects, and the one translator from answers and failures to
 * Ichor's errors.
 */
import { IchorError, messageOf } from '../errors.ts';
import { DeadlineExceeded } from '../system.ts';

/** What the Fetch standard says; `globalThis.fetch`, and a Hono app's `request`, are such functions. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

const MOST_REDIRECTS = 5;

/** Follows redirects itself: never from https to http, and to http(s) only. Failures to connect become `unreachable`. */
export async function request(fetch: Fetch, url: string, init: RequestInit = {}): Promise<Response> {
  let address = url;
  for (let hop = 0; hop <= MOST_REDIRECTS; hop += 1) {
    const response = await ask(fetch, address, init);
    const location = [301, 302, 303, 307, 308].includes(response.status) ? response.headers.get('location') : null;
    if (location === null) return response;
    await response.body?.cancel();
    address = redirected(address, location);
  }
  throw new IchorError('failed', `${url} redirects more than ${MOST_REDIRECTS} times`);
}

/** The error for an answer that is not what was asked for; reads its text, which factories fill with the reason. */
export async function answerError(response: Response, what: string): Promise<IchorError> {
  const text = (await response.text().catch(() => '')).trim().slice(0, 300);
  const reason = `${what}: ${response.status}${text === '' ? '' : ` ${text}`}`;
  switch (response.status) {
    case 400:
      return new IchorError('invalid-input', reason, {
        hint: 'The factory refuses it; see `ichor image` for what the schematic holds.',
      });
    case 401:
    case 403:
      return new IchorError('permission-denied', reason, { hint: 'This factory asks for credentials.' });
    case 402:
      return new IchorError('unsupported', reason, {
        hint: 'Only the enterprise edition of the Image Factory does this.',
      });
    case 404:
      return new IchorError('not-found', reason);
    default:
      return new IchorError('failed', reason, {
        hint:
          response.status >= 500
            ? 'Run it again; the factory may be busy or starting.'
            : 'Check the address of the factory.',
      });
  }
}

/** Failures below HTTP: no connection, a connection that breaks, time that ran out, the user who stopped. */
export function transportError(reason: unknown, what: string, signal?: AbortSignal | null): IchorError {
  if (reason instanceof IchorError) return reason;
  const cause = signal?.aborted === true ? signal.reason : reason;
  if (cause instanceof DeadlineExceeded)
    return new IchorError('deadline', `${what}: ${cause.message}`, { cause: reason });
  if (signal?.aborted === true)
    return new IchorError('interrupted', `${what}: stopped`, {
      cause: reason,
      hint: 'Run it again to go on; what was downloaded is kept.',
    });
  return new IchorError('unreachable', `${what}: ${innermost(reason)}`, {
    cause: reason,
    hint: 'Check the network, the address and whether the factory is up.',
  });
}

async function ask(fetch: Fetch, url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, redirect: 'manual' });
  } catch (reason) {
    throw transportError(reason, url, init.signal);
  }
}

function redirected(from: string, location: string): string {
  const target = URL.canParse(location, from) ? new URL(location, from) : undefined;
  if (target === undefined || !/^https?:$/.test(target.protocol))
    throw new IchorError('failed', `${from} redirects to ${location}, which is no web address`);
  if (from.startsWith('https:') && target.protocol === 'http:') {
    throw new IchorError('refused', `${from} redirects to ${target.href}, from https to http`, {
      hint: 'The download could be changed on the way: use an address that stays with https.',
    });
  }
  return target.href;
}

/** undici says `fetch failed` and hides the reason in causes. */
function innermost(reason: unknown): string {
  let inner = reason;
  for (let depth = 0; depth < 5 && inner instanceof Error && inner.cause !== undefined; depth += 1) inner = inner.cause;
  return messageOf(inner);
}
