import type { World, WorldSnapshot, WorldStorm } from "./worlds.ts";

/**
 * A second implementation of the billing rules, for tests alone. It shares no code and no method with `src/`: numbers
 * are integers scaled by hand, the union is counted over elementary intervals, rounding compares remainders.
 */
export type RefereeLine = {
  readonly service: number;
  readonly windowStart: string;
  readonly amountCents: number;
  readonly discountCents: number;
  readonly stormMicroseconds: number;
};

/** Microseconds since 1970 of `YYYY-MM-DDTHH:MM:SS[.digits]Z`. */
export const microsecondsOf = (text: string): bigint => {
  const [seconds = "", digits = ""] = text.slice(0, -1).split(".");
  return BigInt(Date.parse(`${seconds}Z`)) * 1000n + BigInt(digits.padEnd(6, "0"));
};

/** `YYYY-MM-DDTHH:MM:SS.uuuuuuZ` */
export const textOf = (microseconds: bigint): string => {
  const seconds = new Date(Number(microseconds / 1_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(microseconds % 1_000_000n).padStart(6, "0")}Z`;
};

/** A decimal in billionths. */
const billionths = (text: string): bigint => {
  const [whole = "0", digits = ""] = text.split(".");
  return BigInt(whole) * 1_000_000_000n + BigInt(digits.slice(0, 9).padEnd(9, "0"));
};

const halfUp = (numerator: bigint, denominator: bigint): bigint => {
  const remainder = numerator % denominator;
  const down = (numerator - remainder) / denominator;
  return remainder + remainder >= denominator ? down + 1n : down;
};

const countsUntil = (storm: WorldStorm, windowEnd: bigint): bigint => {
  const texts = [{ storm: null, recovering: storm.recoveringSince, ended: storm.endedAt }[storm.state], storm.creditedUntil ?? null];
  return texts.reduce((earliest, text) => (text !== null && microsecondsOf(text) < earliest ? microsecondsOf(text) : earliest), windowEnd);
};

export type Terms = { readonly rateCentsPerGb: string; readonly discountRate: string };

const judge = (snapshot: WorldSnapshot, storms: readonly WorldStorm[], terms: Terms): RefereeLine => {
  const start = microsecondsOf(snapshot.windowStart);
  const end = microsecondsOf(snapshot.windowEnd);
  const own = storms
    .filter((storm) => storm.service === snapshot.service && (storm.credit ?? "earned") === "earned")
    .map((storm) => ({
      from: microsecondsOf(storm.startedAt),
      to: countsUntil(storm, end),
      factor: billionths(storm.factor),
    }));
  const within = (at: bigint) => at > start && at < end;
  const marks = [start, end, ...own.flatMap(({ from, to }) => [from, to]).filter(within)];
  const cuts = [...new Set(marks)].sort((a, b) => (a < b ? -1 : 1));
  let covered = 0n;
  let factor = 0n;
  for (let index = 1; index < cuts.length; index += 1) {
    const from = cuts[index - 1] ?? 0n;
    const to = cuts[index] ?? 0n;
    const over = own.filter((storm) => storm.from <= from && storm.to >= to);
    if (over.length > 0) covered += to - from;
    for (const storm of over) if (storm.factor > factor) factor = storm.factor;
  }
  const gigabyte = 1_073_741_824n;
  const billion = 1_000_000_000n;
  const rate = billionths(terms.rateCentsPerGb);
  const primary = halfUp(BigInt(snapshot.primaryBytes) * rate, gigabyte * billion);
  const backup = halfUp(BigInt(snapshot.backupBytes) * rate, gigabyte * billion);
  const full = halfUp(backup * billionths(terms.discountRate) * factor * covered, billion * billion * (end - start));
  const amount = primary + backup;
  return {
    service: snapshot.service,
    windowStart: textOf(start),
    amountCents: Number(amount),
    discountCents: Number(full < amount ? full : amount),
    stormMicroseconds: Number(covered),
  };
};

/** What one invoice over all windows of a world must hold, by window start, then service. */
export const refereeLines = (world: World, terms: Terms): RefereeLine[] =>
  world.snapshots
    .map((snapshot) => judge(snapshot, world.storms, terms))
    .sort((a, b) => (a.windowStart === b.windowStart ? a.service - b.service : a.windowStart < b.windowStart ? -1 : 1));
