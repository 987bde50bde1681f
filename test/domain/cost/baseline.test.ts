import { describe, expect, it } from "vitest";
import { hourOfDay, hourOfWeek, learnt, newBaseline, usualAt } from "../../../src/domain/cost/baseline.ts";
import { isObserved, observedAtMost, withSighting } from "../../../src/domain/cost/observed.ts";
import type { Observed } from "../../../src/domain/cost/observed.ts";
import { sampleDeviation } from "../../../src/domain/cost/moments.ts";
import { calm, hour, hourMs, known, monday } from "./hours.ts";

const week = 168;

describe("hours", () => {
  it.each([
    [0, 0, 72],
    [monday, 0, 0],
    [monday + 25 * hourMs, 1, 25],
    [monday + 168 * hourMs - 1, 23, 167],
  ])("of %d are those of UTC, weeks from Monday", (atMs, ofDay, ofWeek) => {
    expect([hourOfDay(atMs), hourOfWeek(atMs)]).toEqual([ofDay, ofWeek]);
  });
});

describe("what an hour is compared with", () => {
  it.each([
    [0, false, "cold"],
    [23, false, "cold"],
    [24, false, "all hours"],
    [10 * week, false, "all hours"],
    [24, true, "all hours"],
    [14 * 24 - 1, true, "hour of the day"],
    [13 * 24, true, "all hours"],
    [14 * 24, true, "hour of the day"],
    [4 * week - 1, true, "hour of the week"],
    [3 * week, true, "hour of the day"],
    [4 * week, true, "hour of the week"],
  ])("after %d hours, with seasons %s, is %s", (hours, hasSeasons, basis) => {
    // The baseline ends before the Monday, so the hour asked for is the one that was seen once a day, or a week, exactly.
    const atMs = hours % 24 === 23 ? monday - hourMs : monday;
    expect(usualAt(known(calm(hours), {}, hasSeasons), atMs).basis).toBe(basis);
  });

  it("is the hour of the week where week-ends differ", () => {
    const costs = Array.from({ length: 4 * week }, (_, index) => (index % week >= 120 ? 20 : 100 + (index % 24)));
    const baseline = known(costs, {}, true);
    expect(usualAt(baseline, monday + 7 * hourMs)).toMatchObject({ count: 4, mean: 107 });
    expect(usualAt(baseline, monday + 127 * hourMs)).toMatchObject({ count: 4, mean: 20 });
  });

  it.each([
    ["the sample's, where it is largest", calm(24), Math.sqrt((24 * 100) / 23)],
    ["a twentieth of the mean, where nothing ever moved", Array.from({ length: 24 }, () => 1_000), 50],
    ["a cent, where nothing ever cost anything", Array.from({ length: 24 }, () => 0), 1],
    ["a cent, where it is a few cents", Array.from({ length: 24 }, () => 10), 1],
  ])("has a deviation: %s", (_, cents, deviation) => {
    expect(usualAt(known(cents), monday).deviation).toBeCloseTo(deviation, 12);
  });
});

describe("learning", () => {
  const baseline = known(calm(100));
  const { mean, deviation } = usualAt(baseline, monday);

  it.each([
    ["usual", 10_000, 10_000],
    ["accepted", 10_000, 10_000],
    ["anomalous", 10_000, mean + 3 * deviation],
    ["anomalous", 105, 105],
    ["anomalous", 1, 1],
  ] as const)("of a %s hour of %d cents counts %d", (learning, cents, counted) => {
    const after = learnt(baseline, hour({ cents }), learning);
    expect(after.flat.mean).toBeCloseTo((100 * mean + counted) / 101, 9);
    expect(after.lastCents).toBe(cents);
  });

  it("leaves everything as it was where traffic was shifted", () => {
    expect(learnt(baseline, hour({ cents: 10_000, actor: "somebody" }), "shifted")).toBe(baseline);
  });

  it("keeps a leak from becoming usual: after a day of it it is still above", () => {
    let leaking = baseline;
    for (let step = 0; step < 24; step += 1) leaking = learnt(leaking, hour({ cents: 10_000, atMs: monday + step * hourMs }), "anomalous");
    const usual = usualAt(leaking, monday + 24 * hourMs);
    expect((10_000 - usual.mean) / usual.deviation).toBeGreaterThan(100);
  });

  it("takes an anomaly in as it is while nothing is known", () => {
    expect(learnt(newBaseline(false), hour({ cents: 10_000 }), "anomalous").flat.mean).toBe(10_000);
  });

  it("is in each season of its own hour, and flat", () => {
    const after = learnt(newBaseline(true), hour({ atMs: monday + 30 * hourMs, cents: 5 }), "usual");
    expect(after.seasons?.ofDay.flatMap(({ count }, nth) => (count > 0 ? [nth] : []))).toEqual([6]);
    expect(after.seasons?.ofWeek.flatMap(({ count }, nth) => (count > 0 ? [nth] : []))).toEqual([30]);
    expect([after.flat.count, sampleDeviation(after.flat)]).toEqual([1, 0]);
  });
});

describe("who was observed", () => {
  const times = (observed: Observed) => observed.map(({ name, lastSeenMs }) => `${name}@${lastSeenMs}`);

  it("is kept by the time last seen, whatever the order of events", () => {
    const seen = [
      ["a", 5],
      ["b", 9],
      ["a", 12],
      ["c", 7],
      ["b", 3],
    ] as const;
    expect(times(seen.reduce<Observed>((before, [name, atMs]) => withSighting(before, name, atMs), []))).toEqual(["a@12", "b@9", "c@7"]);
  });

  it("is at most 200, of which the one not seen for longest leaves", () => {
    const all = Array.from({ length: observedAtMost }, (_, nth) => nth).reduce<Observed>(
      (before, nth) => withSighting(before, `role ${nth}`, nth),
      [],
    );
    const again = withSighting(withSighting(all, "role 0", 1_000), "another", 1_001);
    expect(again).toHaveLength(observedAtMost);
    expect(isObserved(again, "role 0")).toBe(true);
    expect(isObserved(again, "role 1")).toBe(false);
    expect(isObserved(again, "role 2")).toBe(true);
    // What is older than all that are kept is not kept.
    expect(isObserved(withSighting(again, "late", 0), "late")).toBe(false);
  });
});
