import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Health, Reading } from "../../../src/domain/detection/health.ts";
import { evidenceTimeoutMs, nextStorm } from "../../../src/domain/detection/storm.ts";
import type { ActiveStorm, StormInput, StormTransition } from "../../../src/domain/detection/storm.ts";

const nowMs = Date.parse("2026-11-18T12:00:00Z");
const cooldownSeconds = 300;
const minute = 60_000;
const reading = (health: Health, below = health === "down", firstFailedAtMs: number | null = null): Reading => ({
  health,
  below,
  firstFailedAtMs,
});
const storm: ActiveStorm = { state: "storm", startedAtMs: nowMs - 20 * minute, recoveringSinceMs: null };
const recovering = (sinceMs: number): ActiveStorm => ({ ...storm, state: "recovering", recoveringSinceMs: sinceMs });
const input = (over: Partial<StormInput>): StormInput => ({
  active: null,
  previousEndedAtMs: null,
  primary: reading("up"),
  lastCountedAtMs: nowMs,
  mayEnd: true,
  cooldownSeconds,
  nowMs,
  ...over,
});

describe("nextStorm, row by row", () => {
  const at = (agoMs: number) => nowMs - agoMs;
  it.each([
    ["calm, up: calm", { primary: reading("up") }, null],
    ["calm, unknown: calm", { primary: reading("unknown") }, null],
    ["calm, below without enough failures: calm", { primary: reading("unknown", true, at(9_000)) }, null],
    [
      "calm, down: storm from the first failed sample",
      { primary: reading("down", true, at(9_000)) },
      { kind: "begin", startedAtMs: at(9_000) },
    ],
    [
      "calm, down: not before the previous storm ended",
      { primary: reading("down", true, at(9_000)), previousEndedAtMs: at(5_000) },
      { kind: "begin", startedAtMs: at(5_000) },
    ],
    [
      "calm, down, an earlier storm long ago",
      { primary: reading("down", true, at(9_000)), previousEndedAtMs: at(60 * minute) },
      { kind: "begin", startedAtMs: at(9_000) },
    ],
    [
      "calm, down by a CDN's own word: that may start one",
      { primary: reading("down", true, at(9_000)), mayEnd: false },
      { kind: "begin", startedAtMs: at(9_000) },
    ],
    [
      "calm, down, a sample from a clock ahead: not in the future",
      { primary: reading("down", true, at(-9_000)) },
      { kind: "begin", startedAtMs: nowMs },
    ],
    ["storm, down: storm", { active: storm, primary: reading("down") }, null],
    ["storm, unknown: storm", { active: storm, primary: reading("unknown") }, null],
    ["storm, up: recovering since now", { active: storm, primary: reading("up") }, { kind: "recover", sinceMs: nowMs }],
    ["storm, up, cooldown 0: recovering first, all the same", { active: storm, cooldownSeconds: 0 }, { kind: "recover", sinceMs: nowMs }],
    ["storm, up by a CDN's own word: storm", { active: storm, mayEnd: false }, null],
    ["recovering, up, cooldown running: nothing", { active: recovering(at(299_999)) }, null],
    [
      "recovering, up for the cooldown: ended at T",
      { active: recovering(at(300_000)) },
      { kind: "end", endedAtMs: at(300_000), reason: "recovered" },
    ],
    [
      "recovering, up by a CDN's own word: T restarts",
      { active: recovering(at(300_000)), mayEnd: false },
      { kind: "restart", sinceMs: nowMs },
    ],
    [
      "recovering, unknown: T restarts",
      { active: recovering(at(400_000)), primary: reading("unknown") },
      { kind: "restart", sinceMs: nowMs },
    ],
    ["recovering, down: relapse", { active: recovering(at(9_000)), primary: reading("down") }, { kind: "relapse" }],
    [
      "recovering, below with too few failures: relapse",
      { active: recovering(at(9_000)), primary: reading("unknown", true) },
      { kind: "relapse" },
    ],
    [
      "recovering, below when the cooldown is over: relapse comes first",
      { active: recovering(at(400_000)), primary: reading("unknown", true) },
      { kind: "relapse" },
    ],
    [
      "recovering, T in the future (a clock jumped back): T restarts",
      { active: recovering(nowMs + 5_000) },
      { kind: "restart", sinceMs: nowMs },
    ],
    [
      "storm, no counted sample for 15 min: ended at the last one",
      { active: storm, primary: reading("unknown"), lastCountedAtMs: at(15 * minute) },
      { kind: "end", endedAtMs: at(15 * minute), reason: "no_evidence" },
    ],
    [
      "storm, no counted sample for less: storm",
      { active: storm, primary: reading("unknown"), lastCountedAtMs: at(15 * minute - 1) },
      null,
    ],
    [
      "recovering, no counted sample for 15 min: ended at the last one",
      { active: recovering(at(16 * minute)), primary: reading("unknown"), lastCountedAtMs: at(15 * minute) },
      { kind: "end", endedAtMs: at(15 * minute), reason: "no_evidence" },
    ],
    [
      "storm, never a counted sample: ended where it began",
      { active: storm, primary: reading("unknown"), lastCountedAtMs: null },
      { kind: "end", endedAtMs: at(20 * minute), reason: "no_evidence" },
    ],
    [
      "storm, the last counted sample from before it: not ended before it began",
      { active: storm, primary: reading("unknown"), lastCountedAtMs: at(40 * minute) },
      { kind: "end", endedAtMs: at(20 * minute), reason: "no_evidence" },
    ],
  ] as [string, Partial<StormInput>, StormTransition | null][])("%s", (_, over, expected) =>
    expect(nextStorm(input(over))).toEqual(expected),
  );
});

