/** References of container images as go-containerregistry's `name.ParseReference` takes them (weak validation: defaults are filled in). */

export interface ImageReference {
  readonly hasDigest: boolean;
}

/** Undefined when it is refused. */
export function imageReference(text: string): ImageReference | undefined {
  const at = text.indexOf('@');
  if (at >= 0) {
    const digest = text.slice(at + 1);
    const base = text.slice(0, at);
    if (!/^sha256:[0-9a-f]{64}$/.test(digest) && !/^sha512:[0-9a-f]{128}$/.test(digest)) return undefined;
    return isTagOrRepository(base) ? { hasDigest: true } : undefined;
  }
  return isTagOrRepository(text) ? { hasDigest: false } : undefined;
}

function isTagOrRepository(text: string): boolean {
  const colon = text.lastIndexOf(':');
  // A colon before the last slash belongs to the registry's port.
  const hasTag = colon >= 0 && !text.slice(colon).includes('/');
  const tag = hasTag ? text.slice(colon + 1) : undefined;
  if (tag !== undefined && tag !== '' && !/^[A-Za-z0-9_.-]{1,128}$/.test(tag)) return false;
  return isRepository(hasTag ? text.slice(0, colon) : text);
}

function isRepository(text: string): boolean {
  const slash = text.indexOf('/');
  const first = slash < 0 ? '' : text.slice(0, slash);
  const hasRegistry = slash >= 0 && (/[.:]/.test(first) || first === 'localhost');
  const repository = hasRegistry ? text.slice(slash + 1) : text;
  if (hasRegistry && !isRegistry(first)) return false;
  return repository.length >= 2 && repository.length <= 255 && /^[a-z0-9_./-]+$/.test(repository);
}

function isRegistry(text: string): boolean {
  return /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._~-]+)(?::[0-9]+)?$/.test(text);
}
