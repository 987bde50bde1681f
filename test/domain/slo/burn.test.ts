import { describe, expect, it } from "vitest";
import type { AlertKind, OpenAlert } from "../../../src/domain/slo/alerts.ts";
import { judgeAlerts } from "../../../src/domain/slo/alerts.ts";
import { burnRate, fastBurnUnreachable, tiers } from "../../../src/domain/slo/burn.ts";
import { lookBackUs } from "../../../src/domain/slo/look-back.ts";
import type { ObjectiveTerms } from "../../../src/domain/slo/objective.ts";
import { statusOf } from "../../../src/domain/slo/status.ts";
import { recorded, talliesOf } from "../../../src/domain/slo/tally.ts";
import type { SideHealth, Span, VisitedDomain } from "../../../src/domain/slo/visitors.ts";
import { conditionOf, nextSpans } from "../../../src/domain/slo/visitors.ts";
import { tallies, terms } from "./terms.ts";

const nowMs = Date.UTC(2027, 1, 15);
const nowUs = nowMs * 1_000;
const second = 1_000_000;
const intervalMs = 10_000;

describe("tiers", () => {
  const short = (own: Partial<ObjectiveTerms>) =>
    tiers(terms(own), nowUs).map(({ name, factor, longUs, shortUs, unreachable }) => [
      name,
      factor,
      longUs / second,
      shortUs / second,
      unreachable === null,
    ]);

  it("over 30 days are those of the page", () => {
    expect(short({})).toEqual([
      ["1h", 14.4, 3_600, 300, true],
      ["6h", 6, 21_600, 1_800, true],
      ["3d", 1, 259_200, 21_600, true],
    ]);
  });

  it("keep their share of the budget in a longer or shorter window: 2, 5 and 10 percent", () => {
    for (const window of [
      { days: 7 },
      { days: 8 },
      { days: 30 },
      { days: 90 },
      { days: 400 },
      { calendar: "week" },
      { calendar: "month" },
    ] as const) {
      const days = "days" in window ? window.days : window.calendar === "week" ? 7 : 28;
      const of = tiers(terms({ window, target: 99.99 }), nowUs);
      const shares = of.map(({ factor, longUs }) => Math.round(((factor * longUs) / (days * 86_400 * second)) * 1_000));
      expect([window, shares]).toEqual([window, [20, 50, 100]]);
      expect(of.map(({ longUs }) => longUs / second)).toEqual([3_600, 21_600, 259_200]);
    }
    expect(short({ window: { days: 7 } })[0]?.[1]).toBe(3.36);
  });

  it("of windows under seven days look less far back, by the same factors", () => {
    expect(short({ window: { days: 6 } })).toEqual([
      ["1h", 14.4, 720, 60, true],
      ["6h", 6, 4_320, 360, true],
      ["3d", 1, 51_840, 4_320, true],
    ]);
    expect(short({ window: { days: 1 } }).map(([, , long, brief]) => [long, brief])).toEqual([
      [120, 10],
      [720, 60],
      [8_640, 720],
    ]);
    expect(Number.isInteger(lookBackUs(terms({ window: { days: 1 } }), "5m"))).toBe(true);
  });

  it("that can never fire say why", () => {
    const reasons = (own: Partial<ObjectiveTerms>) => tiers(terms(own), nowUs).map(({ unreachable }) => unreachable);
    expect(reasons({ target: 90 })).toEqual([
      "Even a total outage burns this budget only 10 times as fast as it allows: never more than 14.4 times.",
      null,
      null,
    ]);
    // factor x (1 - target) of 1 exactly: more than that is needed.
    expect(reasons({ target: 99, window: { days: 400 } }).map((reason) => reason === null)).toEqual([false, true, true]);
    expect(reasons({ target: 95, window: { days: 100 } }).map((reason) => reason === null)).toEqual([false, false, true]);
    expect(reasons({ target: 50, window: { days: 60 } }).map((reason) => reason === null)).toEqual([false, false, false]);
    expect(reasons({ target: 50, window: { days: 59 } }).map((reason) => reason === null)).toEqual([false, false, true]);
    expect(fastBurnUnreachable(terms({ target: 80, fastBurnMultiplier: 5 }))).toBe(null);
    expect(fastBurnUnreachable(terms({ target: 80, fastBurnMultiplier: 5.01 }))).toBe(
      "Even a total outage burns this budget only 5 times as fast as it allows: never 5.01 times.",
    );
  });

  it("that are unreachable are, and others are not: a total outage tries", () => {
    for (const target of [1, 50, 80, 90, 93, 95, 99, 99.9]) {
      for (const days of [1, 6, 7, 30, 60, 400]) {
        const of = terms({ target, window: { days }, fastBurnMultiplier: 5 });
        const total = (name: "5m" | "30m" | "1h" | "6h" | "3d") => ({ measuredUs: lookBackUs(of, name), consumedUs: lookBackUs(of, name) });
        const burn = { "5m": total("5m"), "30m": total("30m"), "1h": total("1h"), "6h": total("6h"), "3d": total("3d") };
        const fired = judgeAlerts(of, tallies({}, { burn }), [], nowMs, intervalMs).fire.map(({ kind }) => kind);
        for (const { name, unreachable } of tiers(of, nowUs))
          expect([target, days, name, fired.includes(name)]).toEqual([target, days, name, unreachable === null]);
        expect(fired.includes("fast_burn")).toBe(fastBurnUnreachable(of) === null);
      }
    }
  });
});

