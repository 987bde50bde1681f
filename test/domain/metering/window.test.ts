import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { completeWindows } from "../../../src/domain/metering/window.ts";

const hourMs = 3_600_000;
const at = (text: string) => Date.parse(text);

describe("completeWindows", () => {
  it("gives the hours that ended within six hours, oldest first", () => {
    const windows = completeWindows(at("2026-11-18T12:30:00Z"), hourMs, 6 * hourMs);
    expect(windows.map(({ startMs, endMs }) => [new Date(startMs).toISOString(), (endMs - startMs) / hourMs])).toEqual(
      ["06", "07", "08", "09", "10", "11"].map((hour) => [`2026-11-18T${hour}:00:00.000Z`, 1]),
    );
  });

  it("counts a window as complete from the instant in which it ends", () => {
    const noon = at("2026-11-18T12:00:00Z");
    expect(completeWindows(noon, hourMs, hourMs)).toEqual([{ startMs: noon - hourMs, endMs: noon }]);
    expect(completeWindows(noon - 1, hourMs, hourMs)).toEqual([{ startMs: noon - 2 * hourMs, endMs: noon - hourMs }]);
  });

  it("gives one window where the look-back is shorter than a window", () => {
    expect(completeWindows(at("2026-11-18T12:30:00Z"), hourMs, 1_000)).toHaveLength(1);
  });

  it("covers every complete window of the look-back, in order, aligned and without gaps", () => {
    const lengths = fc.constantFrom(1_000, 60_000, 300_000, hourMs, 24 * hourMs);
    fc.assert(
      fc.property(fc.integer({ min: 10 ** 12, max: 2 * 10 ** 12 }), lengths, fc.integer({ min: 1, max: 200 }), (nowMs, windowMs, parts) => {
        const lookbackMs = Math.ceil((parts / 8) * windowMs);
        const windows = completeWindows(nowMs, windowMs, lookbackMs);
        const ends = windows.map(({ endMs }) => endMs);
        expect(windows.every(({ startMs, endMs }) => endMs - startMs === windowMs && startMs % windowMs === 0 && endMs <= nowMs)).toBe(
          true,
        );
        expect(ends.slice(1).every((end, index) => end - (ends[index] ?? 0) === windowMs)).toBe(true);
        for (let end = Math.floor(nowMs / windowMs) * windowMs; end > nowMs - lookbackMs; end -= windowMs) expect(ends).toContain(end);
        expect(windows.length).toBeLessThanOrEqual(Math.ceil(lookbackMs / windowMs));
      }),
    );
  });
});
