/**
 * Finds the known word that a person probably meant. Owns the distance and the limit beyond which no guess is offered;
 * a guess is only ever shown, never acted on.
 */

/**
 * The candidate closest to `word`, or undefined when none is close enough to be worth saying. Case and the separators
 * `-`, `_`, ` ` do not count. Ties go to the candidate that stands first.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  return nearestSeveral(word, candidates, 1)[0];
}

/** Up to `limit` candidates worth saying, closest first. */
export function nearestSeveral(word: string, candidates: Iterable<string>, limit: number): readonly string[] {
  const wanted = fold(word);
  if (wanted === '') return [];
  const scored: { candidate: string; distance: number }[] = [];
  for (const candidate of new Set(candidates)) {
    const distance = distanceTo(wanted, fold(candidate));
    if (distance !== undefined) scored.push({ candidate, distance });
  }
  return scored
    .toSorted((left, right) => left.distance - right.distance)
    .slice(0, limit)
    .map(({ candidate }) => candidate);
}

function fold(word: string): string {
  return word.toLowerCase().replaceAll(/[-_ ]/g, '');
}

/** Undefined when too far. A word that begins or ends the candidate (`iscsi` in `iscsi-tools`) counts as near, after all real misspellings. */
function distanceTo(wanted: string, candidate: string): number | undefined {
  const distance = editDistance(wanted, candidate);
  const longer = Math.max(wanted.length, candidate.length);
  if (distance <= Math.max(1, Math.floor(longer / 3))) return distance / longer;
  const isPart = wanted.length >= 3 && (candidate.startsWith(wanted) || candidate.endsWith(wanted));
  return isPart ? 1 + distance / longer : undefined;
}

/** Optimal string alignment: insertions, deletions, replacements and swaps of neighbours each cost one. */
function editDistance(left: string, right: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current: number[] = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      let cost = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + (same ? 0 : 1));
      const swapped =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) cost = Math.min(cost, at(beforeLast, column - 2) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, right.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
