import { describe, expect, it } from "vitest";
import { isoWeek } from "../../../src/domain/platform/iso-week.ts";
import type { ObjectiveTerms } from "../../../src/domain/slo/objective.ts";
import { allowedUs, consumes, dayUs, daysOf, windowAt, windowBefore } from "../../../src/domain/slo/objective.ts";
import { terms } from "./terms.ts";

const us = (text: string): number => Date.parse(text) * 1_000;
const week: ObjectiveTerms = terms({ window: { calendar: "week" } });
const month: ObjectiveTerms = terms({ window: { calendar: "month" } });
const texts = ({ fromUs, toUs }: { fromUs: number; toUs: number }) =>
  [fromUs, toUs].map((at) => new Date(at / 1_000).toISOString().slice(0, 16));

describe("a window", () => {
  it.each([
    ["2026-11-27T12:34:56.789Z", week, "2026-11-23T00:00", "2026-11-30T00:00"],
    // ISO week 53 of 2026 ends in January.
    ["2026-12-31T23:59:59.999Z", week, "2026-12-28T00:00", "2027-01-04T00:00"],
    ["2027-01-03T23:59:59.999Z", week, "2026-12-28T00:00", "2027-01-04T00:00"],
    ["2027-01-04T00:00:00.000Z", week, "2027-01-04T00:00", "2027-01-11T00:00"],
    ["2024-12-30T00:00:00.000Z", week, "2024-12-30T00:00", "2025-01-06T00:00"],
    ["1970-01-01T00:00:00.000Z", week, "1969-12-29T00:00", "1970-01-05T00:00"],
    ["2026-11-27T12:34:56.789Z", month, "2026-11-01T00:00", "2026-12-01T00:00"],
    ["2026-12-31T23:59:59.999Z", month, "2026-12-01T00:00", "2027-01-01T00:00"],
    ["2027-01-01T00:00:00.000Z", month, "2027-01-01T00:00", "2027-02-01T00:00"],
    ["2028-02-29T12:00:00.000Z", month, "2028-02-01T00:00", "2028-03-01T00:00"],
    ["2100-02-15T00:00:00.000Z", month, "2100-02-01T00:00", "2100-03-01T00:00"],
    ["2026-11-27T12:34:00.000Z", terms({ window: { days: 30 } }), "2026-10-28T12:34", "2026-11-27T12:34"],
    ["2026-11-27T12:34:00.000Z", terms({ window: { days: 400 } }), "2025-10-23T12:34", "2026-11-27T12:34"],
  ] as const)("at %s is %s..%s", (at, of, from, to) => {
    expect(texts(windowAt(of, us(at)))).toEqual([from, to]);
  });

  it("has as many days as the calendar says", () => {
    const days = (of: ObjectiveTerms, at: string) => daysOf(of, us(at));
    expect([days(month, "2027-02-01"), days(month, "2028-02-29"), days(month, "2100-02-28"), days(month, "2026-12-31")]).toEqual([
      28, 29, 28, 31,
    ]);
    expect([days(week, "2026-12-31"), days(terms({ window: { days: 1 } }), "2026-12-31")]).toEqual([7, 1]);
  });

  it("knows of the microsecond before a boundary", () => {
    const at = us("2027-01-04T00:00:00Z");
    expect(texts(windowAt(week, at - 1))).toEqual(["2026-12-28T00:00", "2027-01-04T00:00"]);
    expect(texts(windowBefore(week, at))).toEqual(["2026-12-28T00:00", "2027-01-04T00:00"]);
    expect(texts(windowBefore(week, at + 1))).toEqual(["2027-01-04T00:00", "2027-01-11T00:00"]);
    expect(windowBefore(terms({ window: { days: 1 } }), at)).toEqual({ fromUs: at - dayUs, toUs: at });
  });

  it("is in UTC, where no day is longer or shorter than another: there is no daylight saving time", () => {
    // Every hour around each change of clocks in Europe and America of two years, against arithmetic of Date in UTC.
    for (const change of ["2026-03-08", "2026-03-29", "2026-10-25", "2026-11-01", "2027-03-14", "2027-03-28", "2027-10-31", "2027-11-07"]) {
      for (let hour = -48; hour <= 48; hour += 1) {
        const at = Date.parse(change) + hour * 3_600_000;
        const date = new Date(at);
        const [year, inYear, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
        const monday = Date.UTC(year, inYear, day - ((date.getUTCDay() + 6) % 7));
        expect(windowAt(week, at * 1_000)).toEqual({ fromUs: monday * 1_000, toUs: (monday + 7 * 86_400_000) * 1_000 });
        expect(windowAt(month, at * 1_000)).toEqual({ fromUs: Date.UTC(year, inYear) * 1_000, toUs: Date.UTC(year, inYear + 1) * 1_000 });
        expect(daysOf(week, at * 1_000)).toBe(7);
      }
    }
  });

  it("agrees with Date and with ISO weeks on every day of 60 years", () => {
    for (let at = Date.UTC(1990, 0, 1); at < Date.UTC(2050, 0, 1); at += 86_400_000) {
      const { fromUs, toUs } = windowAt(week, at * 1_000);
      expect([new Date(fromUs / 1_000).getUTCDay(), toUs - fromUs]).toEqual([1, 7 * dayUs]);
      expect(fromUs <= at * 1_000 && at * 1_000 < toUs).toBe(true);
      expect(isoWeek(fromUs / 1_000)).toBe(isoWeek(at));
      expect(isoWeek(toUs / 1_000)).not.toBe(isoWeek(at));
      const date = new Date(at);
      expect(windowAt(month, at * 1_000).fromUs).toBe(Date.UTC(date.getUTCFullYear(), date.getUTCMonth()) * 1_000);
    }
  });

  it("has no second between 23:59:59 and midnight: a leap second is none of its own", () => {
    // 2016-12-31T23:59:60Z had no number of its own: epoch seconds go on.
    const newYear = us("2017-01-01T00:00:00Z");
    expect(newYear - us("2016-12-31T23:59:59Z")).toBe(1_000_000);
    expect(windowAt(month, newYear).fromUs).toBe(newYear);
    expect(daysOf(month, newYear - 1)).toBe(31);
  });
});

describe("a budget", () => {
  it.each([
    [99.9, 30, 43.2],
    [99, 30, 432],
    [99.99, 7, 1.008],
    [99.99999, 1, 0.000_144],
    [99.99999, 400, 0.0576],
    [1, 400, 570_240],
    [99.12345, 30, 378.6696],
  ])("of %d %% over %d days is %d minutes, exactly", (target, days, minutes) => {
    const allowed = allowedUs({ target }, days * dayUs);
    expect(Number.isSafeInteger(allowed)).toBe(true);
    expect(allowed).toBe(Math.round(minutes * 60_000_000));
  });

  it("is consumed by who the terms say", () => {
    const of = (dependencyExclusion: "strict" | "self-only", excludedUpstreams: string[]) =>
      [null, "fastly", "cloudflare"].map((cdn) => consumes(terms({ dependencyExclusion, excludedUpstreams }), cdn));
    expect(of("strict", [])).toEqual([true, true, true]);
    expect(of("self-only", [])).toEqual([true, false, false]);
    expect(of("self-only", ["fastly"])).toEqual([true, true, false]);
  });
});
