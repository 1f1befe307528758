/** Reads the `.txtar` fixtures: named texts in one file. */

/** Cases by name (`<case>/<file>`), each with its files. */
export function readCases(archive: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const cases = new Map<string, Map<string, string>>();
  const parts = archive.split(/^-- (.*) --\n/m).slice(1);
  for (let index = 0; index < parts.length; index += 2) {
    const path = parts[index] ?? '';
    const slash = path.lastIndexOf('/');
    const files = cases.get(path.slice(0, slash)) ?? new Map<string, string>();
    files.set(path.slice(slash + 1), parts[index + 1] ?? '');
    cases.set(path.slice(0, slash), files);
  }
  return cases;
}