type Step = {
  readonly afterMs: number;
  readonly health: Health;
  readonly below: boolean;
  readonly silent: boolean;
  readonly mayEnd: boolean;
};
type Event = {
  readonly atMs: number;
  readonly transition: StormTransition;
  readonly before: ActiveStorm | null;
  readonly reading: Reading;
};

/** Drives the machine through rounds, applying each transition as the store does. */
const drive = (steps: readonly Step[], cooldown: number) => {
  const events: Event[] = [];
  const rounds: { atMs: number; step: Step; active: ActiveStorm | null }[] = [];
  let active: ActiveStorm | null = null;
  let previousEndedAtMs: number | null = null;
  let lastCountedAtMs: number | null = null;
  let atMs = nowMs;
  for (const step of steps) {
    atMs += step.afterMs;
    if (!step.silent) lastCountedAtMs = atMs;
    const primary = step.silent ? reading("unknown") : reading(step.health, step.below, step.below ? atMs - 1_000 : null);
    const transition: StormTransition | null = nextStorm({
      active,
      previousEndedAtMs,
      primary,
      lastCountedAtMs,
      mayEnd: step.mayEnd,
      cooldownSeconds: cooldown,
      nowMs: atMs,
    });
    if (transition !== null) {
      events.push({ atMs, transition, before: active, reading: primary });
      if (transition.kind === "begin") active = { state: "storm", startedAtMs: transition.startedAtMs, recoveringSinceMs: null };
      else if (transition.kind === "end") [previousEndedAtMs, active] = [transition.endedAtMs, null];
      else if (transition.kind === "relapse") active = { ...(active ?? storm), state: "storm", recoveringSinceMs: null };
      else active = { ...(active ?? storm), state: "recovering", recoveringSinceMs: transition.sinceMs };
    }
    rounds.push({ atMs, step, active });
  }
  return { events, rounds };
};

const step: fc.Arbitrary<Step> = fc
  .oneof(
    { weight: 4, arbitrary: fc.constant({ health: "up" as Health, below: false }) },
    { weight: 2, arbitrary: fc.constant({ health: "down" as Health, below: true }) },
    { weight: 1, arbitrary: fc.constant({ health: "unknown" as Health, below: true }) },
    { weight: 1, arbitrary: fc.constant({ health: "unknown" as Health, below: false }) },
  )
  .chain((health) =>
    fc
      .record({
        afterMs: fc.constantFrom(1_000, 10_000, 10_000, 10_000, 30_000, 400_000),
        silent: fc.boolean().map((one) => one && health.health === "unknown"),
        mayEnd: fc.integer({ min: 0, max: 5 }).map((one) => one > 0),
      })
      .map((rest) => ({ ...health, ...rest })),
  );
