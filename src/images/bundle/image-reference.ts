/** Container image references, as container tools read them. */
import { IchorError } from '../../errors.ts';

export interface ImageReference {
  /** `factory.talos.dev`, `10.0.4.5:5000`; `docker.io` when the reference names none. */
  readonly host: string;
  readonly repository: string;
  readonly tag?: string;
  /** `sha256:…`; wins over the tag. */
  readonly digest?: string;
}

export function parseImageReference(text: string): ImageReference {
  const match = /^(?:([^/@]+)\/)?([^@]+?)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(text);
  if (match === null) throw new IchorError('invalid-input', `${JSON.stringify(text)} is no image reference`);
  const [, first = '', rest = '', tag, digest] = match;
  const isHost = /[.:]/.test(first) || first === 'localhost';
  const path = isHost || first === '' ? rest : `${first}/${rest}`;
  const host = isHost ? first : 'docker.io';
  const repository = host === 'docker.io' && !path.includes('/') ? `library/${path}` : path;
  if (!/^[a-z0-9][a-z0-9._/-]*$/.test(repository))
    throw new IchorError('invalid-input', `${JSON.stringify(text)} is no image reference`);
  const name = { host, repository };
  if (digest !== undefined) return tag === undefined ? { ...name, digest } : { ...name, tag, digest };
  return { ...name, tag: tag ?? 'latest' };
}
