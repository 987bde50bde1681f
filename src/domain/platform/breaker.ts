import type { Backoff } from "../steering/backoff.ts";
import { backoffAfter } from "../steering/backoff.ts";

/**
 * Services outside of tranche that have circuit breakers, one for each account there: `cdn`, a CDN's usage figures; `timestamp`, the
 * time-stamping authority of the evidence; `s3` and `ec2`, an AWS account whose costs are watched; `archive`, where events are kept.
 */
export const breakerKinds = ["cdn", "timestamp", "s3", "ec2", "archive"] as const;
export type BreakerKind = (typeof breakerKinds)[number];

/** What is known of one service, called in the name of one account. */
export type Breaker = {
  /** Epoch milliseconds, ascending: the strikes of the last minute, five at most. */
  readonly recentMs: readonly number[];
  /** Strikes since the last answer, five at most. */
  readonly inARow: number;
  /** How often in a row it was paused without an answer in between; 0: it is closed. */
  readonly pauses: number;
  /** Since when it is open; null: it is closed. */
  readonly openedAtMs: number | null;
  /** From when one call may try again; null: it is closed. */
  readonly probeAtMs: number | null;
};

/** How a call ended. `waitedMs`: how long a failed one kept its caller waiting. `isProbe`: it was the one that tries again. */
export type BreakerEvent = { readonly atMs: number; readonly isProbe: boolean } & (
  | { readonly result: "answered" }
  | { readonly result: "failed"; readonly waitedMs: number }
);

export const closedBreaker: Breaker = { recentMs: [], inARow: 0, pauses: 0, openedAtMs: null, probeAtMs: null };

const enough = 5;
const windowMs = 60_000;
/** Five in a minute is one in twelve seconds: a call that fails after a longer wait stands for as many as would have failed meanwhile. */
const strikeMs = windowMs / enough;

/** Whoever sends events is told "not now" while the archive is paused, and waits: it is tried again soon. Everything else is a job's. */
const pausesOf: Readonly<Record<BreakerKind, Backoff>> = {
  cdn: { firstMs: 60_000, mostMs: 1_800_000 },
  timestamp: { firstMs: 60_000, mostMs: 1_800_000 },
  s3: { firstMs: 60_000, mostMs: 1_800_000 },
  ec2: { firstMs: 60_000, mostMs: 1_800_000 },
  archive: { firstMs: 5_000, mostMs: 60_000 },
};

/** By how much clocks of deployments may differ without anybody noticing. */
export const clocksApartMs = 60_000;

/** No pause of a service ends later than so long from now, whoever has begun it. */
export const longestPauseMs = (kind: BreakerKind): number => pausesOf[kind].mostMs + clocksApartMs;

/** Whether one call may try again. A pause that ends later than any could was begun by a clock that was ahead: nobody waits for that. */
const isDue = (probeAtMs: number, kind: BreakerKind, nowMs: number): boolean =>
  nowMs >= probeAtMs || probeAtMs - nowMs > longestPauseMs(kind);

const strikesOf = (waitedMs: number): number => Math.min(enough, Math.max(1, Math.ceil(waitedMs / strikeMs)));

const open = (breaker: Breaker, atMs: number, kind: BreakerKind, seed: number): Breaker => {
  const pauses = breaker.pauses + 1;
  const openedAtMs = breaker.openedAtMs ?? atMs;
  return { ...breaker, pauses, openedAtMs, probeAtMs: atMs + backoffAfter(pauses, pausesOf[kind], seed) };
};

/**
 * Closed: it opens after five strikes within a minute, or five without an answer in between where calls are rarer than that. Open: only the
 * call that tries again counts; what was under way when it opened does not. That closes it, or pauses it for longer.
 * @param seed of the account, a whole number: jitters its pauses
 * @returns the very same breaker where nothing has changed
 */
export const afterCall = (breaker: Breaker, event: BreakerEvent, kind: BreakerKind, seed: number): Breaker => {
  const { atMs, isProbe, result } = event;
  if (breaker.probeAtMs !== null) {
    if (!isProbe) return breaker;
    return result === "answered" ? closedBreaker : open(breaker, atMs, kind, seed);
  }
  if (result === "answered") return breaker.inARow === 0 ? breaker : { ...breaker, inARow: 0 };
  const strikes = strikesOf(event.waitedMs);
  const recent = [...breaker.recentMs.filter((ms) => ms > atMs - windowMs), ...Array.from({ length: strikes }, () => atMs)];
  const struck: Breaker = {
    ...breaker,
    recentMs: recent.toSorted((a, b) => a - b).slice(-enough),
    inARow: Math.min(enough, breaker.inARow + strikes),
  };
  return recent.length >= enough || struck.inARow >= enough ? open(struck, atMs, kind, seed) : struck;
};

/**
 * How the service may be called now. `freely`: closed; `once`: half-open, by one call of whoever has claimed it; `not`: open, or somebody
 * else tries it.
 * @param claimedUntilMs until when the caller alone may try again; null: it has not claimed that
 */
export const mayBeCalled = (
  { probeAtMs }: Breaker,
  kind: BreakerKind,
  claimedUntilMs: number | null,
  nowMs: number,
): "freely" | "once" | "not" => {
  if (probeAtMs === null) return "freely";
  return isDue(probeAtMs, kind, nowMs) && claimedUntilMs !== null && nowMs < claimedUntilMs ? "once" : "not";
};

export const breakerStates = ["closed", "open", "half-open"] as const;
export type BreakerState = (typeof breakerStates)[number];

/** In one word, for people. `half-open`: the next call, or one that is under way, tries again. */
export const breakerState = ({ probeAtMs }: Pick<Breaker, "probeAtMs">, nowMs: number): BreakerState => {
  if (probeAtMs === null) return "closed";
  return nowMs >= probeAtMs ? "half-open" : "open";
};
