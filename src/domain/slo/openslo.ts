import { rfc3339 } from "../platform/calendar.ts";
import type { ObjectiveTerms } from "./objective.ts";
import { windowAt } from "./objective.ts";

/** An objective, with the service that it is of. */
export type ExportedObjective = {
  readonly id: number;
  readonly name: string;
  readonly serviceId: number;
  readonly serviceName: string;
  readonly terms: ObjectiveTerms;
  /** Epoch milliseconds: a calendar window is written as counted from then. */
  readonly createdAtMs: number;
};

type Metric = { readonly metricSource: { readonly type: string; readonly spec: Readonly<Record<string, string | number>> } };

/** An SLO of OpenSLO v1 (github.com/OpenSLO/OpenSLO), as far as tranche has what it asks for. */
export type OpenSlo = {
  readonly apiVersion: "openslo/v1";
  readonly kind: "SLO";
  readonly metadata: { readonly name: string; readonly displayName: string; readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly description: string;
    readonly service: string;
    readonly indicator: {
      readonly metadata: { readonly name: string; readonly displayName: string };
      readonly spec: { readonly ratioMetric: { readonly counter: boolean; readonly bad: Metric; readonly total: Metric } };
    };
    readonly timeWindow: readonly [
      | { readonly duration: string; readonly isRolling: true }
      | {
          readonly duration: string;
          readonly calendar: { readonly startTime: string; readonly timeZone: "UTC" };
          readonly isRolling: false;
        },
    ];
    readonly budgetingMethod: "Occurrences";
    readonly objectives: readonly [{ readonly displayName: string; readonly targetPercent: number }];
  };
};

/** The form of a date in a calendar window: without a zone. */
const dateTime = (us: number): string =>
  rfc3339(us / 1_000)
    .slice(0, 19)
    .replace("T", " ");

const timeWindow = ({ terms, createdAtMs }: ExportedObjective): OpenSlo["spec"]["timeWindow"] => {
  if ("days" in terms.window) return [{ duration: `${terms.window.days}d`, isRolling: true }];
  const startTime = dateTime(windowAt(terms, createdAtMs * 1_000).fromUs);
  return [{ duration: terms.window.calendar === "week" ? "1w" : "1M", calendar: { startTime, timeZone: "UTC" }, isRolling: false }];
};

/**
 * An objective as a document of OpenSLO v1. Its method is `Occurrences`, of which the occurrences are microseconds: bad ones of all that
 * were measured. `Timeslices` would round an outage to slices, which tranche does not. Burn alerts are left out: a condition of
 * OpenSLO has one look-back, theirs have two.
 */
export const openSlo = (objective: ExportedObjective): OpenSlo => {
  const { id, name, serviceId, serviceName, terms } = objective;
  const isStrict = terms.dependencyExclusion === "strict";
  const metric = (figure: string): Metric => ({
    metricSource: { type: "tranche", spec: { path: `/v1/services/${serviceId}/objectives/${id}`, figure } },
  });
  const annotations = {
    "dependency-exclusion": terms.dependencyExclusion,
    ...(terms.excludedUpstreams.length === 0 ? {} : { "excluded-upstreams": terms.excludedUpstreams.join(",") }),
    "service-name": serviceName,
  };
  return {
    apiVersion: "openslo/v1",
    kind: "SLO",
    metadata: { name: `objective-${id}`, displayName: name, annotations },
    spec: {
      description: isStrict
        ? "The part of the measured time in which visitors were served, whoever is to blame for the rest."
        : "The part of the measured time in which visitors were served, or were not only because of an upstream that is forgiven.",
      service: `service-${serviceId}`,
      indicator: {
        metadata: { name: `objective-${id}-availability`, displayName: "Availability to visitors" },
        spec: { ratioMetric: { counter: false, bad: metric("consumed"), total: metric("measured") } },
      },
      timeWindow: timeWindow(objective),
      budgetingMethod: "Occurrences",
      objectives: [{ displayName: name, targetPercent: terms.target }],
    },
  };
};
