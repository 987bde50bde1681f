import { describe, expect, it } from "vitest";
import { windowFaults } from "../../../src/domain/metering/usage-window.ts";

const hourMs = 3_600_000;
const nowMs = 100 * hourMs;
const at = (start: number, end: number) => ({ windowStartMs: start * hourMs, windowEndMs: end * hourMs });

describe("windowFaults", () => {
  it("finds none in whole windows that are over, the last one just now", () => {
    expect(windowFaults([at(98, 99), at(99, 100), at(0, 1)], hourMs, nowMs)).toEqual([]);
  });

  it("names each faulty window once", () => {
    const windows = [at(98, 99), at(5, 4), at(0.5, 1.5), at(3, 5), at(100, 101), at(98, 99)];
    expect(windowFaults(windows, hourMs, nowMs).map(({ index, field }) => [index, field])).toEqual([
      [1, "window_end"],
      [2, "window_start"],
      [3, "window_end"],
      [4, "window_end"],
      [5, "window_start"],
    ]);
  });
});
