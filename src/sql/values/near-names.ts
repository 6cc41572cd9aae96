/** Suggestions for misspelt names in error messages. */

/** Optimal string alignment distance (edits and swaps of neighbours), by the usual three rows. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(last[j]! + 1, row[j - 1]! + 1, substitution);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, beforeLast[j - 2]! + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

/**
 * At most `count` of `known`, nearest first, that could be a misspelling of `wanted`. Long names are not compared, nor are
 * single letters, of which every one is near every other.
 */
export function nearNames(wanted: string, known: Iterable<string>, count = 3): string[] {
  if (wanted.length < 2 || wanted.length > 64) return [];
  const allowed = Math.max(1, Math.floor(wanted.length / 3));
  const scored: { name: string; distance: number }[] = [];
  for (const name of known) {
    if (name.length < 2 || name.length > 64) continue;
    const distance = name.startsWith(wanted) || wanted.startsWith(name) ? 1 : editDistance(wanted, name);
    if (distance <= allowed) scored.push({ name, distance });
  }
  scored.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return scored.slice(0, count).map(({ name }) => name);
}

/** `; did you mean a, b or c?`, or nothing. */
export function suggestionText(names: readonly string[]): string {
  if (names.length === 0) return '';
  const last = names[names.length - 1]!;
  const listed = names.length === 1 ? last : `${names.slice(0, -1).join(', ')} or ${last}`;
  return `; did you mean ${listed}?`;
}
