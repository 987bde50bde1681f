import { describe, expect, it } from "vitest";
import { decisions, orderSpans, weightSteps } from "../../../src/domain/steering/axis.ts";
import type { AxisChange, AxisOrder } from "../../../src/domain/steering/axis.ts";

const change = (domainId: number, atMs: number, to: readonly [number, number], over: Partial<AxisChange> = {}) => ({
  domainId,
  atMs,
  fromPrimary: 100,
  fromBackup: 0,
  toPrimary: to[0],
  toBackup: to[1],
  result: "insync",
  reason: "storm",
  stormId: 1,
  ...over,
});

const before = [
  { domainId: 1, primary: 100, backup: 0 },
  { domainId: 2, primary: 100, backup: 0 },
];

describe("weightSteps", () => {
  it("is the mean of the domains, a step where it changes", () => {
    expect(
      weightSteps(0, before, [change(1, 10, [0, 100]), change(2, 20, [0, 100]), change(2, 30, [0, 50]), change(1, 40, [50, 50])]),
    ).toEqual([
      { atMs: 0, backupShare: 0 },
      { atMs: 10, backupShare: 0.5 },
      { atMs: 20, backupShare: 1 },
      { atMs: 40, backupShare: 0.75 },
    ]);
  });

  it("has one step of what happens at once, in whatever order it comes", () => {
    expect(weightSteps(0, before, [change(2, 10, [0, 100]), change(1, 10, [0, 100])])).toEqual([
      { atMs: 0, backupShare: 0 },
      { atMs: 10, backupShare: 1 },
    ]);
  });

  it.each(["intent", "failed", "superseded", "shadow"])("changes nothing by a switch that is %s", (result) => {
    expect(weightSteps(0, before, [change(1, 10, [0, 100], { result })])).toEqual([{ atMs: 0, backupShare: 0 }]);
  });

  it("begins where weights are known, and leaves out domains without any", () => {
    expect(weightSteps(0, [], [])).toEqual([]);
    expect(weightSteps(0, [], [change(1, 5, [0, 100])])).toEqual([{ atMs: 5, backupShare: 1 }]);
    expect(weightSteps(0, [...before, { domainId: 3, primary: 0, backup: 0 }], [])).toEqual([{ atMs: 0, backupShare: 0 }]);
  });
});

describe("orderSpans", () => {
  const order = (atMs: number, mode: AxisOrder["mode"], untilMs: number | null = null): AxisOrder => ({
    atMs,
    mode,
    untilMs,
    reason: "r",
    actor: "a",
  });
  const spans = (orders: readonly AxisOrder[], nowMs = 100) => orderSpans(orders, nowMs).map(({ mode, atMs, toMs }) => [mode, atMs, toMs]);

  it.each([
    ["a release", [order(10, "frozen"), order(30, null)], [["frozen", 10, 30]]],
    [
      "the next order",
      [order(10, "frozen"), order(30, "backup")],
      [
        ["frozen", 10, 30],
        ["backup", 30, null],
      ],
    ],
    ["its own end", [order(10, "frozen", 20), order(30, null)], [["frozen", 10, 20]]],
    ["a release before its own end", [order(10, "frozen", 90), order(30, null)], [["frozen", 10, 30]]],
    ["nothing yet", [order(10, "primary", 200)], [["primary", 10, null]]],
  ] as const)("ends by %s", (_, orders, expected) => {
    expect(spans(orders)).toEqual(expected);
  });
});

describe("decisions", () => {
  it("are the switches of one reason, storm and goal within a minute", () => {
    const made = decisions([
      change(1, 0, [0, 100]),
      change(2, 10_000, [0, 100]),
      change(3, 10_000, [0, 100], { result: "failed" }),
      change(1, 60_001, [0, 100]),
      change(1, 60_002, [50, 50]),
      change(2, 60_003, [50, 50], {}),
    ]);
    expect(made.map(({ atMs, changes }) => [atMs, changes.map(({ domainId }) => domainId)])).toEqual([
      [0, [1, 2, 3]],
      [60_001, [1]],
      [60_002, [1, 2]],
    ]);
    expect(decisions([])).toEqual([]);
  });
});
