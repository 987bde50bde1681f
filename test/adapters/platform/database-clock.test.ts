import { describe, expect, it } from "vitest";
import { createDatabaseClock } from "../../../src/adapters/platform/database-clock.ts";
import { createMemoryLog } from "../../support/memory-log.ts";

const trueMs = Date.parse("2026-11-18T11:20:00Z");

/** A machine whose clock is off by so much, and a database that is right and answers in no time. */
const machine = (skewMs: number) => {
  const state = { timerMs: 5_000, skewMs, asked: 0, answers: true };
  const { log, lines } = createMemoryLog();
  const rightMs = () => trueMs + state.timerMs - 5_000;
  const clock = createDatabaseClock({
    platform: { nowMs: () => Math.round(rightMs() + state.skewMs), sleep: async () => undefined },
    timerMs: () => state.timerMs,
    ask: async () => {
      state.asked += 1;
      return state.answers ? rightMs() : await new Promise<never>(() => undefined);
    },
    log,
  });
  return { clock, state, rightMs, lines };
};

describe("a clock that goes by the database's", () => {
  it.each([45_000, -45_000, 3_600_000])("is right once it has heard it, however far off (%d ms) its machine is", async (skewMs) => {
    const { clock, state, rightMs } = machine(skewMs);
    expect(clock.nowMs()).toBe(trueMs + skewMs);
    await clock.sync();
    expect(clock.nowMs()).toBe(rightMs());
    state.timerMs += 12_345.6;
    expect(clock.nowMs(), "whole milliseconds").toBe(Math.floor(rightMs()));
    expect(clock.skewMs()).toBe(skewMs);
  });

  it("goes on evenly where its machine is put right in between", async () => {
    const { clock, state, rightMs } = machine(45_000);
    await clock.sync();
    state.skewMs = 0;
    state.timerMs += 1_000;
    expect(clock.nowMs()).toBe(rightMs());
    clock.heard(rightMs(), state.timerMs, state.timerMs);
    expect([clock.skewMs(), clock.nowMs()]).toEqual([0, rightMs()]);
  });

  it("does not move for the time that an answer takes", () => {
    const { clock, state, rightMs } = machine(0);
    const ask = (there: number, back: number) => {
      const [asked, before] = [state.timerMs, clock.nowMs()];
      state.timerMs += there;
      const said = rightMs();
      state.timerMs += back;
      clock.heard(said, asked, state.timerMs);
      expect(clock.nowMs() - before).toBe(there + back);
    };
    ask(10, 400);
    ask(900, 3);
    ask(0, 0);
  });

  it("is put right by as little as is certain to be wrong, in the middle between question and answer", () => {
    const { clock, state, rightMs } = machine(200);
    clock.heard(rightMs() - 0, state.timerMs - 50, state.timerMs + 50);
    expect(clock.nowMs()).toBe(rightMs());
  });

  it("asks where it has not heard for a minute, and not before", async () => {
    const { clock, state } = machine(0);
    await clock.sync();
    state.timerMs += 59_999;
    await clock.sync();
    expect(state.asked).toBe(1);
    state.timerMs += 1;
    await clock.sync();
    expect(state.asked).toBe(2);
  });

  it("goes by its machine where the database does not answer, and is not kept waiting", async () => {
    const { clock, state } = machine(45_000);
    state.answers = false;
    await clock.sync();
    expect(clock.nowMs()).toBe(trueMs + 45_000);
    expect(clock.skewMs()).toBeNull();
  });

  it("tells of a machine that is off, once in ten minutes, and of samples that were refused", async () => {
    const { clock, state, rightMs, lines } = machine(-31_000);
    for (let minute = 0; minute < 15; minute += 1) {
      clock.heard(rightMs(), state.timerMs, state.timerMs);
      state.timerMs += 60_000;
    }
    clock.refused(3);
    expect(lines.map(({ level, event, fields }) => [level, event, fields["seconds"] ?? fields["samples"]])).toEqual([
      ["warn", "clock_skew", -31],
      ["warn", "clock_skew", -31],
      ["warn", "samples_refused", 3],
    ]);
    const right = machine(1_999);
    await right.clock.sync();
    expect(right.lines).toEqual([]);
  });

  it("says at what time of its machine something is due", async () => {
    const { clock } = machine(45_000);
    await clock.sync();
    expect(clock.toPlatform(clock.nowMs() + 10_000)).toBe(trueMs + 55_000);
  });

  it("does not listen to nonsense", () => {
    const { clock, state } = machine(0);
    clock.heard(Number.NaN, state.timerMs, state.timerMs);
    expect(clock.nowMs()).toBe(trueMs);
  });
});
