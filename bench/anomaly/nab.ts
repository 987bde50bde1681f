/** A row of a labelled series with what a detector said of it. */
export type ScoredRow = { readonly atMs: number; readonly score: number };

/** A span in which an alarm is right: both edges are rows of it. */
export type AnomalyWindow = { readonly fromMs: number; readonly toMs: number };

/** A series as a detector judged it, with its windows in their order, without overlap. */
export type JudgedSeries = { readonly rows: readonly ScoredRow[]; readonly windows: readonly AnomalyWindow[] };

/** What an alarm is worth and what an error costs. */
export type Profile = { readonly hit: number; readonly falseAlarm: number; readonly miss: number };

/** The standard profile of the Numenta Anomaly Benchmark: nine false alarms cost what a missed window does. */
export const standardProfile: Profile = { hit: 1, falseAlarm: 0.11, miss: 1 };

/** The share of rows at the beginning that a detector may learn from unjudged, of at most so many rows. */
const probation = { share: 0.15, ofAtMost: 5_000 } as const;

/**
 * The worth of an alarm by its place relative to a window: 0.987 at its left edge (-1), 0 at its right one (0), and towards -1 the
 * further behind it; 3 and more is far behind.
 */
export const scaledSigmoid = (position: number): number => (position >= 3 ? -1 : 2 / (1 + Math.exp(5 * position)) - 1);

/** How many rows of a series are not judged. */
export const probationRows = (rows: number): number => Math.floor(Math.min(probation.share * rows, probation.share * probation.ofAtMost));

/** A row with what an alarm there would be worth; `window`: the place of its window, null: outside of all. */
type Worth = { readonly score: number; readonly worth: number; readonly window: string | null };

/** What an alarm on each judged row is worth. @throws RangeError where a window's edges are not rows, in their order */
export const worthOfRows = ({ rows, windows }: JudgedSeries, name: string, profile: Profile = standardProfile): readonly Worth[] => {
  // Of rows with the same time the first counts, as in the benchmark.
  const indexOf = new Map(rows.map(({ atMs }, index) => [atMs, index] as const).toReversed());
  const spans = windows.map(({ fromMs, toMs }) => ({ from: indexOf.get(fromMs) ?? -1, to: indexOf.get(toMs) ?? -1 }));
  if (spans.some(({ from, to }, nth) => from < 0 || to < from || from <= (spans[nth - 1]?.to ?? -1)))
    throw new RangeError(`${name}: a window does not begin and end at rows, in their order`);
  const best = scaledSigmoid(-1);
  let next = 0;
  return rows
    .map(({ score }, index): Worth => {
      while (index > (spans[next]?.to ?? Number.POSITIVE_INFINITY)) next += 1;
      const [span, past] = [spans[next], spans[next - 1]];
      if (span !== undefined && index >= span.from) {
        const position = -(span.to - index + 1) / (span.to - span.from + 1);
        return { score, worth: (scaledSigmoid(position) * profile.hit) / best, window: `${name} ${next}` };
      }
      // A window of a single row has no width to measure a distance by.
      const position = past === undefined ? 3 : (index - past.to) / (past.to - past.from);
      return { score, worth: scaledSigmoid(position) * profile.falseAlarm, window: null };
    })
    .slice(probationRows(rows.length));
};

/** What a detector achieves with an alarm on every score of at least `threshold`. */
export type Verdict = {
  /** 0: no alarm at all. 100: each window found with its first row, and no false alarm. */
  readonly score: number;
  readonly threshold: number;
  readonly windows: number;
  readonly found: number;
  readonly falseAlarms: number;
};

/** One verdict per distinct score, from none that alarms to all. */
const sweep = (all: readonly Worth[], profile: Profile): Verdict[] => {
  const best = new Map<string, number>();
  for (const { window } of all) if (window !== null) best.set(window, -profile.miss);
  const windows = best.size;
  const range = windows * (profile.hit + profile.miss);
  let [sum, found, falseAlarms] = [-windows * profile.miss, 0, 0];
  let threshold = Number.POSITIVE_INFINITY;
  const verdicts: Verdict[] = [];
  const keep = (): void => {
    const score = range === 0 ? 0 : (100 * (sum + windows * profile.miss)) / range;
    verdicts.push({ score, threshold, windows, found, falseAlarms });
  };
  for (const { score, worth, window } of all.toSorted((a, b) => b.score - a.score)) {
    if (score !== threshold) {
      keep();
      threshold = score;
    }
    const before = window === null ? 0 : (best.get(window) ?? 0);
    if (window === null) {
      falseAlarms += 1;
      sum += worth;
    } else if (worth > before) {
      if (before === -profile.miss) found += 1;
      best.set(window, worth);
      sum += worth - before;
    }
  }
  keep();
  return verdicts;
};

const worths = (series: ReadonlyMap<string, JudgedSeries>, profile: Profile): Worth[] =>
  [...series].flatMap(([name, one]) => worthOfRows(one, name, profile));

/** The best verdict over all thresholds, one for all series together, as the benchmark takes it. */
export const bestVerdict = (series: ReadonlyMap<string, JudgedSeries>, profile: Profile = standardProfile): Verdict =>
  sweep(worths(series, profile), profile).reduce((best, one) => (one.score > best.score ? one : best));

/** The verdict at a threshold that was chosen elsewhere. */
export const verdictAt = (series: ReadonlyMap<string, JudgedSeries>, threshold: number, profile: Profile = standardProfile): Verdict => {
  const alarms = worths(series, profile).map((row) => ({ ...row, score: row.score >= threshold ? 1 : 0 }));
  const verdict = sweep(alarms, profile).findLast((one) => one.threshold > 0);
  if (verdict === undefined) throw new RangeError("there is no series");
  return { ...verdict, threshold };
};
