import type { Fading } from "./fading.ts";
import { deviationOf, nothingYet, withFading } from "./fading.ts";
import type { Tail } from "./tail.ts";
import { emptyTail, rarity, withValue } from "./tail.ts";

/** The three ways in which a value can be odd: against the last few, for this hour of the day, and as a lasting change of level. */
export const oddities = ["jump", "hour", "level"] as const;
export type Oddity = (typeof oddities)[number];

/** What is remembered of one series: some 110 numbers, however long it is. */
export type SeriesMemory = {
  readonly count: number;
  /** Of no values 0: a memory is kept as JSON, which has no infinity. */
  readonly lowest: number;
  readonly highest: number;
  /** The last few values, the last two dozen, and the long run. */
  readonly few: Fading;
  readonly recent: Fading;
  readonly long: Fading;
  /** How far values are from the last few. */
  readonly jumps: Fading;
  /** The values of each hour of the day (UTC), and how far values are from those of their hour. */
  readonly hours: readonly Fading[];
  readonly residuals: Fading;
  readonly tails: Readonly<Record<Oddity, Tail>>;
  /** The rarity of the last alarm, fading: until then only what is odder is news. */
  readonly told: number;
};

export const noMemory: SeriesMemory = {
  count: 0,
  lowest: 0,
  highest: 0,
  few: nothingYet,
  recent: nothingYet,
  long: nothingYet,
  jumps: nothingYet,
  hours: Array.from({ length: 24 }, () => nothingYet),
  residuals: nothingYet,
  tails: { jump: emptyTail, hour: emptyTail, level: emptyTail },
  told: 0,
};

/** Lengths of memory, in values. */
const lengths = { few: 4, recent: 24, long: 1_000, hour: 300, told: 300 } as const;
/** An hour of the day is compared with once it was seen so often. */
const leastOfHour = 10;
/** A record is told from chance once there are so many values; it counts in full when it passes the range by a twentieth. */
const records = { least: 20, margin: 0.05 } as const;

/** Of an alarm that much is remembered: it is critical in full, and whatever is as rare is news at once. */
const mostTold = 5;
/** A value is learnt as beyond the range of all before by three times that range at most. */
const reach = 3;

/** What the detector says of one value. */
export type Finding = {
  /** How rare it is, in powers of ten: 3 is once in 1,000 values of this series. 0 where it is no news. */
  readonly rarity: number;
  /** What is rarest about it; null: nothing is. */
  readonly oddity: Oddity | null;
  /** Whether it is beyond all values before. */
  readonly isRecord: boolean;
  /** What would have been usual, by that oddity. */
  readonly usual: number;
};

/** How far beyond the range of all values before, 0 to 1. */
const beyondRange = ({ count, lowest, highest }: SeriesMemory, value: number, unit: number): number => {
  if (count <= records.least) return 0;
  const range = highest - lowest || unit;
  return Math.min(1, Math.max(0, value - highest, lowest - value) / range / records.margin);
};

/**
 * A value as it is learnt: what a meter made up by a wrong unit must not hide, for as long as it is remembered, all that is odd in earnest. A level
 * that lasts is learnt all the same, some values later.
 */
const withinReach = ({ count, lowest, highest }: SeriesMemory, value: number): number => {
  const margin = (highest - lowest) * reach;
  return count <= records.least || margin === 0 ? value : Math.min(highest + margin, Math.max(lowest - margin, value));
};

/** Distances are compared as ratios to their usual size, on a logarithmic scale: of a series of bursts only the burst of bursts is rare. */
const ratio = (distance: number, usual: number): number => Math.log1p(Math.abs(distance) / usual);

type Oddness = {
  readonly sizes: Readonly<Record<Oddity, number>>;
  readonly jump: number;
  readonly residual: number;
  readonly recent: Fading;
};

/** How far a value is from what was before it, in each of the ways. */
const oddnessOf = (before: SeriesMemory, value: number, ofHour: Fading, unit: number): Oddness => {
  const jump = before.count < 2 ? 0 : value - before.few.mean;
  const residual = ofHour.count >= leastOfHour ? value - ofHour.mean : 0;
  const recent = withFading(before.recent, value, lengths.recent);
  const hourUnit = Math.max(deviationOf(ofHour), 0.3 * before.residuals.mean) || unit;
  const sizes = {
    jump: ratio(jump, before.jumps.mean || unit),
    hour: ratio(residual, hourUnit),
    level: ratio(recent.mean - before.long.mean, unit),
  };
  return { sizes, jump, residual, recent };
};

/** The memory as if these had been the last values: what came late is compared with what was before it, and what comes next with what was in truth. */
export const withLast = (memory: SeriesMemory, values: readonly number[]): SeriesMemory => {
  if (values.length < lengths.few) return memory;
  const fold = (length: number): Fading => ({
    ...values.slice(-length).reduce((fading, value) => withFading(fading, value, length), nothingYet),
    count: memory.count,
  });
  return { ...memory, few: fold(lengths.few), recent: fold(lengths.recent) };
};

/** Judges a value by what was before it, and only then remembers it. @param atMs epoch milliseconds, of which the hour of the day counts */
export const judge = (before: SeriesMemory, value: number, atMs: number): { readonly finding: Finding; readonly memory: SeriesMemory } => {
  const hour = Math.floor(atMs / 3_600_000) % 24;
  const ofHour = before.hours[hour] ?? nothingYet;
  const unit = deviationOf(before.long) || 1e-9 + Math.abs(before.long.mean) * 1e-3;
  const odd = oddnessOf(before, value, ofHour, unit);
  const rarities = oddities.map((oddity) => ({ oddity, rarity: rarity(before.tails[oddity], odd.sizes[oddity]) }));
  const rarest = rarities.reduce((most, one) => (one.rarity > most.rarity ? one : most));
  const record = beyondRange(before, value, unit);
  const all = rarest.rarity + record;
  const told = before.told * Math.exp(-1 / lengths.told);
  const usual = { jump: before.few.mean, hour: ofHour.mean, level: before.long.mean }[rarest.oddity];
  const kept = withinReach(before, value);
  const { sizes, jump, residual, recent } = kept === value ? odd : oddnessOf(before, kept, ofHour, unit);
  return {
    finding: { rarity: all > told ? all : 0, oddity: rarest.rarity > 0 ? rarest.oddity : null, isRecord: record > 0, usual },
    memory: {
      count: before.count + 1,
      lowest: before.count === 0 ? kept : Math.min(before.lowest, kept),
      highest: before.count === 0 ? kept : Math.max(before.highest, kept),
      few: withFading(before.few, kept, lengths.few),
      recent,
      long: withFading(before.long, kept, lengths.long),
      jumps: withFading(before.jumps, Math.abs(jump), lengths.long),
      hours: before.hours.with(hour, withFading(ofHour, kept, lengths.hour)),
      residuals: ofHour.count >= leastOfHour ? withFading(before.residuals, Math.abs(residual), lengths.long) : before.residuals,
      tails: {
        jump: withValue(before.tails.jump, sizes.jump),
        hour: withValue(before.tails.hour, sizes.hour),
        level: withValue(before.tails.level, sizes.level),
      },
      told: Math.min(mostTold, Math.max(told, all)),
    },
  };
};
