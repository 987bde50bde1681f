import { describe, expect, it } from "vitest";
import { schedule } from "../../../src/cron/schedule.ts";
import { isOverdue, jobIntervalMs } from "../../../src/domain/coordination/job-lateness.ts";

const [minuteMs, hourMs] = [60_000, 3_600_000];

/** The interval of a cron expression of the schedule. */
const intervalOf = (cron: string): number => {
  const [minute = "", hour = ""] = cron.split(" ");
  if (minute === "*") return minuteMs;
  if (minute.startsWith("*/")) return Number(minute.slice(2)) * minuteMs;
  return hour === "*" ? hourMs : 24 * hourMs;
};

describe("the interval of a job", () => {
  it("is that of the schedule, of every job in it", () => {
    const scheduled = Object.entries(schedule).flatMap(([cron, jobs]) => jobs.map((job) => [job, intervalOf(cron)] as const));
    expect(jobIntervalMs).toEqual({ ...Object.fromEntries(scheduled), "ingest-usage": hourMs });
  });
});

describe("a job", () => {
  it.each([
    ["tick:3", 3 * minuteMs, false],
    ["tick:3", 3 * minuteMs + 1, true],
    ["rollup", 15 * minuteMs, false],
    ["bill", 2 * hourMs, false],
    ["bill", 2 * hourMs + 1, true],
    ["reconcile", 25 * hourMs, false],
    ["reconcile", 25 * hourMs + 1, true],
    ["retired", 1e12, false],
  ])("%s that has not succeeded for %i ms is late: %s", (job, agoMs, late) => {
    expect(isOverdue(job, 0, agoMs)).toBe(late);
  });

  it("that has never succeeded is late", () => {
    expect([isOverdue("bill", null, 0), isOverdue("retired", null, 0)]).toEqual([true, false]);
  });
});
