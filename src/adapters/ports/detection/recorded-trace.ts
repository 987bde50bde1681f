import type { Vantage } from "../../../domain/detection/vantage.ts";
import type { TraceSample } from "../../../domain/detection/replay.ts";
import type { StormKind } from "../../../domain/steering/steering.ts";
import type { StormPolicy } from "./policies.ts";
import type { Storm } from "./storms.ts";

/** Times are epoch milliseconds, half-open. Samples from `leadInMs` before are included, to fill the first window. */
export type TraceQuery = {
  readonly kind: StormKind;
  readonly fromMs: number;
  readonly toMs: number;
  readonly leadInMs: number;
  readonly maxSamples: number;
  readonly maxStorms: number;
};

/** The samples recorded for a service, by its present domains. */
export type RecordedTrace = {
  readonly cdns: readonly string[];
  /** Round by round; null: more than `maxSamples`. */
  readonly samples: readonly TraceSample[] | null;
  /** Vantages that had been heard in the day before the first sample. */
  readonly vantages: readonly Vantage[];
  /** Storms of the kind that overlap the span, oldest first; null: more than `maxStorms`. */
  readonly storms: readonly Storm[] | null;
  /** The live policy of the kind. */
  readonly policy: StormPolicy | null;
};

/** Recorded samples, for replay. */
export interface RecordedTraces {
  /** One round trip. Null where the customer has no such service. */
  read(customerId: number, serviceId: number, query: TraceQuery): Promise<RecordedTrace | null>;
}
