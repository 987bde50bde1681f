import { expect, it } from "vitest";
import type { Stage, StageEnd } from "../../src/cron/rounds/tick.ts";
import { nextStage } from "../../src/cron/rounds/tick.ts";

const minute = { at: "minute", endMs: 60 } as const;
const pause = { at: "pause", roundAtMs: 70 } as const;
const overtime = { at: "overtime", roundAtMs: 70 } as const;
const done: Stage = { at: "over", leftUntilMs: null };
/** Slots of 10, a minute that ends at 60 and overtime until 90. */
const quiet: StageEnd = { endMs: 60, overtimeEndMs: 90, isResharded: false, isSucceeded: false };

const table: readonly [name: string, from: Exclude<Stage, { at: "over" }>, end: Partial<StageEnd>, to: Stage][] = [
  ["a minute with overtime", minute, {}, { at: "pause", roundAtMs: 60 }],
  ["a minute whose end the clock has moved", minute, { endMs: 80 }, { at: "pause", roundAtMs: 80 }],
  ["a minute without overtime", minute, { overtimeEndMs: 60 }, done],
  ["a minute in which the services were dealt out anew", minute, { isResharded: true }, { at: "over", leftUntilMs: 60 }],
  ["a pause without a successor", pause, {}, overtime],
  ["a pause in which the successor came", pause, { isSucceeded: true }, done],
  ["a slot of overtime", overtime, {}, { at: "pause", roundAtMs: 80 }],
  ["the last slot of overtime", { at: "overtime", roundAtMs: 80 }, {}, done],
  ["a slot of overtime in which the services were dealt out anew", overtime, { isResharded: true }, { at: "over", leftUntilMs: 80 }],
];

it.each(table)("%s leads on", (_, from, end, to) => {
  expect(nextStage(from, { ...quiet, ...end }, 10)).toEqual(to);
});
