import { lookBackUs, lookBacks } from "./look-back.ts";
import type { BurnWindow } from "./look-back.ts";
import type { ObjectiveTerms, SpanUs } from "./objective.ts";
import { consumes, windowAt } from "./objective.ts";
import { longestSilenceMs } from "./visitors.ts";
import type { Condition, Span } from "./visitors.ts";

/**
 * What was measured of an objective in a span of time, corrections taken out. Microseconds. The database adds it up
 * (`adapters/db/slo/tally.ts`), and so does `tallyOf`; `test/domain/slo` does so second by second.
 */
export type Tally = {
  /** Of the span so far, what lies after the service was first measured. */
  readonly elapsedUs: number;
  /** Up or down. */
  readonly measuredUs: number;
  /** All downtime. */
  readonly downUs: number;
  /** The part of it that consumes the budget. */
  readonly consumedUs: number;
};

/** Tallies of a moment: of the objective's window and of those of its burn alerts. */
export type Tallies = {
  readonly window: Tally;
  /** Downtime in the window by who is to blame; the service itself under "". */
  readonly byUpstream: Readonly<Record<string, number>>;
  /**
   * By length of the look-back (`domain/slo/burn.ts`). What lies before the service was first measured counts as good: else the first
   * failed probe of a new service would burn as if it had failed for an hour.
   */
  readonly burn: Readonly<Record<BurnWindow, Pick<Tally, "measuredUs" | "consumedUs">>>;
  /** Since when the service is in an outage that is not over, microseconds; null: it is not. */
  readonly openSinceUs: number | null;
  /** Time in the window in which visitors were on the backup because the primary was down. */
  readonly avoidedUs: number;
  /** Whether part of it was computed from minute rollups. */
  readonly reconstructed: boolean;
};

/** A recorded span in microseconds. `toUs` null: it is the present one. */
export type StateSpan = Pick<Condition, "state" | "upstreamCdn" | "avoided"> & {
  readonly fromUs: number;
  readonly toUs: number | null;
  readonly outageAtUs: number | null;
  readonly reconstructed?: boolean;
};

/** All that is known of a service. `spans`: ascending, without gap or overlap. */
export type History = {
  readonly spans: readonly StateSpan[];
  /** Time that does not count, in any order; they may overlap. */
  readonly corrections: readonly SpanUs[];
  /** When a round last judged the service; null: not known, and the present span is believed. */
  readonly judgedUs: number | null;
};

/** Spans as rounds find them, as they are recorded: each ends where the next begins. */
export const recorded = (spans: readonly Span[]): readonly StateSpan[] =>
  spans.map(({ state, upstreamCdn, avoided, startedAtMs, outageAtMs }, nth) => {
    const next = spans[nth + 1];
    return {
      state,
      upstreamCdn,
      avoided,
      fromUs: startedAtMs * 1_000,
      toUs: next === undefined ? null : next.startedAtMs * 1_000,
      outageAtUs: outageAtMs === null ? null : outageAtMs * 1_000,
    };
  });

/** The union of spans, cut to bounds: ascending, disjoint, none empty. */
const union = (spans: readonly SpanUs[], { fromUs, toUs }: SpanUs): readonly SpanUs[] => {
  const joined: SpanUs[] = [];
  for (const one of spans.toSorted((a, b) => a.fromUs - b.fromUs)) {
    const from = Math.max(one.fromUs, fromUs, joined.at(-1)?.toUs ?? fromUs);
    const to = Math.min(one.toUs, toUs);
    if (to > from) joined.push({ fromUs: from, toUs: to });
  }
  return joined;
};

/** How much of a span disjoint ones leave. */
const leftOf = (span: SpanUs, taken: readonly SpanUs[]): number =>
  taken.reduce(
    (left, { fromUs, toUs }) => left - Math.max(0, Math.min(toUs, span.toUs) - Math.max(fromUs, span.fromUs)),
    Math.max(0, span.toUs - span.fromUs),
  );

type SpanTally = Tally & Pick<Tallies, "byUpstream" | "avoidedUs" | "reconstructed">;

/**
 * Adds up what lies in a span of time. Exact: integers.
 * @param spans ascending, without overlap; one without an end reaches to the end of `span`
 * @param corrections time that is taken out: their union counts
 * @param span an outage that reaches beyond it counts for what lies inside
 */
export const tallyOf = (spans: readonly StateSpan[], corrections: readonly SpanUs[], span: SpanUs, terms: ObjectiveTerms): SpanTally => {
  const taken = union(corrections, span);
  const trackedUs = spans[0]?.fromUs ?? Number.POSITIVE_INFINITY;
  const total = { measuredUs: 0, downUs: 0, consumedUs: 0, avoidedUs: 0 };
  const byUpstream = new Map<string, number>();
  let reconstructed = false;
  for (const one of spans) {
    const us = leftOf({ fromUs: Math.max(one.fromUs, span.fromUs), toUs: Math.min(one.toUs ?? span.toUs, span.toUs) }, taken);
    if (us === 0) continue;
    reconstructed ||= one.reconstructed === true;
    if (one.state === "unknown") continue;
    total.measuredUs += us;
    if (one.avoided) total.avoidedUs += us;
    if (one.state === "up") continue;
    total.downUs += us;
    if (consumes(terms, one.upstreamCdn)) total.consumedUs += us;
    byUpstream.set(one.upstreamCdn ?? "", (byUpstream.get(one.upstreamCdn ?? "") ?? 0) + us);
  }
  const elapsedUs = leftOf({ fromUs: Math.max(span.fromUs, trackedUs), toUs: span.toUs }, taken);
  return { elapsedUs, ...total, byUpstream: Object.fromEntries(byUpstream), reconstructed };
};

/** The spans until now; the present one ends with the last judged round, where that is too long ago for it to be believed. */
const until = (spans: readonly StateSpan[], judgedUs: number | null, nowUs: number): readonly StateSpan[] => {
  const isSilent = judgedUs !== null && nowUs - judgedUs > longestSilenceMs * 1_000;
  return spans
    .filter(({ fromUs }) => fromUs < nowUs)
    .map((span) => (span.toUs === null && isSilent ? { ...span, toUs: Math.max(span.fromUs, judgedUs) } : span));
};

/** The tallies of an objective, as the database has them. @param nowUs microseconds since the epoch */
export const talliesOf = ({ spans, corrections, judgedUs }: History, terms: ObjectiveTerms, nowUs: number): Tallies => {
  const past = until(spans, judgedUs, nowUs);
  const trackedUs = past[0]?.fromUs ?? Number.NEGATIVE_INFINITY;
  const since = (fromUs: number) => tallyOf(past, corrections, { fromUs, toUs: nowUs }, terms);
  const { byUpstream, avoidedUs, reconstructed, ...window } = since(windowAt(terms, nowUs).fromUs);
  const burn = lookBacks.map(({ name }) => {
    const sinceUs = nowUs - lookBackUs(terms, name);
    const { measuredUs, consumedUs } = since(sinceUs);
    return [name, { measuredUs: measuredUs + Math.max(0, trackedUs - sinceUs), consumedUs }] as const;
  });
  return {
    window,
    byUpstream,
    burn: Object.fromEntries(burn) as Tallies["burn"],
    openSinceUs: spans.findLast(({ fromUs, toUs }) => fromUs <= nowUs && (toUs ?? Number.POSITIVE_INFINITY) > nowUs)?.outageAtUs ?? null,
    avoidedUs,
    reconstructed,
  };
};
