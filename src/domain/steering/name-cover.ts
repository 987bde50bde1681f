/** Names and patterns that cover names: an entry with `*` matches every name below a suffix. */
export type NameCover = {
  /** Sorted. */
  readonly entries: readonly string[];
  /** The suffixes below which every name is covered, known or not. Empty: only the exact names. */
  readonly widened: readonly string[];
};

const jsonCharacters = (entries: Iterable<string>): number => {
  let sum = 0;
  for (const entry of entries) sum += JSON.stringify(entry).length + 1;
  return sum;
};

const suffixOf = (labels: readonly string[], depth: number): string => labels.slice(labels.length - depth).join(".");

/** How many trailing labels all names share. */
const commonDepth = (names: readonly (readonly string[])[]): number => {
  const [first = [], ...others] = names;
  return others.reduce((depth, labels) => {
    let same = 0;
    while (same < depth && labels.at(-1 - same) === first.at(-1 - same)) same += 1;
    return same;
  }, first.length);
};

/**
 * Covers names within so many characters of JSON, as narrowly as that allows: exactly, where they fit; else names with a
 * common suffix are replaced by one pattern, those with the longest suffix first, and no suffix is shorter than the one that
 * all share. The result may exceed the limit where that suffix alone does.
 * @param names normalized, of one zone
 */
export const coverNames = (names: readonly string[], characters: number): NameCover => {
  const entries = new Map([...new Set(names)].map((name) => [name, name.split(".")]));
  const widened = new Set<string>();
  let size = jsonCharacters(entries.keys());
  const shortest = Math.max(1, commonDepth([...entries.values()]));
  const longest = Math.max(0, ...[...entries.values()].map((labels) => labels.length - 1));
  for (let depth = longest; depth >= shortest && size > characters; depth -= 1) {
    const below = Map.groupBy(
      [...entries].filter(([, labels]) => labels.length > depth),
      ([, labels]) => suffixOf(labels, depth),
    );
    const savings = [...below].map(([suffix, own]) => ({
      suffix,
      own,
      saved: jsonCharacters(own.map(([entry]) => entry)) - jsonCharacters([`*.${suffix}`]),
    }));
    for (const { suffix, own, saved } of savings
      .filter((one) => one.saved > 0)
      .toSorted((a, b) => b.saved - a.saved || (a.suffix < b.suffix ? -1 : 1))) {
      if (size <= characters) break;
      for (const [entry] of own) {
        entries.delete(entry);
        widened.delete(entry.slice(2));
      }
      entries.set(`*.${suffix}`, ["*", ...suffix.split(".")]);
      widened.add(suffix);
      size -= saved;
    }
  }
  return { entries: [...entries.keys()].toSorted(), widened: [...widened].toSorted() };
};