describe("a burn rate", () => {
  it.each([
    [0, 3_600, 0],
    [3_600, 3_600, 1_000],
    [1_800, 3_600, 500],
    [3.6, 3_600, 1],
    // Of what was measured: half of the hour was not.
    [1_800, 1_800, 1_000],
    [1, 3_600, 0.2778],
  ])("of %d s in %d measured ones is %d", (consumed, measured, rate) => {
    expect(burnRate(terms(), { consumedUs: consumed * second, measuredUs: measured * second })).toBe(rate);
  });

  it("is not that of the budget: consumed / allowed says nothing of the pace", () => {
    // 21.6 minutes, half of the budget: spent in this hour, and a fortnight ago.
    const spent = { consumedUs: 1_296 * second, downUs: 1_296 * second };
    const now = statusOf(terms(), tallies(spent, { burn: { "1h": { measuredUs: 3_600 * second, consumedUs: 1_296 * second } } }), nowUs);
    const then = statusOf(terms(), tallies(spent), nowUs);
    expect([now.burn["1h"], then.burn["1h"], now.remainingPercent, then.remainingPercent]).toEqual([360, 0, 50, 50]);
  });

  it("is not known where nothing was measured", () => {
    expect(burnRate(terms(), { consumedUs: 0, measuredUs: 0 })).toBe(null);
  });
});

const side = (health: SideHealth["health"], failed: number | null = null, recovered: number | null = null): SideHealth => ({
  health,
  firstFailedAtMs: failed,
  recoveredAtMs: recovered,
});

/** Rounds every ten seconds over a service that was up for 40 days, through the rules of spans, tallies and alerts. */
const simulate = (of: ObjectiveTerms, until: (atMs: number) => "up" | "down" | "unknown", fromMs: number, toMs: number) => {
  const spans: Span[] = [];
  const open = new Map<AlertKind, OpenAlert>();
  const log: { readonly atMs: number; readonly what: "fire" | "resolve"; readonly kind: AlertKind }[] = [];
  let before: "up" | "down" | "unknown" = "up";
  let changedMs = fromMs;
  const judge = (now: number, user: SideHealth) => {
    const domains: VisitedDomain[] = [{ serving: "primary", user, other: null, readAtMs: now }];
    spans.push(...nextSpans(spans.at(-1) ?? null, conditionOf(domains, ["fastly", "cloudflare"]), domains, null, now));
  };
  judge(fromMs - 40 * 86_400_000, side("up"));
  for (let now = fromMs; now <= toMs; now += intervalMs) {
    // To the second: when it became what it is.
    for (let at = now - intervalMs + 1_000; at <= now; at += 1_000) {
      if (until(at) !== before) [before, changedMs] = [until(at), at];
    }
    judge(now, before === "down" ? side("down", changedMs) : side(before, null, changedMs));
    const sums = talliesOf({ spans: recorded(spans), corrections: [], judgedUs: now * 1_000 }, of, now * 1_000);
    const { fire, resolve, note } = judgeAlerts(of, sums, [...open.values()], now, intervalMs);
    for (const { kind } of fire) open.set(kind, { kind, belowSinceMs: null });
    for (const noted of note) open.set(noted.kind, noted);
    for (const { kind } of resolve) open.delete(kind);
    log.push(
      ...fire.map(({ kind }) => ({ atMs: now, what: "fire" as const, kind })),
      ...resolve.map(({ kind }) => ({ atMs: now, what: "resolve" as const, kind })),
    );
  }
  return log;
};

