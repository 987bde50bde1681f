import { describe, expect, it } from "vitest";
import type { ObjectiveRecord, ServiceRecord } from "../../../src/domain/slo/achievement.ts";
import { achieved, achievementNames, progressOf } from "../../../src/domain/slo/achievement.ts";
import { dayUs } from "../../../src/domain/slo/objective.ts";
import { outagesOf } from "../../../src/domain/slo/outage.ts";
import { statusOf } from "../../../src/domain/slo/status.ts";
import type { Tally } from "../../../src/domain/slo/tally.ts";
import type { StateSpan } from "../../../src/domain/slo/tally.ts";
import { tallies, terms } from "./terms.ts";

const endUs = Date.UTC(2026, 11, 1) * 1_000;
const minute = 60_000_000;

type Own = Partial<Omit<ObjectiveRecord, "status">> & { readonly window?: Partial<Tally> };

const objective = ({ window = {}, ...own }: Own = {}): ObjectiveRecord => ({
  objectiveId: 1,
  terms: terms(),
  verdict: "good",
  streak: 1,
  status: statusOf(own.terms ?? terms(), tallies(window), endUs),
  ...own,
});
const down = (minutes: number, own: Own = {}): ObjectiveRecord =>
  objective({ window: { downUs: Math.round(minutes * minute), consumedUs: Math.round(minutes * minute) }, ...own });

/** A service that is measured for so many days. */
const service = (objectives: readonly ObjectiveRecord[], days = 400, own: Partial<ServiceRecord> = {}): ServiceRecord => ({
  endUs,
  trackedSinceUs: endUs - days * dayUs,
  objectives,
  domains: { live: 2, covered: 1 },
  outages: [],
  ...own,
});
const names = (record: ServiceRecord) => achieved(record).map(({ name }) => name);
const has = (name: string, record: ServiceRecord) => names(record).includes(name as never);

describe("achievements", () => {
  it("are these nine", () => {
    expect(achievementNames).toEqual([
      "first_steps",
      "full_coverage",
      "iron_uptime",
      "diamond_uptime",
      "nines_club",
      "budget_miser",
      "clean_sheet",
      "cascade_breaker",
      "rapid_recovery",
    ]);
  });

  it("on day one are the first steps, and nothing that takes time, however perfect the day", () => {
    const window = { elapsedUs: dayUs, measuredUs: dayUs };
    expect(names(service([objective({ window })], 1))).toEqual(["first_steps"]);
    expect(names(service([objective({ window }), objective({ window, terms: terms({ window: { calendar: "month" } }) })], 29))).toEqual([
      "first_steps",
    ]);
    expect(names(service([]))).toEqual([]);
  });

  it("over a full window need all of it to have passed since the service is measured", () => {
    const perfect = ["nines_club", "budget_miser", "clean_sheet"];
    const own = (days: number, microseconds = 0) =>
      names({ ...service([objective()]), trackedSinceUs: endUs - days * dayUs + microseconds }).filter((name) => perfect.includes(name));
    expect([own(29), own(30, 1), own(30), own(31)]).toEqual([[], [], perfect, perfect]);
    const of = (days: number, asked: ObjectiveRecord["terms"]) => has("clean_sheet", service([objective({ terms: asked })], days));
    // November has 30 days; on 1 December its window ends.
    expect([of(29, terms({ window: { calendar: "month" } })), of(30, terms({ window: { calendar: "month" } }))]).toEqual([false, true]);
    // 1 December 2026 is a Tuesday: its week has only begun.
    expect(of(400, terms({ window: { calendar: "week" } }))).toBe(false);
    expect([of(399, terms({ window: { days: 400 } })), of(400, terms({ window: { days: 400 } }))]).toEqual([false, true]);
    expect(names({ ...service([objective()]), trackedSinceUs: null })).toEqual(["first_steps"]);
  });

  it.each([
    ["nines_club", 4.32, true],
    ["nines_club", 4.320_001, false],
    ["budget_miser", 4.32, true],
    ["budget_miser", 4.320_001, false],
    ["clean_sheet", 0, true],
    ["clean_sheet", 0.000_001, false],
  ])("%s with %d minutes of downtime: %s", (name, minutes, expected) => {
    expect(has(name, service([down(minutes)]))).toBe(expected);
  });

  it("are not earned on a day of which too little is known", () => {
    const upstream = { terms: terms({ dependencyExclusion: "self-only" }), window: { downUs: minute } };
    for (const [name, own] of [
      ["nines_club", {}],
      ["budget_miser", {}],
      ["clean_sheet", {}],
      ["cascade_breaker", upstream],
    ] as const) {
      expect([name, has(name, service([objective(own)]))]).toEqual([name, true]);
      expect([name, has(name, service([objective({ ...own, verdict: "insufficient" })]))]).toEqual([name, false]);
    }
  });

  it("clean_sheet is strict, whatever the objective forgives", () => {
    const forgiven = objective({ terms: terms({ dependencyExclusion: "self-only" }), window: { downUs: minute, consumedUs: 0 } });
    expect(names(service([forgiven]))).toEqual(["first_steps", "nines_club", "budget_miser", "cascade_breaker"]);
  });

  it("cascade_breaker needs an upstream that failed, and nothing consumed", () => {
    const selfOnly = terms({ dependencyExclusion: "self-only" });
    const of = (downUs: number, consumedUs: number, asked = selfOnly) =>
      has("cascade_breaker", service([objective({ terms: asked, window: { downUs, consumedUs } })]));
    expect([of(minute, 0), of(0, 0), of(minute, 1), of(minute, 0, terms())]).toEqual([true, false, false, false]);
  });

  it("are of days in a row", () => {
    const of = (streak: number) => names(service([objective({ streak })], 3)).filter((name) => name.endsWith("uptime"));
    expect([of(6), of(7), of(29), of(30)]).toEqual([[], ["iron_uptime"], ["iron_uptime"], ["iron_uptime", "diamond_uptime"]]);
  });

  it("full_coverage needs every live domain under an objective", () => {
    const of = (live: number, covered: number, objectives = [objective()]) =>
      has("full_coverage", service(objectives, 1, { domains: { live, covered } }));
    expect([of(2, 2), of(2, 1), of(0, 0), of(2, 2, [])]).toEqual([true, false, false, false]);
  });

  it("rapid_recovery needs an outage of 300 s at most, ended by the move", () => {
    const of = (seconds: number, movedAway: boolean) =>
      has("rapid_recovery", service([], 1, { outages: [{ fromUs: 0, toUs: seconds * 1_000_000, movedAway }] }));
    expect([of(300, true), of(300.000_001, true), of(10, false)]).toEqual([true, false, false]);
  });

  it("name the objective that is farthest", () => {
    const record = service([down(20), objective({ objectiveId: 2, streak: 5 }), objective({ objectiveId: 3 })]);
    expect(achieved(record).map(({ name, objectiveId }) => [name, objectiveId])).toEqual([
      ["first_steps", 1],
      ["nines_club", 2],
      ["budget_miser", 2],
      ["clean_sheet", 2],
    ]);
    expect(progressOf(record).find(({ name }) => name === "iron_uptime")).toEqual({
      name: "iron_uptime",
      current: 5,
      target: 7,
      unit: "days",
      objectiveId: 2,
    });
  });
});

