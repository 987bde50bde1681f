import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDurationMs } from "../../../src/domain/platform/duration.ts";

describe("parseDurationMs", () => {
  it.each([
    ["0", 0],
    ["0s", 0],
    ["10s", 10_000],
    ["5m", 300_000],
    ["24h", 86_400_000],
    ["500ms", 500],
    ["1h30m", 5_400_000],
    ["1.5h", 5_400_000],
    ["0.5s", 500],
    ["1m0.25s", 60_250],
    ["1.001s", 1_001],
    ["2.3m", 138_000],
    ["1.005s", 1_005],
    ["0.07m", 4_200],
  ])("%s is %d ms", (text, ms) => expect(parseDurationMs(text)).toBe(ms));

  it.each([
    "",
    "10",
    "s",
    "-1s",
    "+1s",
    "1 s",
    " 1s",
    "1s ",
    "1d",
    "1S",
    ".5s",
    "1.s",
    "1e3s",
    "s1",
    "1s2",
    "0.5ms",
    "0.0001s",
    "99999999999999h",
  ])("%j is none", (text) => expect(parseDurationMs(text)).toBeNull());

  it("reads whole milliseconds written as seconds, whatever binary floats make of them", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 9 }), (ms) => {
        const text = `${Math.floor(ms / 1_000)}.${String(ms % 1_000).padStart(3, "0")}s`;
        expect(parseDurationMs(text)).toBe(ms);
      }),
    );
  });
});
