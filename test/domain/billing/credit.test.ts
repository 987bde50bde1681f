import { describe, expect, it } from "vitest";
import type { CreditCase, CreditDomain, CreditedStorm, CreditReason, CreditTerms } from "../../../src/domain/billing/credit.ts";
import { decideCredit, everyStorm, judgeCredit, showsHealthy } from "../../../src/domain/billing/credit.ts";
import type { DomainHealth } from "../../../src/domain/detection/detect.ts";
import type { StormTransition } from "../../../src/domain/detection/storm.ts";

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

const hourMs = 3_600_000;
const strict: CreditTerms = {
  rule: "verified",
  requireVerified: true,
  waitingMs: 24 * hourMs,
  maxGapMs: 600_000,
  floors: { minSamples: 3, minFailures: 3, minWindowSeconds: 30, maxThreshold: 0.99, minLatencyMs: 500 },
};
const policy = { thresholdAvail: 0.9, minSamples: 3, minFailures: 3, windowSeconds: 60, latencyMs: null };
const domain = (domainId: number, over: Partial<CreditDomain> = {}): CreditDomain => ({
  domainId,
  verified: true,
  editedAtMs: null,
  neverHealthy: false,
  ...over,
});
/** Three domains under the rule `storm`, of which some were never healthy. */
const caseOf = (never: Iterable<number>, over: Partial<CreditCase> = {}): CreditCase => {
  const ids = new Set(never);
  return {
    terms: everyStorm,
    rule: "storm",
    monitorOnly: false,
    policy,
    domains: [1, 2, 3].map((id) => domain(id, { neverHealthy: ids.has(id) })),
    ...over,
  };
};

describe("decideCredit", () => {
  const day = 24 * hourMs;
  const judged = (over: Partial<CreditCase>, down: readonly CreditDomain[] = [domain(1)]) => {
    const { credit, reason } = decideCredit(caseOf([], { terms: strict, rule: "verified", ...over }), down, nowMs * 1_000);
    return [credit, ...(reason === null ? [] : [reason])].join(" ");
  };
  it.each([
    ["as usual", {}, "earned"],
    ["corroborated: as usual, it waits for a witness", { rule: "corroborated" }, "pending uncorroborated"],
    ["nothing to move to", { monitorOnly: true }, "refused monitor_only"],
    ["storm: nothing to move to", { rule: "storm", monitorOnly: true }, "earned"],
    ["one sample", { policy: { ...policy, minSamples: 1 } }, "refused terms_below_floor"],
    ["one failure", { policy: { ...policy, minFailures: 2 } }, "refused terms_below_floor"],
    ["a window of ten seconds", { policy: { ...policy, windowSeconds: 29 } }, "refused terms_below_floor"],
    ["a threshold of 1", { policy: { ...policy, thresholdAvail: 0.9901 } }, "refused terms_below_floor"],
    ["all floors met exactly", { policy: { ...policy, thresholdAvail: 0.99, windowSeconds: 30, latencyMs: 500 } }, "earned"],
    ["a latency that nobody meets", { policy: { ...policy, latencyMs: 499 } }, "refused terms_below_floor"],
    ["corroborated, below the floors", { rule: "corroborated", policy: { ...policy, minSamples: 1 } }, "refused terms_below_floor"],
    ["storm, below the floors", { rule: "storm", policy: { ...policy, minSamples: 1 } }, "earned"],
  ] as [string, Partial<CreditCase>, string][])("%s", (_, over, expected) => {
    expect(judged(over)).toBe(expected);
  });

  it.each([
    ["unverified", { verified: false }, "refused unverified"],
    ["edited just now", { editedAtMs: nowMs * 1_000 }, "refused recent_edit"],
    ["edited a millisecond less than a day ago", { editedAtMs: nowMs * 1_000 - day + 1 }, "refused recent_edit"],
    ["edited a day ago", { editedAtMs: nowMs * 1_000 - day }, "earned"],
    ["edited by a clock ahead of ours", { editedAtMs: nowMs * 1_000 + hourMs }, "refused recent_edit"],
    [
      "never healthy, unverified and edited: the first reason",
      { neverHealthy: true, verified: false, editedAtMs: nowMs * 1_000 },
      "refused never_healthy",
    ],
  ] as const)("one of two that are down is %s", (_, over, expected) => {
    expect(judged({}, [domain(1), domain(2, over)])).toBe(expected);
  });

  it("takes every domain for verified where nobody verifies, and waits for nothing where there is no waiting period", () => {
    const edited = [domain(1, { verified: false, editedAtMs: nowMs * 1_000 })];
    expect(judged({ terms: { ...strict, requireVerified: false, waitingMs: 0 } }, edited)).toBe("earned");
  });
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
    expect(judgeCredit({ transition, domains: domains(text) }, null, caseOf(never), nowMs)).toMatchObject({
      transition,
      credit: {
        credit: neverHealthy.length > 0 ? "refused" : "earned",
        reason: neverHealthy.length > 0 ? "never_healthy" : null,
        down: down.map((domainId) => ({ domainId, neverHealthy: (neverHealthy as readonly number[]).includes(domainId) })),
      },
    });
  });
});

