import { describe, expect, it } from "vitest";
import { fileLines, readTrace } from "../../../cli/backtest/trace.ts";
import { needlessOf } from "../../../src/domain/detection/backtest.ts";
import type { TraceSample } from "../../../src/domain/detection/replay.ts";
import { recordedOutage } from "../../../src/domain/detection/recorded-outage.ts";

describe("the outage that ships with the app", () => {
  it("is the recording, sample by sample", async () => {
    const recorded: TraceSample[] = [];
    for await (const sample of readTrace(fileLines("test/fixtures/outage-2025-12-05.csv"), 10_000)) recorded.push(sample);
    const { samples, fromMs, toMs } = recordedOutage();
    expect(samples).toEqual(recorded);
    expect([fromMs, toMs]).toEqual([recorded[0]?.roundAtMs, (recorded.at(-1)?.roundAtMs ?? 0) + 10_000]);
  });
});

describe("storms for nothing", () => {
  const storm = (startedAtMs: number, endedAtMs: number | null) => ({
    startedAtMs,
    endedAtMs,
    detectedAtMs: startedAtMs,
    recoveringSinceMs: null,
    relapses: 0,
  });
  const minute = (startMs: number, down: boolean) => ({ startMs, down });

  it.each([
    [[storm(0, 60_000)], [minute(0, true)], 0],
    [[storm(0, 60_000)], [minute(0, false)], 1],
    [[storm(0, 60_000)], [minute(60_000, true)], 1],
    [[storm(59_999, null)], [minute(0, true)], 0],
    [[storm(0, null), storm(600_000, null)], [minute(0, true)], 1],
    [[], [minute(0, true)], 0],
  ])("are those without a minute in which the primary was down: %j %j", (storms, minutes, needless) => {
    expect(needlessOf(storms, minutes, 900_000)).toBe(needless);
  });
});
