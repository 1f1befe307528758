/**
 * A string as Go's yaml writes it in talosctl's own files: plain where it can be read back as the same string, else quoted.
 */

/** What is plain here must be so for YAML 1.1 readers as well; everything that these files normally hold is. */
const PLAIN = /^[A-Za-z0-9/_][A-Za-z0-9+/=._@:%-]*$/;
const LOOKS_LIKE_ANOTHER_TYPE =
  /^(?:[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:e[-+]?[0-9]+)?|0[xob][0-9a-f_]+|null|true|false|yes|no|on|off|y|n|\d+(?::\d+)+(?:\.\d*)?|\d{4}-\d\d?-\d\d?.*)$/i;

export function goScalar(text: string): string {
  const isPlain = PLAIN.test(text) && !LOOKS_LIKE_ANOTHER_TYPE.test(text) && !text.endsWith(':');
  if (isPlain) return text;
  // Base64 of the URL alphabet may begin with a dash: plain too, unless it would open a document.
  if (/^-[A-Za-z0-9_-]+=*$/.test(text) && !text.startsWith('---') && !LOOKS_LIKE_ANOTHER_TYPE.test(text)) return text;
  if (text.startsWith('---') && /^[A-Za-z0-9_=-]+$/.test(text)) return `'${text}'`;
  if (/^[+][A-Za-z0-9+/=]+$/.test(text) && !LOOKS_LIKE_ANOTHER_TYPE.test(text)) return text;
  return JSON.stringify(text);
}
