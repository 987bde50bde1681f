import { describe, expect, it } from "vitest";
import { monthStartMs } from "../../src/domain/calendar.ts";

const dayMs = 86_400_000;

describe("monthStartMs", () => {
  it("agrees with the calendar of the platform on every day from 1900 to 2400, and on the last millisecond of it", () => {
    const wrong: string[] = [];
    for (let ms = Date.UTC(1900, 0, 1); ms < Date.UTC(2400, 0, 1); ms += dayMs) {
      const date = new Date(ms);
      const start = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
      if (monthStartMs(ms) !== start || monthStartMs(ms + dayMs - 1) !== start) wrong.push(date.toISOString());
    }
    expect(wrong).toEqual([]);
  });

  it("counts months on and back", () => {
    const moment = Date.parse("2026-12-31T23:59:59.999Z");
    expect([-12, -1, 0, 1, 2, 14].map((ahead) => new Date(monthStartMs(moment, ahead)).toISOString().slice(0, 10))).toEqual([
      "2025-12-01", "2026-11-01", "2026-12-01", "2027-01-01", "2027-02-01", "2028-02-01",
    ]);
  });
});
