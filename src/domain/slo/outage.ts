import type { StateSpan } from "./tally.ts";

/** An outage that is over: all its pieces, whoever was to blame, and the time within it in which nothing was known. */
export type Outage = {
  /** Microseconds since the epoch. */
  readonly fromUs: number;
  readonly toUs: number;
  /** It ended because visitors were moved to the backup, while the primary stayed down. */
  readonly movedAway: boolean;
};

/** The outages among recorded spans that are over: each ended when the service was up. @param spans ascending, without gap */
export const outagesOf = (spans: readonly StateSpan[]): readonly Outage[] =>
  spans.flatMap((span, nth) => {
    const fromUs = spans[nth - 1]?.outageAtUs ?? null;
    return span.outageAtUs === null && fromUs !== null ? [{ fromUs, toUs: span.fromUs, movedAway: span.avoided }] : [];
  });
