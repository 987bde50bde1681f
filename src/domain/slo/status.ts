/**
 * What was measured of an objective in a span of time, corrections taken out. Microseconds. The database adds it up
 * (`adapters/db/slo/tally.ts`); `test/domain/slo` does so second by second.
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
  /** By length of the look-back (`domain/slo/burn.ts`). */
  readonly burn: Readonly<Record<BurnWindow, Pick<Tally, "measuredUs" | "consumedUs">>>;
  /** Since when the service is in an outage that is not over, microseconds; null: it is not. */
  readonly openSinceUs: number | null;
  /** Time in the window in which visitors were on the backup because the primary was down. */
  readonly avoidedUs: number;
  /** Whether part of it was computed from minute rollups. */
  readonly reconstructed: boolean;
};

/** The look-backs of burn alerts, named by their length in a window of seven days or more. */
export type BurnWindow = "5m" | "30m" | "1h" | "6h" | "3d";
