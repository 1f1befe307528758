/**
 * URLs as Go's `net/url` reads, holds and writes them: configs hold endpoints in that form, and patches merge them part by part.
 */
import { IchorError } from '../../errors.ts';
import type { GoUrl } from './value.ts';

export const EMPTY_URL: GoUrl = {
  kind: 'url',
  scheme: '',
  opaque: '',
  user: null,
  host: '',
  path: '',
  rawPath: '',
  forceQuery: false,
  rawQuery: '',
  fragment: '',
  rawFragment: '',
};

/** `url.Parse`. */
export function parseGoUrl(text: string): GoUrl {
  const hash = text.indexOf('#');
  const beforeHash = hash < 0 ? text : text.slice(0, hash);
  const url = parseWithoutFragment(beforeHash);
  if (hash < 0 || hash === text.length - 1) return url;
  const raw = text.slice(hash + 1);
  const fragment = unescape(raw, 'fragment');
  return { ...url, fragment, rawFragment: escape(fragment, 'fragment') === raw ? '' : raw };
}

/** `URL.String`. */
export function formatGoUrl(url: GoUrl): string {
  let out = url.scheme === '' ? '' : `${url.scheme}:`;
  if (url.opaque === '') out += authorityAndPath(url, out);
  else out += url.opaque;
  if (url.forceQuery || url.rawQuery !== '') out += `?${url.rawQuery}`;
  if (url.fragment === '') return out;
  return `${out}#${keptOrEscaped(url.fragment, url.rawFragment, 'fragment')}`;
}

/** `URL.Hostname`: without port and brackets. */
export function hostnameOf(url: GoUrl): string {
  const bracket = /^\[([^\]]*)\]/.exec(url.host);
  if (bracket !== null) return bracket[1] ?? '';
  return url.host.replace(/:[^:]*$/, '');
}

function authorityAndPath(url: GoUrl, before: string): string {
  let out = '';
  if (url.scheme !== '' || url.host !== '' || url.user !== null) {
    const hasAuthority = url.host !== '' || url.path !== '' || url.user !== null;
    if (hasAuthority) out += '//';
    if (url.user !== null) out += `${url.user}@`;
    if (url.host !== '') out += escape(url.host, 'host');
  }
  const path = keptOrEscaped(url.path, url.rawPath, 'path');
  if (path !== '' && !path.startsWith('/') && url.host !== '') out += '/';
  // A first segment with a colon would read as a scheme.
  if (before === '' && out === '' && /^[^/]*:/.test(path)) out += './';
  return out + path;
}

function parseWithoutFragment(text: string): GoUrl {
  if ([...text].some((character) => character < ' ' || character === '\u007f'))
    throw bad(text, 'it holds a control character');
  if (text === '*') return { ...EMPTY_URL, path: '*' };
  const { scheme, rest: afterScheme } = splitScheme(text);
  const forceQuery = afterScheme.endsWith('?') && afterScheme.indexOf('?') === afterScheme.length - 1;
  const question = forceQuery ? afterScheme.length - 1 : afterScheme.indexOf('?');
  const rest = question < 0 ? afterScheme : afterScheme.slice(0, question);
  const rawQuery = question < 0 ? '' : afterScheme.slice(question + 1);
  const base = { ...EMPTY_URL, scheme, forceQuery, rawQuery };
  if (!rest.startsWith('/')) {
    if (scheme !== '') return { ...base, opaque: rest };
    if (/^[^/]*:/.test(rest)) throw bad(text, 'its first path segment holds a colon');
  }
  return withAuthority(base, rest);
}

function withAuthority(base: GoUrl, rest: string): GoUrl {
  const hasAuthority = (base.scheme !== '' || !rest.startsWith('///')) && rest.startsWith('//');
  if (!hasAuthority) return withPath(base, rest);
  const slash = rest.indexOf('/', 2);
  const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash);
  const at = authority.lastIndexOf('@');
  const host = parseHost(at < 0 ? authority : authority.slice(at + 1));
  const user = at < 0 ? null : authority.slice(0, at);
  return withPath({ ...base, host, user }, slash < 0 ? '' : rest.slice(slash));
}

function withPath(base: GoUrl, raw: string): GoUrl {
  const path = unescape(raw, 'path');
  return { ...base, path, rawPath: escape(path, 'path') === raw ? '' : raw };
}

function splitScheme(text: string): { readonly scheme: string; readonly rest: string } {
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text);
  if (match !== null) return { scheme: (match[1] ?? '').toLowerCase(), rest: text.slice(match[0].length) };
  if (text.startsWith(':')) throw bad(text, 'its scheme is missing');
  return { scheme: '', rest: text };
}

function parseHost(host: string): string {
  const bracket = /^\[[^\]]*\]/.exec(host);
  if (host.startsWith('[') && bracket === null) throw bad(host, "']' is missing in its host");
  const colon = bracket === null ? host.lastIndexOf(':') : bracket[0].length;
  const port = colon < 0 ? '' : host.slice(colon);
  if (port !== '' && !/^:[0-9]*$/.test(port)) throw bad(host, `its port ${JSON.stringify(port)} is not a number`);
  return unescape(host, 'host');
}

type Part = 'path' | 'host' | 'fragment';

const UNRESERVED = 'A-Za-z0-9\\-_.~';
const ALLOWED: Readonly<Record<Part, RegExp>> = {
  path: new RegExp(`[${UNRESERVED}$&+,/:;=@]`),
  host: new RegExp(`[${UNRESERVED}!$&'()*+,;=:\\[\\]<>"]`),
  fragment: new RegExp(`[${UNRESERVED}$&+,/:;=?@!()*]`),
};
/** What may stand unescaped in a path that is kept as written (`validEncoded`). */
const VALID_ENCODED = /^(?:[A-Za-z0-9\-_.~!$&'()*+,;=:@/%[\]])*$/;

function escape(text: string, part: Part): string {
  let out = '';
  for (const byte of Buffer.from(text)) {
    const character = String.fromCharCode(byte);
    const isKept = byte < 0x80 ? ALLOWED[part].test(character) : part === 'host';
    out += isKept ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return part === 'host' ? Buffer.from(out, 'latin1').toString() : out;
}

function unescape(text: string, part: Part): string {
  if (/%(?![0-9a-fA-F]{2})/.test(text)) throw bad(text, 'it holds an invalid URL escape');
  if (part === 'host' && /[ \\^`{|}]/.test(text)) throw bad(text, 'its host holds an invalid character');
  if (!text.includes('%')) return text;
  const bytes: number[] = [];
  const source = Buffer.from(text);
  for (let at = 0; at < source.length; at += 1) {
    const byte = source[at] ?? 0;
    if (byte !== 0x25) {
      bytes.push(byte);
      continue;
    }
    bytes.push(Number.parseInt(source.toString('latin1', at + 1, at + 3), 16));
    at += 2;
  }
  return Buffer.from(bytes).toString();
}

function keptOrEscaped(text: string, raw: string, part: 'path' | 'fragment'): string {
  if (raw !== '' && VALID_ENCODED.test(raw) && unescape(raw, part) === text) return raw;
  return text === '*' && part === 'path' ? '*' : escape(text, part);
}

function bad(text: string, why: string): IchorError {
  return new IchorError('invalid-input', `${JSON.stringify(text)} is not a URL: ${why}`);
}
