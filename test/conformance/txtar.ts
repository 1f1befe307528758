/** Reads the txtar form of the recorded cases: a comment, then files, each after a line `-- name --`. */

/** Text by file name, in the order of the archive. */
export function parseTxtar(text: string): ReadonlyMap<string, string> {
  const parts = text.split(/^-- (.*) --\n/m);
  const files = new Map<string, string>();
  for (let index = 1; index + 1 < parts.length; index += 2) files.set(parts[index] ?? '', parts[index + 1] ?? '');
  return files;
}
