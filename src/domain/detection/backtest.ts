import type { LowMinute, Replayed, ReplaySetup, TraceSample } from "./replay.ts";
import { Replay } from "./replay.ts";

const minuteMs = 60_000;

/** The outcome of a policy over a span of time, actual or simulated. */
export type StormSpan = {
  readonly startedAtMs: number;
  readonly detectedAtMs: number;
  readonly recoveringSinceMs: number | null;
  readonly endedAtMs: number | null;
  readonly relapses: number;
};

export type Covered = { readonly total: number; readonly covered: number };

export type Coverage = {
  readonly relapses: number;
  /** Creditable time under a storm: an open storm runs to the end of the span, a recovering one to T. */
  readonly coveredMs: number;
  /** Minutes in which the primary was down by the policy's own rule: below the threshold, with enough failures. */
  readonly badMinutes: Covered;
  /** Minutes in which availability was below the threshold, even by a single lost sample. */
  readonly lowMinutes: Covered;
  /** From the first failed sample of each storm to the round that found it, ascending. */
  readonly detectionDelaysMs: readonly number[];
};

/** When the credit of a storm ends, within a span that ends at `toMs` (semantics §9). */
const creditedUntil = (storm: StormSpan, toMs: number): number => Math.min(toMs, storm.endedAtMs ?? storm.recoveringSinceMs ?? toMs);

/** Compares storms, oldest first, with the bad minutes. A minute is covered where a storm was active in it. */
export const coverageOf = (storms: readonly StormSpan[], minutes: readonly LowMinute[], fromMs: number, toMs: number): Coverage => {
  const spans = storms.map((storm) => ({ fromMs: Math.max(fromMs, storm.startedAtMs), toMs: creditedUntil(storm, toMs) }));
  const isCovered = ({ startMs }: LowMinute) => spans.some((span) => span.fromMs < startMs + minuteMs && span.toMs > startMs);
  const count = (wanted: readonly LowMinute[]): Covered => ({ total: wanted.length, covered: wanted.filter(isCovered).length });
  return {
    relapses: storms.reduce((sum, { relapses }) => sum + relapses, 0),
    coveredMs: spans.reduce((sum, span) => sum + Math.max(0, span.toMs - span.fromMs), 0),
    badMinutes: count(minutes.filter(({ down }) => down)),
    lowMinutes: count(minutes),
    detectionDelaysMs: storms.map(({ startedAtMs, detectedAtMs }) => detectedAtMs - startedAtMs).sort((a, b) => a - b),
  };
};

export type Backtest = Coverage & Pick<Replayed, "storms">;

/** Storms that covered no minute in which the primary was down by the policy's own rule: switches for nothing. */
export const needlessOf = (storms: readonly StormSpan[], minutes: readonly LowMinute[], toMs: number): number => {
  const down = minutes.filter((minute) => minute.down);
  const isNeeded = ({ startedAtMs, endedAtMs }: StormSpan): boolean =>
    down.some(({ startMs }) => startedAtMs < startMs + minuteMs && (endedAtMs ?? toMs) > startMs);
  return storms.filter((storm) => !isNeeded(storm)).length;
};

/** Replays samples, round by round, up to `toMs`. @throws RangeError where they are not in the order of rounds */
export const replayAll = (samples: Iterable<TraceSample>, setup: ReplaySetup, toMs: number): Replayed => {
  const replay = new Replay(setup);
  for (const sample of samples) replay.take(sample);
  return replay.finish(toMs);
};

/** A replay with its outcome. */
export const summarize = ({ storms, lowMinutes }: Replayed, fromMs: number, toMs: number): Backtest => ({
  storms,
  ...coverageOf(storms, lowMinutes, fromMs, toMs),
});
