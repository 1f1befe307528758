/**
 * Which values of a machine config may be shown. Configs are full of secrets and patches may put one anywhere, so a value is shown only
 * when neither its place nor its looks speak against it (design §1.5).
 */

export const SECRET = '(secret)';

/** Names of keys below which nothing is shown, as whole words of the camel-cased key. */
const SECRET_WORDS = new Set([
  'key',
  'keys',
  'secret',
  'secrets',
  'token',
  'password',
  'passphrase',
  'auth',
  'credentials',
  'crt',
  'ca',
  'content',
  'contents',
  'env',
  'environment',
  'headers',
  'username',
  'identity',
  'manifests',
]);
/** A PEM block, or a long run of letters and digits that no name or version has. */
const SECRET_LOOKS = /-----BEGIN|(?=[A-Za-z0-9+/_=-]*\d)(?=[A-Za-z0-9+/_=-]*[A-Za-z])[A-Za-z0-9+/_=-]{40,}/;
const LONGEST_SHOWN = 160;

/** Keys from the document's root; list positions are no keys. */
export function mayShow(path: readonly string[], value: string): boolean {
  if (value.length > LONGEST_SHOWN || value.includes('\n')) return false;
  if (path.some((key) => wordsOf(key).some((word) => SECRET_WORDS.has(word)))) return false;
  // A schematic id is 64 hexadecimal digits and public; it stands in image references.
  return !SECRET_LOOKS.test(value.replaceAll(/\b[0-9a-f]{64}\b/g, 'id'));
}

function wordsOf(key: string): readonly string[] {
  return key
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}
