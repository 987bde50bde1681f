/** How many letters may be wrong, missing, too many or swapped: a quarter of the name, three at most. */
const slipsIn = (name: string): number => Math.min(3, Math.floor(name.length / 4));

/** Damerau-Levenshtein distance (optimal string alignment). */
const distance = (a: string, b: string): number => {
  let [before, last]: [readonly number[], readonly number[]] = [[], Array.from({ length: b.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost, swapped));
    }
    [before, last] = [last, row];
  }
  return last[b.length] ?? 0;
};

const plain = (name: string): string =>
  name
    .toUpperCase()
    .replaceAll("-", "_")
    .replace(/^TRANCHE_/, "");

/**
 * The known name that was probably meant: in another case, with hyphens, prefixed with the product's name, or with a
 * typing error.
 * @returns null where none is near enough
 */
export const nearestName = (name: string, known: readonly string[]): string | null => {
  const written = plain(name);
  // Names of much different length can not be near: skips most of a shell's hundred variables.
  const near = known
    .filter((candidate) => Math.abs(candidate.length - written.length) <= 3)
    .map((candidate) => ({ candidate, slips: distance(written, plain(candidate)) }))
    .filter(({ candidate, slips }) => slips <= slipsIn(candidate))
    .toSorted((a, b) => a.slips - b.slips);
  return near[0]?.candidate ?? null;
};