describe("milestones", () => {
  it("say how far it is", () => {
    const record = service([objective({ streak: 12 })], 12.5, { domains: { live: 4, covered: 3 } });
    expect(progressOf(record).map(({ name, current, target, unit }) => [name, current, target, unit])).toEqual([
      ["first_steps", 1, 1, "objectives"],
      ["full_coverage", 3, 4, "domains"],
      ["iron_uptime", 7, 7, "days"],
      ["diamond_uptime", 12, 30, "days"],
      ["nines_club", 12, 30, "days"],
      ["budget_miser", 12, 30, "days"],
      ["clean_sheet", 12, 30, "days"],
      ["cascade_breaker", 0, 1, "outages"],
      ["rapid_recovery", 0, 1, "outages"],
    ]);
  });

  it("begin anew where the condition does not hold", () => {
    expect(
      progressOf(service([down(5)]))
        .filter(({ unit }) => unit === "days")
        .map(({ current }) => current),
    ).toEqual([1, 1, 0, 0, 0]);
  });
});

describe("an outage", () => {
  const span = (fromUs: number, state: StateSpan["state"], outageAtUs: number | null, avoided = false): StateSpan => ({
    fromUs,
    toUs: null,
    state,
    upstreamCdn: null,
    avoided,
    outageAtUs,
  });

  it("is all its pieces, with what was unknown between them: a piece that ends is no recovery", () => {
    const spans = [
      span(0, "up", null),
      span(10, "down", 10),
      span(20, "unknown", 10),
      span(30, "down", 10),
      span(40, "down", 10),
      span(70, "up", null, true),
    ];
    expect(outagesOf(spans)).toEqual([{ fromUs: 10, toUs: 70, movedAway: true }]);
  });

  it("is over when the service is up, whoever did it", () => {
    expect(outagesOf([span(10, "down", 10), span(20, "up", null), span(30, "down", 30), span(40, "up", null, true)])).toEqual([
      { fromUs: 10, toUs: 20, movedAway: false },
      { fromUs: 30, toUs: 40, movedAway: true },
    ]);
    expect(outagesOf([span(10, "down", 10), span(20, "unknown", 10)])).toEqual([]);
    expect(outagesOf([span(0, "up", null), span(20, "unknown", null), span(30, "up", null)])).toEqual([]);
  });
});
