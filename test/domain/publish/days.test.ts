import { describe, expect, it } from "vitest";
import { shownDays, uptimeOf } from "../../../src/domain/publish/days.ts";

const dayUs = 86_400_000_000;
const today = 20_000;
const nowUs = today * dayUs + dayUs / 2;
const day = (ago: number, measuredUs: number, downUs = 0, correctedUs = 0) => ({ day: today - ago, measuredUs, downUs, correctedUs });

/** The bar so many days ago. */
const bar = (measured: ReturnType<typeof day>[], ago: number, trackedUs: number | null = 0) =>
  uptimeOf(measured, trackedUs, nowUs).bars.at(-1 - ago);

describe("the bars of a service", () => {
  it("are ninety, to the present day, and grey where nothing was measured", () => {
    const { bars, percent, daysWithout } = uptimeOf([], null, nowUs);
    expect([bars.length, bars[0]?.day, bars.at(-1)?.day]).toEqual([shownDays, today - 89, today]);
    expect([percent, daysWithout, new Set(bars.map(({ level }) => level))]).toEqual([null, 90, new Set(["none"])]);
  });

  it.each([
    ["all of it", day(1, dayUs), "full", 100],
    ["nine tenths of it", day(1, 0.9 * dayUs), "full", 100],
    ["a microsecond less than nine tenths", day(1, 0.9 * dayUs - 1), "none", 100],
    ["nothing of it", day(1, 0), "none", null],
    ["a microsecond of downtime", day(1, dayUs, 1), "little", 99.99999],
    ["downtime although little was measured", day(1, 60e6, 60e6), "much", 0],
    ["a little under five percent of downtime", day(1, dayUs, dayUs / 20 - 1), "little", 95],
    ["five percent of downtime", day(1, dayUs, dayUs / 20), "much", 95],
    ["what a correction left", day(1, dayUs / 2, 0, dayUs / 2), "full", 100],
    ["nothing, as a correction took all", day(1, 0, 0, dayUs), "none", null],
  ] as const)("with %s", (_, measured, level, percent) => {
    expect(bar([measured], 1)).toMatchObject({ level, percent });
  });

  it("count the present day, and the first, for as long as they are", () => {
    expect(bar([day(0, dayUs / 2)], 0)).toMatchObject({ level: "full", unmeasuredUs: 0 });
    const tracked = (today - 3) * dayUs + 0.75 * dayUs;
    expect(bar([day(3, dayUs / 4)], 3, tracked)).toMatchObject({ level: "full", unmeasuredUs: 0 });
    expect(bar([day(3, dayUs / 4)], 4, tracked)).toMatchObject({ level: "none", unmeasuredUs: 0 });
  });

  it("add up to one percentage, rounded down", () => {
    const { percent, downUs } = uptimeOf([day(2, dayUs, 1), day(1, dayUs), day(0, dayUs / 2)], 0, nowUs);
    expect([percent, downUs]).toEqual([99.99999, 1]);
  });
});
