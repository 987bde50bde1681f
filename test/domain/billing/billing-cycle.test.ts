import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { comingBounds, dueBounds } from "../../../src/domain/billing/billing-cycle.ts";
import type { BillingCycle } from "../../../src/domain/billing/billing-cycle.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const at = (text: string): number => Date.parse(text);
const iso = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : new Date(ms).toISOString());

const due = (cycle: BillingCycle, nowMs: number, graceMs: number) =>
  dueBounds(nowMs, graceMs, dayMs).find((bound) => bound.cycle === cycle);

describe("until when a run bills", () => {
  it.each<[string, BillingCycle, string, number, string, string]>([
    [
      "by the run: now - grace, a period as arrears",
      "run",
      "2026-03-05T10:20:30.400Z",
      6,
      "2026-03-05T04:20:30.400Z",
      "2026-03-04T10:20:30.400Z",
    ],
    ["by the day: its start", "day", "2026-03-05T10:20:30Z", 0, "2026-03-05T00:00:00.000Z", "2026-03-04T00:00:00.000Z"],
    [
      "at the very start of a day, without grace: that day's",
      "day",
      "2026-03-05T00:00:00Z",
      0,
      "2026-03-05T00:00:00.000Z",
      "2026-03-04T00:00:00.000Z",
    ],
    [
      "before the grace is over: the day before",
      "day",
      "2026-03-05T05:59:59.999Z",
      6,
      "2026-03-04T00:00:00.000Z",
      "2026-03-03T00:00:00.000Z",
    ],
    ["when the grace is over: the day", "day", "2026-03-05T06:00:00Z", 6, "2026-03-05T00:00:00.000Z", "2026-03-04T00:00:00.000Z"],
    ["by the month", "month", "2026-03-31T23:59:59.999Z", 0, "2026-03-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"],
    ["a month before its grace is over", "month", "2026-04-01T05:59:59Z", 6, "2026-03-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"],
    ["a month when its grace is over", "month", "2026-04-01T06:00:00Z", 6, "2026-04-01T00:00:00.000Z", "2026-03-01T00:00:00.000Z"],
    ["over the turn of a year", "month", "2027-01-01T06:00:00Z", 6, "2027-01-01T00:00:00.000Z", "2026-12-01T00:00:00.000Z"],
    ["on the 29th of a leap February", "day", "2028-03-01T00:00:00Z", 1, "2028-02-29T00:00:00.000Z", "2028-02-28T00:00:00.000Z"],
    ["after a leap February", "month", "2028-03-01T00:00:00Z", 0, "2028-03-01T00:00:00.000Z", "2028-02-01T00:00:00.000Z"],
    ["a century without a leap day", "day", "2100-03-01T00:00:00Z", 1, "2100-02-28T00:00:00.000Z", "2100-02-27T00:00:00.000Z"],
    ["where clocks elsewhere are moved", "day", "2026-03-29T01:30:00Z", 2, "2026-03-28T00:00:00.000Z", "2026-03-27T00:00:00.000Z"],
    ["with a grace longer than a month", "month", "2026-03-03T12:00:00Z", 31 * 24, "2026-01-01T00:00:00.000Z", "2025-12-01T00:00:00.000Z"],
  ])("%s", (_name, cycle, now, graceHours, until, arrears) => {
    const bound = due(cycle, at(now), graceHours * hourMs);
    expect([iso(bound?.billUntilMs), iso(bound?.arrearsUntilMs)]).toEqual([until, arrears]);
  });
});

/** By the calendar as it is written, not by arithmetic. */
const startByText = (cycle: "day" | "month", ms: number): number => {
  const text = new Date(ms).toISOString();
  return at(cycle === "day" ? `${text.slice(0, 10)}T00:00:00Z` : `${text.slice(0, 7)}-01T00:00:00Z`);
};

const moment = fc.integer({ min: at("1970-03-05T00:00:00Z"), max: at("2399-12-31T00:00:00Z") });
const grace = fc.oneof(fc.constantFrom(0, 6 * hourMs, 31 * dayMs), fc.integer({ min: 0, max: 31 * dayMs }));
const calendar = fc.constantFrom("day" as const, "month" as const);

describe("the bounds of days and months", () => {
  it("are the calendar's, whenever it is and however long the grace", () => {
    fc.assert(
      fc.property(moment, grace, calendar, (nowMs, graceMs, cycle) => {
        const until = startByText(cycle, nowMs - graceMs);
        const bound = due(cycle, nowMs, graceMs);
        expect([bound?.billUntilMs, bound?.arrearsUntilMs]).toEqual([until, startByText(cycle, until - 1)]);
      }),
      { numRuns: 2_000 },
    );
  });

  it("never go back, and pass over no day and no month", () => {
    fc.assert(
      fc.property(moment, fc.integer({ min: 0, max: 28 * dayMs }), grace, calendar, (nowMs, laterMs, graceMs, cycle) => {
        const [now, later] = [due(cycle, nowMs, graceMs)?.billUntilMs ?? 0, due(cycle, nowMs + laterMs, graceMs)?.billUntilMs ?? 0];
        expect(later).toBeGreaterThanOrEqual(now);
        const arrears = due(cycle, nowMs + laterMs, graceMs)?.arrearsUntilMs ?? 0;
        if (later > now && laterMs < dayMs) expect(arrears).toBe(now);
      }),
      { numRuns: 2_000 },
    );
  });

  it("that are to come follow the one that is due without a gap, until after now", () => {
    fc.assert(
      fc.property(moment, grace, calendar, (nowMs, graceMs, cycle) => {
        const coming = comingBounds(nowMs, graceMs, dayMs).filter((bound) => bound.cycle === cycle);
        expect(coming[0]).toEqual(due(cycle, nowMs, graceMs));
        coming.slice(1).forEach((bound, index) => expect(bound.arrearsUntilMs).toBe(coming[index]?.billUntilMs));
        // Whatever is closed, at most until now, there is a later one.
        expect(coming.at(-1)?.billUntilMs).toBeGreaterThan(nowMs);
        for (const { billUntilMs } of coming) expect(startByText(cycle, billUntilMs)).toBe(billUntilMs);
      }),
      { numRuns: 1_000 },
    );
  });

  it("by the run there is but one", () => {
    expect(comingBounds(1_000_000, 7, 100).filter(({ cycle }) => cycle === "run")).toEqual([
      { cycle: "run", billUntilMs: 999_993, arrearsUntilMs: 999_900 },
    ]);
  });
});
