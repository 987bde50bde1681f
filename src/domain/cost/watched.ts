import type { Course, LiveAnomaly } from "./anomaly.ts";
import type { Baseline, Usual } from "./baseline.ts";
import { atRate, newBaseline } from "./baseline.ts";
import type { SeriesMemory } from "./detector.ts";
import { noMemory } from "./detector.ts";
import { deviationOf } from "./fading.ts";
import { sampleDeviation } from "./moments.ts";
import type { Observed } from "./observed.ts";
import type { Severity } from "./score.ts";

/** Calls of an hour that is not over yet, and who made them to what. Names are as many as one is told of. */
export type PendingHour = {
  readonly hourMs: number;
  readonly calls: number;
  readonly actors: readonly string[];
  readonly resources: readonly string[];
};

/** What is remembered of a series in cents. */
export type PricedMemory = {
  readonly by: "baseline";
  readonly baseline: Baseline;
  /** Of egress: the rate (cents for 10^9 bytes) at which the baseline was learnt, and that of its last hour. What is usual is usual at any rate. */
  readonly rates?: { readonly learnt: number; readonly last: number };
  /** Since when its CDN has been put to the use that was learnt, epoch milliseconds; absent: ever since. */
  readonly sinceMs?: number;
};
/** What is remembered of a series without a price: calls, or bytes. */
export type CountedMemory = {
  readonly by: "rarity";
  readonly series: SeriesMemory;
  readonly actors: Observed;
  readonly resources: Observed;
  readonly pending: readonly PendingHour[];
  /** Of calls: how many the hours have that were judged last, the latest at the end. Absent: written before that was kept. */
  readonly closed?: readonly number[];
  /** Of egress, as in `PricedMemory`. */
  readonly sinceMs?: number;
};
/** What is kept of a series, as JSON. */
export type Memory = PricedMemory | CountedMemory;

export const newPricedMemory = (hasSeasons: boolean): PricedMemory => ({ by: "baseline", baseline: newBaseline(hasSeasons) });
export const newCountedMemory: CountedMemory = { by: "rarity", series: noMemory, actors: [], resources: [], pending: [] };

/** What of a memory is looked at, in the unit of the series. */
export const figuresOf = (memory: Memory): { mean: number; deviation: number; count: number; actors: readonly string[] } => {
  if (memory.by === "baseline") {
    const { rates, baseline } = memory;
    const { flat, actors } = rates === undefined ? baseline : atRate(baseline, rates.last / rates.learnt);
    return { mean: flat.mean, deviation: sampleDeviation(flat), count: flat.count, actors: actors.map(({ name }) => name) };
  }
  const { series, actors } = memory;
  return { mean: series.long.mean, deviation: deviationOf(series.long), count: series.count, actors: actors.map(({ name }) => name) };
};

/** What was usual of an hour, and how far from that is still usual. */
export type Band = { readonly low: number; readonly mean: number; readonly high: number };

const bandDeviations = 3;

export const bandAround = (mean: number, deviation: number): Band => ({
  low: Math.max(0, mean - bandDeviations * deviation),
  mean,
  high: mean + bandDeviations * deviation,
});

export const bandOfUsual = ({ basis, mean, deviation }: Usual): Band | null => (basis === "cold" ? null : bandAround(mean, deviation));

/** An hour as it is drawn. */
export type HourRow = {
  readonly hourMs: number;
  readonly value: number;
  readonly band: Band | null;
  readonly score: number;
  readonly severity: Severity;
  /** Why it was kept out of the baseline; null: it was not. */
  readonly label: string | null;
};

/** A series as it is worked on: its memory, and its anomaly that is not over. */
export type Watched<Kept extends Memory = Memory> = { readonly memory: Kept; readonly live: LiveAnomaly | null };

/** What came of a series: how it is now, which anomalies are over, and its hours. */
export type Outcome<Kept extends Memory = Memory> = Watched<Kept> & {
  readonly ended: readonly LiveAnomaly[];
  readonly hours: readonly HourRow[];
  /** Whether what was learnt before was forgotten, seasons too. */
  readonly isAnew?: boolean;
};

/** Collects what comes of a series, value by value. */
export class Ledger {
  live: LiveAnomaly | null;
  readonly ended: LiveAnomaly[] = [];
  readonly #hours = new Map<number, HourRow>();

  constructor(live: LiveAnomaly | null) {
    this.live = live;
  }

  take({ live, isOver }: Course): void {
    this.live = isOver ? null : live;
    if (isOver && live !== null) this.ended.push(live);
  }

  /** Values of one hour add up; its score is that of the worst. */
  record(row: HourRow): void {
    const before = this.#hours.get(row.hourMs);
    const worst = before !== undefined && before.score > row.score ? before : row;
    this.#hours.set(row.hourMs, { ...row, value: row.value + (before?.value ?? 0), score: worst.score, severity: worst.severity });
  }

  hours(): readonly HourRow[] {
    return [...this.#hours.values()];
  }
}