const cooldowns = fc.constantFrom(0, 5, 30, 300);

describe("nextStorm, over time", () => {
  it("makes one transition a round, and only those that its state allows", () => {
    const allowed = { calm: ["begin"], storm: ["recover", "end"], recovering: ["relapse", "restart", "end"] };
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), cooldowns, (steps, cooldown) => {
        const { events } = drive(steps, cooldown);
        for (const { transition, before } of events) expect(allowed[before?.state ?? "calm"]).toContain(transition.kind);
        expect(new Set(events.map(({ atMs }) => atMs)).size).toBe(events.length);
      }),
    );
  });

  it("never ends a storm as recovered before the primary has been up for the whole cooldown", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), cooldowns, (steps, cooldown) => {
        const { events, rounds } = drive(steps, cooldown);
        for (const { atMs, transition } of events) {
          if (transition.kind !== "end" || transition.reason !== "recovered") continue;
          expect(atMs - transition.endedAtMs).toBeGreaterThanOrEqual(cooldown * 1_000);
          // T itself may be a round in which nothing was known: the cooldown runs from there.
          const since = rounds.filter((round) => round.atMs > transition.endedAtMs && round.atMs <= atMs);
          expect(since.length).toBeGreaterThan(0);
          expect(since.every((round) => round.step.health === "up" && round.step.mayEnd)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("never begins a storm while availability stays at the threshold or above", () => {
    fc.assert(
      fc.property(
        fc.array(
          step.filter(({ below }) => !below),
          { maxLength: 80 },
        ),
        cooldowns,
        (steps, cooldown) => {
          expect(drive(steps, cooldown).events).toEqual([]);
        },
      ),
    );
  });

  it("gives storms that do not overlap, each ending no earlier than it began", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), cooldowns, (steps, cooldown) => {
        let freeFromMs = 0;
        for (const { atMs, transition, before } of drive(steps, cooldown).events) {
          if (transition.kind === "begin") expect(transition.startedAtMs).toBeGreaterThanOrEqual(freeFromMs);
          if (transition.kind !== "end") continue;
          expect(transition.endedAtMs).toBeGreaterThanOrEqual(before?.startedAtMs ?? 0);
          expect(transition.endedAtMs).toBeLessThanOrEqual(atMs);
          freeFromMs = transition.endedAtMs;
        }
      }),
      { numRuns: 300 },
    );
  });

  it("never lets a storm without evidence stand, however the rounds fall", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        let lastHeardMs = nowMs;
        for (const {
          atMs,
          step: { silent },
          active,
        } of drive(steps, 300).rounds) {
          if (!silent) lastHeardMs = atMs;
          if (active !== null) expect(atMs - Math.max(lastHeardMs, active.startedAtMs)).toBeLessThan(evidenceTimeoutMs);
        }
      }),
    );
  });

  it("holds one storm through an outage that is good for minutes and bad again", () => {
    const phase = (health: Health, rounds: number): Step[] =>
      Array.from({ length: rounds }, () => ({ afterMs: 10_000, health, below: health === "down", silent: false, mayEnd: true }));
    const steps = [
      ...phase("up", 6),
      ...Array.from({ length: 8 }, () => [...phase("down", 12), ...phase("up", 24)]).flat(),
      ...phase("up", 40),
    ];
    const kinds = drive(steps, 300).events.map(({ transition }) => transition.kind);
    expect(kinds.filter((kind) => kind === "begin")).toHaveLength(1);
    expect(kinds.filter((kind) => kind === "relapse")).toHaveLength(7);
    expect(kinds.at(-1)).toBe("end");
  });
});
