import { describe, expect, it } from "vitest";
import type { DigestObjective, WeekFacts } from "../../../src/domain/slo/digest.ts";
import { digestOf, weekBefore } from "../../../src/domain/slo/digest.ts";
import { lengthOf } from "../../../src/domain/slo/figures.ts";
import type { ObjectiveState } from "../../../src/domain/slo/status.ts";

const line = (objectiveId: number, state: ObjectiveState, remainingPercent: number, weekConsumedUs = 0): DigestObjective => ({
  objectiveId,
  name: `o${objectiveId}`,
  serviceId: 7,
  service: "shop",
  target: 99.9,
  status: { state, availability: 99.95, remaining: lengthOf(1), remainingPercent },
  weekDownUs: weekConsumedUs,
  weekConsumedUs,
});
const facts = (objectives: readonly DigestObjective[]): WeekFacts => ({
  week: "2026-W48",
  objectives,
  storms: 2,
  switches: 3,
  avoidedUs: 600_000_000,
  avoidedCents: 12_345,
  discountCents: 99,
  currency: "EUR",
});
const ids = (lines: readonly { readonly objectiveId: number }[]) => lines.map(({ objectiveId }) => objectiveId);

describe("a digest", () => {
  it("counts each objective once, in its state", () => {
    const digest = digestOf(
      facts([
        line(1, "healthy", 90),
        line(2, "breaching", -5),
        line(3, "at_risk", 10),
        line(4, "degraded", 50),
        line(5, "insufficient_data", 100),
        line(6, "healthy", 80),
      ]),
    );
    expect(digest).toMatchObject({
      objectives: 6,
      states: { healthy: 2, at_risk: 1, degraded: 1, breaching: 1, insufficient_data: 1 },
      week: "2026-W48",
      storms: 2,
      switches: 3,
      avoidedUs: 600_000_000,
      avoidedCents: 12_345,
      discountCents: 99,
      currency: "EUR",
    });
    expect([ids(digest.worst), ids(digest.best)]).toEqual([
      [2, 3, 4],
      [1, 6],
    ]);
    expect(digest.worst[0]).toEqual({
      objectiveId: 2,
      name: "o2",
      serviceId: 7,
      service: "shop",
      target: 99.9,
      state: "breaching",
      availability: 99.95,
      remainingUs: 1,
      remainingPercent: -5,
      weekDownUs: 0,
      weekConsumedUs: 0,
    });
  });

  it("lists three at most of each, and none twice", () => {
    const many = Array.from({ length: 10 }, (_, nth) => line(nth + 1, "healthy", 10 * nth + 1, 5));
    const digest = digestOf(facts(many));
    expect([ids(digest.worst), ids(digest.best)]).toEqual([
      [1, 2, 3],
      [10, 9, 8],
    ]);
  });

  it("calls nothing worst that took nothing from its budget", () => {
    expect(ids(digestOf(facts([line(1, "healthy", 100), line(2, "healthy", 99)])).worst)).toEqual([]);
    expect(ids(digestOf(facts([line(1, "healthy", 99, 1), line(2, "healthy", 100)])).worst)).toEqual([1]);
  });

  it("ranks equals by the week, then by age; and of nothing is empty", () => {
    expect(ids(digestOf(facts([line(3, "at_risk", 5, 1), line(2, "at_risk", 5, 9), line(1, "at_risk", 5, 1)])).worst)).toEqual([2, 1, 3]);
    expect(ids(digestOf(facts([line(3, "healthy", 100), line(2, "healthy", 100)])).best)).toEqual([2, 3]);
    expect(digestOf(facts([]))).toMatchObject({ objectives: 0, best: [], worst: [] });
  });
});

describe("the week of a digest", () => {
  const of = (text: string) => {
    const { week, fromUs, toUs } = weekBefore(Date.parse(text) * 1_000);
    return [week, new Date(fromUs / 1_000).toISOString().slice(0, 10), new Date(toUs / 1_000).toISOString().slice(0, 10)];
  };

  it.each([
    ["2026-11-30T09:00:00Z", "2026-W48", "2026-11-23", "2026-11-30"],
    ["2026-11-30T00:00:00Z", "2026-W48", "2026-11-23", "2026-11-30"],
    ["2026-11-29T23:59:59Z", "2026-W47", "2026-11-16", "2026-11-23"],
    ["2027-01-04T09:00:00Z", "2026-W53", "2026-12-28", "2027-01-04"],
    ["2027-01-11T09:00:00Z", "2027-W01", "2027-01-04", "2027-01-11"],
  ])("at %s is %s, which is over", (at, week, from, to) => {
    expect(of(at)).toEqual([week, from, to]);
  });
});
