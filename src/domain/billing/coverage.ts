import { compare, parseDecimal } from "./money.ts";

/** A storm as billing sees it. `maxCoverageFactor` is the factor with which it began, a decimal number as text. */
export type BilledStorm = {
  readonly state: "storm" | "recovering" | "ended";
  readonly startedAtMs: number;
  readonly recoveringSinceMs: number | null;
  readonly endedAtMs: number | null;
  readonly maxCoverageFactor: string;
  /** Only a storm that has earned its credit counts. */
  readonly credit: "earned" | "pending" | "refused";
  /** Until when a corroborated storm counts at most; null, or absent: no such limit. */
  readonly creditedUntilMs?: number | null;
};

/** Half-open: [startMs, endMs). */
export type Span = { readonly startMs: number; readonly endMs: number };

export type Coverage = {
  /** The union of the storms within the window: ascending, disjoint, not adjacent. */
  readonly spans: readonly Span[];
  /** Length of that union in microseconds, the unit in which the database measures it. */
  readonly stormMicroseconds: number;
  /** The greatest factor of the storms that overlap the window; "0" where none does. */
  readonly maxCoverageFactor: string;
};

/** Until when a storm counts (semantics §9): its end; while recovering, since when; while open, without end. */
const endOf = (storm: BilledStorm): number => {
  if (storm.state === "ended") return storm.endedAtMs ?? storm.startedAtMs;
  if (storm.state === "recovering") return storm.recoveringSinceMs ?? storm.startedAtMs;
  return Number.POSITIVE_INFINITY;
};

const countedUntilMs = (storm: BilledStorm): number => Math.min(endOf(storm), storm.creditedUntilMs ?? Number.POSITIVE_INFINITY);

/** The part of the storm that counts inside the window; null where it earns nothing or they share no time. */
const clip = (storm: BilledStorm, window: Span): Span | null => {
  if (storm.credit !== "earned") return null;
  const startMs = Math.max(storm.startedAtMs, window.startMs);
  const endMs = Math.min(countedUntilMs(storm), window.endMs);
  return startMs < endMs ? { startMs, endMs } : null;
};

/** The union of spans: ascending, disjoint, not adjacent. */
export const uniteSpans = (spans: readonly Span[]): Span[] => {
  const united: Span[] = [];
  for (const span of spans.toSorted((a, b) => a.startMs - b.startMs)) {
    const last = united.at(-1);
    if (last !== undefined && span.startMs <= last.endMs) {
      united[united.length - 1] = { startMs: last.startMs, endMs: Math.max(last.endMs, span.endMs) };
    } else united.push(span);
  }
  return united;
};

/**
 * How much of a window a service's storms cover, overlapping ones once (semantics §9). Times are whole milliseconds,
 * as tranche writes them. `monitor_only` storms count like any other.
 */
export const coverWindow = (storms: readonly BilledStorm[], window: Span): Coverage => {
  const clipped = storms.flatMap((storm) => {
    const span = clip(storm, window);
    return span === null ? [] : [{ span, factor: storm.maxCoverageFactor }];
  });
  const spans = uniteSpans(clipped.map(({ span }) => span));
  return {
    spans,
    stormMicroseconds: spans.reduce((sum, span) => sum + (span.endMs - span.startMs), 0) * 1_000,
    maxCoverageFactor: clipped.reduce(
      (greatest, { factor }) => (compare(parseDecimal(factor), parseDecimal(greatest)) > 0 ? factor : greatest),
      "0",
    ),
  };
};
