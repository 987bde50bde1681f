import type { ProbePath } from "../../../domain/detection/probe.ts";

/** Times are epoch milliseconds; `fromMs` and `toMs` are multiples of `stepMs`. */
export type AvailabilityQuery = {
  readonly path: ProbePath;
  /** Null: every vantage together. */
  readonly vantage: string | null;
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
};

/** Samples with probed_at in [startMs, startMs + step), over all domains of the service. */
export type AvailabilityPoint = {
  readonly startMs: number;
  readonly samples: number;
  readonly ok: number;
  /** Of the samples that were ok; null where none was. */
  readonly p50LatencyMs: number | null;
  readonly p95LatencyMs: number | null;
};

/** Results of the probes, as far back as they are kept. */
export interface AvailabilityStore {
  /** Ascending, one point a step, those without samples too. Null where the customer has no such service. */
  series(customerId: number, serviceId: number, query: AvailabilityQuery): Promise<AvailabilityPoint[] | null>;
}