describe("a storm that is on", () => {
  const startedAtMs = nowMs - 3_600_000;
  const storm = (creditReason: CreditReason | null): CreditedStorm => ({
    state: "storm",
    startedAtMs,
    recoveringSinceMs: null,
    creditReason,
  });
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
    const { transition, credit: grounds } = judgeCredit({ transition: null, domains: domains(text) }, active, caseOf(never), nowMs);
    expect(transition).toEqual(ends ? { kind: "end", endedAtMs: nowMs, reason: "credit_changed" } : null);
    expect(grounds).toBeNull();
  });

  it("is credited until it began to recover where it would relapse into the other kind", () => {
    const recovering: CreditedStorm = { ...earned, state: "recovering", recoveringSinceMs: nowMs - 40_000 };
    const relapse: StormTransition = { kind: "relapse" };
    const judged = (active: CreditedStorm, never: number[], text = "1 down") =>
      judgeCredit({ transition: relapse, domains: domains(text) }, active, caseOf(never), nowMs).transition;
    expect(judged(recovering, [1])).toEqual({ kind: "end", endedAtMs: nowMs - 40_000, reason: "credit_changed" });
    expect(judged(recovering, [])).toEqual(relapse);
    expect(judged(recovering, [1], "1 below"), "not without knowing that it is down").toEqual(relapse);
    expect(judged({ ...recovering, creditReason: "never_healthy" }, [])).toEqual({
      kind: "end",
      endedAtMs: nowMs - 40_000,
      reason: "credit_changed",
    });
  });

  it("never ends before it began, and ends by nothing else where it ends anyway", () => {
    const late: CreditedStorm = { ...earned, startedAtMs: nowMs + 5_000 };
    expect(judgeCredit({ transition: null, domains: domains("1 down") }, late, caseOf([1]), nowMs).transition).toMatchObject({
      endedAtMs: nowMs + 5_000,
    });
    const end: StormTransition = { kind: "end", endedAtMs: nowMs - 900_000, reason: "no_evidence" };
    expect(judgeCredit({ transition: end, domains: domains("1 down") }, earned, caseOf([1]), nowMs).transition).toEqual(end);
  });

  it("that earns nothing for another reason is judged as one that does", () => {
    expect(judgeCredit({ transition: null, domains: domains("1 down") }, storm("recent_edit"), caseOf([]), nowMs).transition).toBeNull();
    expect(
      judgeCredit({ transition: null, domains: domains("1 down") }, storm("uncorroborated"), caseOf([1]), nowMs).transition,
    ).toMatchObject({ kind: "end" });
  });

  it.each(["confirmed", "declined", "monitor_only", "terms_below_floor", "recent_edit"] as const)("%s stays what it is", (reason) => {
    for (const never of [[], [1]])
      expect(judgeCredit({ transition: null, domains: domains("1 down") }, storm(reason), caseOf(never), nowMs).transition).toBeNull();
  });

  it("is replaced where its domain is no longer verified, and where it is by now; not under the rule storm", () => {
    const judged = (reason: CreditReason | null, verified: boolean, rule: CreditCase["rule"] = "verified") =>
      judgeCredit(
        { transition: null, domains: domains("1 down") },
        storm(reason),
        caseOf([], { terms: strict, rule, domains: [domain(1, { verified })] }),
        nowMs,
      ).transition;
    expect([judged(null, false)?.kind, judged(null, true), judged(null, false, "storm")]).toEqual(["end", null, null]);
    expect([judged("unverified", true)?.kind, judged("unverified", false)]).toEqual(["end", null]);
  });

  it("that relapses after a longer calm than is credited ends where the calm began; after a shorter one it goes on", () => {
    const relapse: StormTransition = { kind: "relapse" };
    const judged = (calmMs: number, active = earned) =>
      judgeCredit(
        { transition: relapse, domains: domains("1 below") },
        { ...active, state: "recovering", recoveringSinceMs: nowMs - calmMs },
        caseOf([], { terms: strict }),
        nowMs,
      ).transition;
    expect(judged(600_000)).toEqual(relapse);
    expect(judged(600_001)).toEqual({ kind: "end", endedAtMs: nowMs - 600_001, reason: "credit_changed" });
    expect(judged(600_001, refused), "whatever it earns: an admin may confirm it").toMatchObject({ kind: "end" });
  });
});
