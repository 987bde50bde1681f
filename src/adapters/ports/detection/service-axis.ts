import type { ProbePath } from "../../../domain/detection/probe.ts";
import type { AxisChange, AxisOrder, DomainWeights } from "../../../domain/steering/axis.ts";
import type { RoutingChange } from "../steering/routing.ts";
import type { Storm } from "./storms.ts";

/** Half-open, in epoch milliseconds: whole steps, at most `mostSteps` of them. */
export type AxisQuery = {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
  /** Medians are found for `latency` alone: they are most of the work. */
  readonly figure: "success" | "latency";
};

export const mostSteps = 400;

/** One step that was probed: its number, samples, those that were ok, the median latency of these in ms where it was asked for. */
export type AxisPoint = readonly [step: number, samples: number, ok: number, p50LatencyMs: number | null];

/** What one vantage saw of one path, all domains together. Ascending, without the steps that have no samples. */
export type AxisSeries = { readonly path: ProbePath; readonly vantage: string; readonly points: readonly AxisPoint[] };

export type AxisStorm = Pick<Storm, "id" | "kind" | "state" | "startedAtMs" | "endedAtMs">;

/** A switch as it is drawn; `result` says whether DNS took it. */
export type AxisSwitch = AxisChange & Pick<RoutingChange, "id" | "stormId" | "reason" | "actor" | "result">;

/** All that happened to one service within a span, to be put on one axis of time. */
export type AxisView = {
  /** By path, then vantage. Null: too much was probed to be added up in time. */
  readonly series: readonly AxisSeries[] | null;
  /** Those that overlap the span, oldest first; of very many the newest. */
  readonly storms: readonly AxisStorm[];
  /** Oldest first; of very many the newest. */
  readonly switches: readonly AxisSwitch[];
  /** Whether there were more storms, switches or orders than are given. */
  readonly isCut: boolean;
  /** Orders by hand within the span, and the last one before it; oldest first. */
  readonly orders: readonly AxisOrder[];
  /** The weights of its domains when the span begins. */
  readonly weights: readonly DomainWeights[];
};

export interface ServiceAxis {
  /** Null where the customer has no such service. */
  read(customerId: number, serviceId: number, query: AxisQuery): Promise<AxisView | null>;
}
