import { describe, expect, it } from "vitest";
import { jobRhythms, schedule } from "../../../src/cron/schedule.ts";
import { cronPeriodMs, jobStandings } from "../../../src/domain/coordination/job-standing.ts";
import type { JobRuns } from "../../../src/domain/coordination/job-standing.ts";

const [minuteMs, hourMs] = [60_000, 3_600_000];
const nowMs = Date.UTC(2026, 10, 21, 12);
const bill = { job: "bill", cron: "7 * * * *", everyMs: hourMs };
const runs = (goodAgoMs: number | null, badAgoMs: number | null = null): JobRuns => ({
  job: "bill",
  provider: "cloudflare",
  lastStartedAtMs: nowMs - 1_000,
  lastSucceededAtMs: goodAgoMs === null ? null : nowMs - goodAgoMs,
  lastFailedAtMs: badAgoMs === null ? null : nowMs - badAgoMs,
});
const standing = (recorded: readonly JobRuns[], aliveForMs: number | null) =>
  jobStandings([bill], recorded, { aliveSinceMs: aliveForMs === null ? null : nowMs - aliveForMs, nowMs })[0];

describe("the rhythm of the schedule", () => {
  it("is known of every cron expression and job that there is", () => {
    const rhythms = jobRhythms(hourMs);
    expect(rhythms.map(({ job }) => job)).toEqual(Object.values(schedule).flat());
    const periods = Object.fromEntries(rhythms.map(({ job, everyMs }) => [job, everyMs / minuteMs]));
    expect(periods).toMatchObject({ tick: 1, rollup: 5, "ingest-usage": 60, bill: 60, prune: 60, reconcile: 1_440 });
    expect(jobRhythms(0).find(({ job }) => job === "ingest-usage")?.everyMs).toBe(5 * minuteMs);
  });

  it.each(["* * * *", "1,2 * * * *", "0 0 1 * *", "@daily"])("is not guessed: %s", (cron) => {
    expect(() => cronPeriodMs(cron)).toThrow(cron);
  });
});

describe("a job is overdue", () => {
  it.each([
    ["never ran, and the deployment is young", [], hourMs, false],
    ["never ran in two of its periods", [], 2 * hourMs + minuteMs + 1, true],
    ["never ran, and no provider is alive", [], null, false],
    ["ran as it should", [runs(hourMs)], 90 * hourMs, false],
    ["missed one run", [runs(2 * hourMs + minuteMs)], 90 * hourMs, false],
    ["missed two", [runs(2 * hourMs + minuteMs + 1)], 90 * hourMs, true],
    ["missed two while no provider was alive, which has just come back", [runs(9 * hourMs)], minuteMs, false],
    ["missed two, and one more after the providers came back", [runs(9 * hourMs)], hourMs + minuteMs + 1, true],
    ["missed two, and nobody is alive now", [runs(9 * hourMs)], null, true],
    ["has only failed", [runs(null, 1_000)], 90 * hourMs, true],
  ])("or not: it %s", (_, recorded, aliveForMs, overdue) => {
    expect(standing(recorded, aliveForMs)?.overdue).toBe(overdue);
  });

  it.each([
    [[], null],
    [[runs(null)], null],
    [[runs(5_000)], "ok"],
    [[runs(5_000, 1_000)], "failed"],
    [[runs(1_000, 5_000)], "ok"],
    [[runs(null, 5_000)], "failed"],
  ] as const)("its latest result: %j is %s", (recorded, result) => {
    expect(standing(recorded, hourMs)?.lastResult).toBe(result);
  });
});
