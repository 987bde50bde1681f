import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isIsoWeek, isoWeek, weeksInYear } from "../../../src/domain/platform/iso-week.ts";
import type { TestDatabase } from "../../support/database.ts";
import { freshDatabase } from "../../support/database.ts";

const dayMs = 86_400_000;

/** Every first and last moment of the days around each New Year, 2020 to 2040. */
const boundaries = Array.from({ length: 22 }, (_, index) => 2_020 + index).flatMap((year) =>
  Array.from({ length: 21 }, (_, index) => Date.UTC(year, 0, index - 9)).flatMap((midnightMs) => [midnightMs, midnightMs + dayMs - 1]),
);

/** The week by the calendar's own rule, day by day: a walk that shares nothing with the arithmetic. */
const walked = (() => {
  const weeks = new Map<number, string>();
  // 2018 began on a Monday, which was its week 1.
  let [year, week] = [2018, 0];
  for (let atMs = Date.UTC(2018, 0, 1); atMs < Date.UTC(2042, 0, 1); atMs += dayMs) {
    if (new Date(atMs).getUTCDay() === 1) {
      week += 1;
      const thursday = new Date(atMs + 3 * dayMs).getUTCFullYear();
      if (thursday !== year) [year, week] = [thursday, 1];
    }
    weeks.set(atMs, `${year}-W${String(week).padStart(2, "0")}`);
  }
  return weeks;
})();

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.close());

describe("the ISO week of a moment", () => {
  it("is PostgreSQL's at every year boundary from 2020 to 2040", async () => {
    const rows = await database.sql<{ week: string }>(
      `select to_char(to_timestamp(ms / 1000.0) at time zone 'UTC', 'IYYY-"W"IW') as week
       from unnest($1::float8[]) with ordinality x(ms, place) order by place`,
      [boundaries],
    );
    expect(rows).toHaveLength(22 * 21 * 2);
    expect(boundaries.map(isoWeek)).toEqual(rows.map(({ week }) => week));
  });

  it("is what a walk through the calendar finds, on every day of 24 years", () => {
    const wrong = [...walked].filter(([atMs, week]) => isoWeek(atMs) !== week || isoWeek(atMs + dayMs - 1) !== week);
    expect(wrong).toEqual([]);
    expect(walked.size).toBe(8_766);
  });

  it.each([
    ["2021-01-03T23:59:59.999Z", "2020-W53"],
    ["2021-01-04T00:00:00Z", "2021-W01"],
    ["2024-12-29T23:59:59Z", "2024-W52"],
    ["2024-12-30T00:00:00Z", "2025-W01"],
    ["2026-11-21T12:00:00Z", "2026-W47"],
    ["2027-01-03T00:00:00Z", "2026-W53"],
  ])("%s lies in %s", (time, week) => {
    expect(isoWeek(Date.parse(time))).toBe(week);
  });

  it("is always one that there is, and only grows", () => {
    const moment = fc.integer({ min: Date.UTC(1970, 0, 1), max: Date.UTC(9998, 11, 31) });
    fc.assert(
      fc.property(moment, moment, (one, other) => {
        const [earlier, later] = [Math.min(one, other), Math.max(one, other)];
        expect(isIsoWeek(isoWeek(one))).toBe(true);
        expect(isoWeek(earlier) <= isoWeek(later)).toBe(true);
      }),
    );
  });
});

describe("the name of a week", () => {
  it("knows the years with 53 weeks", () => {
    const long = Array.from({ length: 21 }, (_, index) => 2_020 + index).filter((year) => weeksInYear(year) === 53);
    expect(long).toEqual([2020, 2026, 2032, 2037]);
  });

  it.each(["2026-W01", "2026-W53", "2020-W53", "0001-W01"])("%s is one", (text) => expect(isIsoWeek(text)).toBe(true));

  it.each(["2027-W53", "2026-W00", "2026-W54", "2026-W1", "2026W01", "26-W01", "2026-w01", " 2026-W01", "2026-W01\n", "0000-W01", ""])(
    "%j is none",
    (text) => expect(isIsoWeek(text)).toBe(false),
  );
});