describe("a total outage", () => {
  // With 0, 3 and 9 seconds to the next round.
  it.each([99, 99.5, 99.9, 99.95, 99.99])("of a target of %d fires its tier of one hour in time", (target) => {
    for (const offset of [0, 1_000, 7_000]) {
      const beganMs = nowMs + offset;
      const budgetMs = 14.4 * (1 - target / 100) * 3_600_000;
      const log = simulate(terms({ target }), (at) => (at >= beganMs ? "down" : "up"), nowMs - 100_000, nowMs + budgetMs + 120_000);
      const fired = log.find(({ kind }) => kind === "1h");
      const delay = (fired?.atMs ?? Number.POSITIVE_INFINITY) - beganMs;
      expect(delay).toBeLessThanOrEqual(budgetMs + 2 * intervalMs);
      // And not before: by then it has burnt 2 percent of the budget.
      expect(delay).toBeGreaterThan(budgetMs - 1_000);
      expect(log.filter(({ kind }) => kind === "1h")).toHaveLength(1);
    }
  });

  it("fires whichever tier comes first, each once, and lets each go when its short look-back is below for two rounds", () => {
    const minutes = (count: number) => nowMs + count * 60_000;
    const log = simulate(terms(), (at) => (at >= minutes(0) && at < minutes(5) ? "down" : "up"), minutes(-2), minutes(400));
    const of = (kind: AlertKind) => log.filter((entry) => entry.kind === kind).map(({ what, atMs }) => [what, (atMs - nowMs) / 1_000]);
    // 1 h: more than 51.84 s. Its 5 minutes hold 4.32 s or less once 295.68 s have passed after the outage, which the round at 600 finds.
    expect(of("1h")).toEqual([
      ["fire", 60],
      ["resolve", 610],
    ]);
    // 6 h: more than 129.6 s; its 30 minutes hold 10.8 s or less from 2,089.2 on.
    expect(of("6h")).toEqual([
      ["fire", 130],
      ["resolve", 2_100],
    ]);
    // 3 d: more than 259.2 s; its 6 hours hold 21.6 s or less from 21,878.4 on.
    expect(of("3d")).toEqual([
      ["fire", 260],
      ["resolve", 21_890],
    ]);
    // 18 s of an hour burn five times as fast.
    expect(of("fast_burn")).toEqual([
      ["fire", 20],
      ["resolve", 3_900],
    ]);
    expect(of("budget_warning")).toEqual([]);
  });
});

