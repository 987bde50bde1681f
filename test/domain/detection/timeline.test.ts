import { expect, it } from "vitest";
import { stormTimeline } from "../../../src/domain/detection/timeline.ts";

const storm = { startedAtMs: 10, detectedAtMs: 12, recoveringSinceMs: null, endedAtMs: null };
const told = (entries: ReturnType<typeof stormTimeline>) => entries.map(({ event, atMs }) => `${event} ${atMs}`);

it("tells a storm under way", () => {
  const change = { intendedAtMs: 13, id: 7 };
  const entries = stormTimeline(storm, [change]);
  expect(told(entries)).toEqual(["begun 10", "detected 12", "switch 13"]);
  expect(entries.map((entry) => entry.change)).toEqual([null, null, change]);
});

it("ends a storm after the recovery of the same moment, before the switch back", () => {
  const ended = { ...storm, recoveringSinceMs: 50, endedAtMs: 50 };
  const changes = [{ intendedAtMs: 13 }, { intendedAtMs: 80 }];
  expect(told(stormTimeline(ended, changes))).toEqual(["begun 10", "detected 12", "switch 13", "recovering 50", "ended 50", "switch 80"]);
});

it("begins a storm before a detection of the same moment", () => {
  expect(told(stormTimeline({ ...storm, detectedAtMs: 10 }, []))).toEqual(["begun 10", "detected 10"]);
});
