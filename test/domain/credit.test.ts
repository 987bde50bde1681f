import { describe, expect, it } from "vitest";
import type { CreditedStorm } from "../../src/domain/credit.ts";
import { judgeCredit, showsHealthy } from "../../src/domain/credit.ts";
import type { DomainHealth } from "../../src/domain/detect.ts";
import type { StormTransition } from "../../src/domain/storm.ts";

const nowMs = 10_000_000;

describe("showsHealthy", () => {
  const minuteMs = 60_000;
  it.each([
    ["up, never edited", "up", null, true],
    ["not known to be up", "unknown", null, false],
    ["down", "down", null, false],
    ["edited just now", "up", nowMs, false],
    ["edited by a clock ahead of ours", "up", nowMs + minuteMs, false],
    ["edited a window ago: a round that was under way may be in it", "up", nowMs - 5 * minuteMs, false],
    ["edited a window and almost a minute ago", "up", nowMs - 6 * minuteMs + 1, false],
    ["edited a window and a minute ago", "up", nowMs - 6 * minuteMs, true],
    ["edited long ago, and down", "down", 0, false],
  ] as const)("%s", (_, health, editedAtMs, expected) => {
    expect(showsHealthy({ health }, { editedAtMs }, 300, nowMs)).toBe(expected);
  });
});

/** `1 down` and the like; a domain that is down is below its threshold, `below` is that without enough failures to say so. */
const domains = (text: string): readonly DomainHealth[] =>
  text.split(", ").map((one): DomainHealth => {
    const [domainId, health] = one.split(" ");
    const below = health === "down" || health === "below";
    return { domainId: Number(domainId), health: health === "up" || health === "down" ? health : "unknown", below, firstFailedAtMs: null };
  });

describe("a storm that begins", () => {
  const transition = { kind: "begin", startedAtMs: nowMs - 1_000 } as const;
  it.each([
    ["1 down", [], [1], []],
    ["1 down", [1], [1], [1]],
    ["1 down, 2 up", [2], [1], []],
    ["1 down, 2 unknown, 3 below", [2, 3], [1], []],
    ["1 down, 2 down", [2], [1, 2], [2]],
    ["1 down, 2 down", [1, 2], [1, 2], [1, 2]],
    ["1 down, 2 down", [3], [1, 2], []],
  ] as const)("while %s, never healthy %j", (text, never, down, neverHealthy) => {
    expect(judgeCredit({ transition, domains: domains(text) }, null, new Set<number>(never), nowMs)).toEqual({ transition, credit: { down, neverHealthy } });
  });
});

describe("a storm that is on", () => {
  const startedAtMs = nowMs - 3_600_000;
  const storm = (creditReason: string | null): CreditedStorm => ({ state: "storm", startedAtMs, recoveringSinceMs: null, creditReason });
  const [earned, refused] = [storm(null), storm("never_healthy")];

  it.each([
    ["earned", "1 down", [], false],
    ["earned", "1 down, 2 down", [2], false],
    ["earned", "1 below, 2 down", [2], false],
    ["earned", "1 up, 2 down", [2], true],
    ["earned", "1 unknown, 2 down", [2], true],
    ["earned", "1 down", [1], true],
    ["earned", "1 below", [1], false],
    ["earned", "1 up", [1], false],
    ["refused", "1 down", [1], false],
    ["refused", "1 down, 2 down", [2], false],
    ["refused", "1 down, 2 below", [2], false],
    ["refused", "1 down, 2 up", [2], true],
    ["refused", "1 down, 2 down", [], true],
    ["refused", "1 unknown", [], false],
    ["refused", "1 up", [], false],
  ] as const)("%s, while %s, never healthy %j: gives way %s", (credit, text, never, ends) => {
    const active = credit === "earned" ? earned : refused;
    const { transition, credit: grounds } = judgeCredit({ transition: null, domains: domains(text) }, active, new Set<number>(never), nowMs);
    expect(transition).toEqual(ends ? { kind: "end", endedAtMs: nowMs, reason: "credit_changed" } : null);
    expect(grounds).toBeNull();
  });

  it("is credited until it began to recover where it would relapse into the other kind", () => {
    const recovering: CreditedStorm = { ...earned, state: "recovering", recoveringSinceMs: nowMs - 40_000 };
    const relapse: StormTransition = { kind: "relapse" };
    const judged = (active: CreditedStorm, never: number[], text = "1 down") => judgeCredit({ transition: relapse, domains: domains(text) }, active, new Set(never), nowMs).transition;
    expect(judged(recovering, [1])).toEqual({ kind: "end", endedAtMs: nowMs - 40_000, reason: "credit_changed" });
    expect(judged(recovering, [])).toEqual(relapse);
    expect(judged(recovering, [1], "1 below"), "not without knowing that it is down").toEqual(relapse);
    expect(judged({ ...recovering, creditReason: "never_healthy" }, [])).toEqual({ kind: "end", endedAtMs: nowMs - 40_000, reason: "credit_changed" });
  });

  it("never ends before it began, and ends by nothing else where it ends anyway", () => {
    const late: CreditedStorm = { ...earned, startedAtMs: nowMs + 5_000 };
    expect(judgeCredit({ transition: null, domains: domains("1 down") }, late, new Set([1]), nowMs).transition).toMatchObject({ endedAtMs: nowMs + 5_000 });
    const end: StormTransition = { kind: "end", endedAtMs: nowMs - 900_000, reason: "no_evidence" };
    expect(judgeCredit({ transition: end, domains: domains("1 down") }, earned, new Set([1]), nowMs).transition).toEqual(end);
  });

  it("that earns nothing for another reason is judged as one that does", () => {
    expect(judgeCredit({ transition: null, domains: domains("1 down") }, storm("waiting_period"), new Set(), nowMs).transition).toBeNull();
  });
});