describe("an alert", () => {
  const hot = { measuredUs: 300 * second, consumedUs: 300 * second };
  const cold = { measuredUs: 300 * second, consumedUs: 0 };
  const nothing = { measuredUs: 0, consumedUs: 0 };
  const kinds = (long: typeof hot, brief: typeof hot, open: readonly OpenAlert[] = [], at = nowMs) => {
    const { fire, resolve, note } = judgeAlerts(terms(), tallies({}, { burn: { "1h": long, "5m": brief } }), open, at, intervalMs);
    const tier = ({ kind }: { readonly kind: AlertKind }) => kind === "1h";
    return [fire.filter(tier).length, resolve.filter(tier).length, note.filter(tier).map(({ belowSinceMs }) => belowSinceMs)];
  };
  const open = (belowSinceMs: number | null): OpenAlert[] => [{ kind: "1h", belowSinceMs }];

  it("fires when both look-backs exceed", () => {
    expect([kinds(hot, hot), kinds(hot, cold), kinds(cold, hot), kinds(cold, cold)]).toEqual([
      [1, 0, []],
      [0, 0, []],
      [0, 0, []],
      [0, 0, []],
    ]);
  });

  it("needs more than its factor", () => {
    // 14.4 x 0.1 % of 1,000 s, exactly.
    const at = (consumedUs: number) => ({ measuredUs: 1_000 * second, consumedUs });
    expect([
      kinds(at(14_400_000), hot)[0],
      kinds(at(14_400_001), hot)[0],
      kinds(hot, at(14_400_000))[0],
      kinds(hot, at(14_400_001))[0],
    ]).toEqual([0, 1, 0, 1]);
  });

  it("is resolved by the second evaluation below, a probe interval after the first", () => {
    expect(kinds(hot, cold, open(null))).toEqual([0, 0, [nowMs]]);
    expect(kinds(hot, cold, open(nowMs), nowMs + intervalMs - 1)).toEqual([0, 0, []]);
    expect(kinds(hot, cold, open(nowMs), nowMs + intervalMs)).toEqual([0, 1, []]);
    expect(kinds(hot, hot, open(nowMs - intervalMs))).toEqual([0, 0, [null]]);
    expect(kinds(hot, hot, open(null))).toEqual([0, 0, []]);
    // Whatever the long one says.
    expect(kinds(cold, hot, open(nowMs - intervalMs))).toEqual([0, 0, [null]]);
  });

  it("neither fires nor is resolved by what was not measured", () => {
    expect([kinds(nothing, hot), kinds(hot, nothing)]).toEqual([
      [0, 0, []],
      [0, 0, []],
    ]);
    expect(kinds(hot, nothing, open(nowMs - intervalMs))).toEqual([0, 0, []]);
    const burn = { "1h": hot, "5m": hot };
    const coverage = (measuredUs: number) =>
      judgeAlerts(
        terms(),
        tallies({ elapsedUs: 1_000, measuredUs, consumedUs: 500 }, { burn }),
        open(nowMs - intervalMs),
        nowMs,
        intervalMs,
      );
    expect(coverage(899)).toEqual({ fire: [], resolve: [], note: [] });
    expect(coverage(900).note).toEqual([{ kind: "1h", belowSinceMs: null }]);
  });

  it("of the budget fires where it is spent to that part, and is resolved when it is not", () => {
    const allowed = 2_592 * second;
    const fired = (consumedUs: number) => judgeAlerts(terms(), tallies({ consumedUs, downUs: consumedUs }), [], nowMs, intervalMs).fire;
    const budget = (consumedUs: number) => fired(consumedUs).map(({ kind }) => kind);
    expect(budget(allowed / 2 - 1)).toEqual([]);
    expect(budget(allowed / 2)).toEqual(["budget_warning"]);
    expect(budget(allowed * 0.8)).toEqual(["budget_warning", "budget_critical"]);
    expect(budget(allowed - 1)).toEqual(["budget_warning", "budget_critical"]);
    expect(budget(allowed)).toEqual(["budget_warning", "budget_critical", "exhausted"]);
    expect(fired(allowed)[2]).toEqual({
      kind: "exhausted",
      figures: { burn: 0, shortBurn: null, threshold: 100, allowedUs: allowed, consumedUs: allowed, remainingUs: 0, downUs: allowed },
    });
    const standing: OpenAlert[] = [{ kind: "exhausted", belowSinceMs: nowMs - intervalMs }];
    expect(judgeAlerts(terms(), tallies({ consumedUs: allowed - 1 }), standing, nowMs, intervalMs).resolve.map(({ kind }) => kind)).toEqual(
      ["exhausted"],
    );
  });

  it("of fast burn fires from its multiplier on", () => {
    const fires = (consumedUs: number) =>
      judgeAlerts(
        terms({ fastBurnMultiplier: 2.25 }),
        tallies({}, { burn: { "1h": { measuredUs: 1_000 * second, consumedUs } } }),
        [],
        nowMs,
        intervalMs,
      ).fire.length;
    expect([fires(2_249_999), fires(2_250_000)]).toEqual([0, 1]);
  });
});
