import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import type { ExportedObjective } from "../../../src/domain/slo/openslo.ts";
import { openSlo } from "../../../src/domain/slo/openslo.ts";
import { terms } from "./terms.ts";

const objective = (own: Partial<ExportedObjective> = {}): ExportedObjective => ({
  id: 12,
  name: "Checkout, for visitors",
  serviceId: 7,
  serviceName: "shop: EU",
  terms: terms({ target: 99.95 }),
  createdAtMs: Date.UTC(2026, 10, 27, 12),
  ...own,
});

const windows = [{ days: 1 }, { days: 30 }, { days: 400 }, { calendar: "week" }, { calendar: "month" }] as const;

/** A document as whoever reads YAML has it. */
type About = { readonly name: string; readonly annotations?: Readonly<Record<string, unknown>> };
type Metric = { readonly metricSource: { readonly spec: object } };
type Loose = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: About;
  readonly spec: {
    readonly description: string;
    readonly service: string;
    readonly indicatorRef?: string;
    readonly indicator: {
      readonly metadata: About;
      readonly spec: { readonly ratioMetric: { readonly good?: Metric; readonly bad: Metric; readonly total: Metric } };
    };
    readonly timeWindow: readonly {
      readonly duration: string;
      readonly isRolling: boolean;
      readonly calendar?: { readonly startTime: string };
    }[];
    readonly budgetingMethod: string;
    readonly objectives: readonly { readonly target?: number; readonly targetPercent: number; readonly timeSliceWindow?: string }[];
  };
};

/** What the specification of OpenSLO v1 asks of an SLO, as far as one of these could be wrong. */
const faults = (document: Loose): readonly string[] => {
  const wrong: string[] = [];
  const demand = (holds: boolean, what: string) => void (holds || wrong.push(what));
  const keys = (of: object, required: readonly string[], optional: readonly string[] = []) => {
    for (const key of required) demand(Object.hasOwn(of, key), `${key} is missing`);
    for (const key of Object.keys(of)) demand([...required, ...optional].includes(key), `${key} is not known`);
  };
  const { apiVersion, kind, metadata, spec } = document;
  const named = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
  keys(document, ["apiVersion", "kind", "metadata", "spec"]);
  demand(apiVersion === "openslo/v1" && kind === "SLO", "kind");
  for (const about of [metadata, spec.indicator.metadata]) {
    keys(about, ["name"], ["displayName", "labels", "annotations"]);
    demand(named.test(about.name), "name");
  }
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    demand(/^[a-zA-Z0-9]([\w.-]{0,61}[a-zA-Z0-9])?$/.test(key) && typeof value === "string", `annotation ${key}`);
  }
  keys(spec, ["service", "budgetingMethod", "objectives"], ["description", "indicator", "indicatorRef", "timeWindow", "alertPolicies"]);
  demand(spec.description.length <= 1_050 && spec.service !== "", "description or service");
  demand((spec.indicator === undefined) !== (spec.indicatorRef === undefined), "one indicator");
  keys(spec.indicator.spec, [], ["description", "thresholdMetric", "ratioMetric"]);
  const ratio = spec.indicator.spec.ratioMetric;
  keys(ratio, ["total", "counter"], ["good", "bad"]);
  demand((ratio.good === undefined) !== (ratio.bad === undefined), "good or bad");
  for (const metric of [ratio.bad, ratio.total]) {
    keys(metric, ["metricSource"]);
    keys(metric.metricSource, ["spec"], ["metricSourceRef", "type"]);
    demand(Object.keys(metric.metricSource.spec).length > 0, "spec of a metric");
  }
  demand(spec.timeWindow.length === 1, "one window");
  const [window = { duration: "", isRolling: false }] = spec.timeWindow;
  keys(window, ["duration", "isRolling"], ["calendar"]);
  demand(/^[1-9]\d*[mhdwMQY]$/.test(window.duration), "duration");
  demand(window.isRolling === (window.calendar === undefined), "rolling or calendar");
  if (window.calendar !== undefined) {
    keys(window.calendar, ["startTime", "timeZone"]);
    demand(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(window.calendar.startTime), "startTime");
  }
  demand(["Occurrences", "Timeslices", "RatioTimeslices"].includes(spec.budgetingMethod), "method");
  for (const one of spec.objectives) {
    keys(one, [], ["displayName", "target", "targetPercent", "timeSliceTarget", "timeSliceWindow"]);
    demand((one.target === undefined) !== (one.targetPercent === undefined), "one target");
    demand(one.targetPercent >= 0 && one.targetPercent < 100, "targetPercent");
    demand(spec.budgetingMethod === "Occurrences" || one.timeSliceWindow !== undefined, "slices");
  }
  return wrong;
};

describe("an objective as OpenSLO", () => {
  it("says what it promises", () => {
    const asked = terms({ target: 99.95, dependencyExclusion: "self-only", excludedUpstreams: ["fastly"] });
    expect(openSlo(objective({ terms: asked }))).toEqual({
      apiVersion: "openslo/v1",
      kind: "SLO",
      metadata: {
        name: "objective-12",
        displayName: "Checkout, for visitors",
        annotations: { "dependency-exclusion": "self-only", "excluded-upstreams": "fastly", "service-name": "shop: EU" },
      },
      spec: {
        description:
          "The part of the measured time in which visitors were served, or were not only because of an upstream that is forgiven.",
        service: "service-7",
        indicator: {
          metadata: { name: "objective-12-availability", displayName: "Availability to visitors" },
          spec: {
            ratioMetric: {
              counter: false,
              bad: { metricSource: { type: "tranche", spec: { path: "/v1/services/7/objectives/12", figure: "consumed" } } },
              total: { metricSource: { type: "tranche", spec: { path: "/v1/services/7/objectives/12", figure: "measured" } } },
            },
          },
        },
        timeWindow: [{ duration: "30d", isRolling: true }],
        budgetingMethod: "Occurrences",
        objectives: [{ displayName: "Checkout, for visitors", targetPercent: 99.95 }],
      },
    });
  });

  it.each([
    [windows[0], { duration: "1d", isRolling: true }],
    [windows[3], { duration: "1w", calendar: { startTime: "2026-11-23 00:00:00", timeZone: "UTC" }, isRolling: false }],
    [windows[4], { duration: "1M", calendar: { startTime: "2026-11-01 00:00:00", timeZone: "UTC" }, isRolling: false }],
  ])("has the window %o", (window, expected) => {
    expect(openSlo(objective({ terms: terms({ window }) })).spec.timeWindow).toEqual([expected]);
  });

  it("keeps to the specification, and survives YAML", () => {
    for (const window of windows) {
      for (const dependencyExclusion of ["strict", "self-only"] as const) {
        const document = openSlo(objective({ terms: terms({ window, dependencyExclusion, target: 99.99999 }), name: "yes: # no" }));
        expect(faults(document)).toEqual([]);
        expect(parse(stringify(document))).toEqual(document);
      }
    }
  });
});
