import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rfc3339, startOfDay, startOfMonth, utcText } from "../../../src/domain/platform/calendar.ts";

const date = fc.integer({ min: Date.parse("0001-02-01T00:00:00Z"), max: Date.parse("9998-12-31T23:59:59.999Z") });

describe("starts of days and months", () => {
  it("are those of the runtime's own calendar, ahead and back", () => {
    fc.assert(
      fc.property(date, fc.integer({ min: -14, max: 14 }), (atMs, ahead) => {
        fc.pre(atMs > Date.parse("0003-01-01T00:00:00Z"));
        const at = new Date(atMs);
        const month = new Date(0);
        month.setUTCFullYear(at.getUTCFullYear(), at.getUTCMonth() + ahead, 1);
        const day = new Date(0);
        day.setUTCFullYear(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate() + ahead);
        expect([startOfMonth(atMs, ahead), startOfDay(atMs, ahead)]).toEqual([month.getTime(), day.getTime()]);
      }),
      { numRuns: 5_000 },
    );
  });

  it("hold of every month of four hundred years, at its first and last millisecond", () => {
    for (let month = 0; month < 4_800; month += 1) {
      const startMs = Date.UTC(1970, month, 1);
      expect([startOfMonth(startMs), startOfMonth(Date.UTC(1970, month + 1, 1) - 1)]).toEqual([startMs, startMs]);
    }
  });
});

describe("times as texts", () => {
  it("are those of the runtime", () => {
    fc.assert(
      fc.property(date, (atMs) => {
        const iso = new Date(atMs).toISOString();
        expect([rfc3339(atMs), utcText(atMs)]).toEqual([iso, `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`]);
      }),
      { numRuns: 5_000 },
    );
  });
});
