import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Health } from "../../../src/domain/detection/health.ts";
import { desired, equalWeights, plan, weightsFor } from "../../../src/domain/steering/steering.ts";
import type {
  Desired,
  Latch,
  Override,
  SteeredDomain,
  SteeringInput,
  SteeringStorm,
  Weights,
} from "../../../src/domain/steering/steering.ts";

const nowMs = Date.parse("2026-11-18T12:00:00Z");
const healths: readonly Health[] = ["up", "down", "unknown"];
const storm = (backup: Health, stormId = 7, relapses = 0): SteeringStorm => ({ stormId, kind: "http_availability", relapses, backup });
const slow = (backup: Health, stormId = 8, relapses = 0): SteeringStorm => ({ stormId, kind: "http_latency", relapses, backup });
const input = (over: Partial<SteeringInput> = {}): SteeringInput => ({
  freeze: null,
  override: null,
  storms: [],
  primary: "up",
  backup: "up",
  movedToBackup: false,
  latch: null,
  failback: null,
  failbackSteps: [100],
  failbackStepSeconds: 60,
  nowMs,
  ...over,
});
/** `normal`, `backup` or `hold`, with what is remembered of the latch. */
const short = ({ target, latch }: Desired) => `${target.kind}${latch === null ? "" : " latched"}`;

const latches: readonly (Latch | null)[] = [
  null,
  { stormId: 7, relapses: 0 },
  { stormId: 7, relapses: 1 },
  { stormId: 3, relapses: 0 },
  { stormId: 7, relapses: 0, also: [{ stormId: 8, relapses: 2 }] },
];
const overrides: readonly (Override | null)[] = [
  null,
  ...(["primary", "backup", "frozen"] as const).flatMap((mode) =>
    [null, nowMs + 1, nowMs, nowMs - 1].map((untilMs) => ({ mode, untilMs })),
  ),
];
const stormSets: readonly (readonly SteeringStorm[])[] = [
  [],
  ...healths.map((one) => [storm(one)]),
  ...healths.flatMap((one) => healths.map((other) => [slow(other, 8, 2), storm(one)])),
];

/** At most one of each kind is on at a time. */
const stormsOf = fc
  .tuple(
    fc.option(fc.record({ backup: fc.constantFrom(...healths), relapses: fc.nat(2) })),
    fc.option(fc.record({ backup: fc.constantFrom(...healths), relapses: fc.nat(2) })),
  )
  .map(([dead, late]) => [
    ...(dead === null ? [] : [storm(dead.backup, 7, dead.relapses)]),
    ...(late === null ? [] : [slow(late.backup, 8, late.relapses)]),
  ]);

/** Semantics §6, rule by rule, as a reader would apply it. */
const expected = ({ override, storms, primary, movedToBackup, latch }: SteeringInput): string => {
  const kept = latch === null ? "" : " latched";
  if (override !== null && (override.untilMs === null || override.untilMs > nowMs)) {
    return { primary: `normal${kept}`, backup: `backup${kept}`, frozen: `hold${kept}` }[override.mode];
  }
  if (storms.length === 0) return primary === "up" ? "normal" : "hold";
  // A storm in which the backup has failed before has no say until it relapses or ends.
  const latched = [latch, ...(latch?.also ?? [])];
  const free = storms.filter((one) => !latched.some((past) => past?.stormId === one.stormId && past.relapses === one.relapses));
  const memory = free.length < storms.length ? " latched" : "";
  if (free.some((one) => one.backup === "up")) return `backup${memory}`;
  // None knows it to be up: whether it is down says the storm that the primary fails hardest.
  const hardest = free.find(({ kind }) => kind === "http_availability") ?? free[0];
  if (primary === "up" && movedToBackup && hardest?.backup === "down") return "normal latched";
  return primary === "up" && memory !== "" ? "normal latched" : `hold${memory}`;
};

describe("desired", () => {
  it("follows the first rule that fits, in every combination", () => {
    let combinations = 0;
    for (const override of overrides)
      for (const storms of stormSets)
        for (const primary of healths)
          for (const backup of healths) {
            for (const movedToBackup of [false, true])
              for (const latch of latches) {
                const one = input({ override, storms, primary, backup, movedToBackup, latch });
                expect(short(desired(one)), JSON.stringify(one)).toBe(expected(one));
                combinations += 1;
              }
          }
    expect(combinations).toBe(13 * 13 * 3 * 3 * 2 * 5);
  });

  it.each([
    ["calm", {}, "normal", "calm"],
    ["calm, primary unknown", { primary: "unknown" }, "held", "primary_not_known_up"],
    ["storm, backup up", { storms: [storm("up")], primary: "down" }, "shifted", "storm"],
    ["storm, backup down", { storms: [storm("down")], primary: "down" }, "held", "backup_down"],
    ["storm, backup unknown", { storms: [storm("unknown")], primary: "down" }, "held", "backup_unknown"],
    ["dead, the backup slow", { storms: [slow("down"), storm("up")], primary: "down" }, "shifted", "storm"],
    [
      "dead, the backup slow and not known to be up",
      { storms: [slow("down"), storm("unknown")], primary: "down" },
      "held",
      "backup_unknown",
    ],
    [
      "dead and slow, the backup dead, and slow not known",
      { storms: [slow("unknown"), storm("down")], primary: "down" },
      "held",
      "backup_down",
    ],
    ["slow, the backup slow as well", { storms: [slow("down")], primary: "down" }, "held", "backup_down"],
    ["slow, the backup quick, and only dead for long", { storms: [slow("up"), storm("down")], primary: "down" }, "shifted", "storm"],
    [
      "slow, on a backup that has died",
      { storms: [slow("down")], primary: "down", movedToBackup: true, availability: { primary: "up", backup: "down" } },
      "normal",
      "bad_backup",
    ],
    [
      "slow, and dead by lax terms only for long",
      { storms: [slow("up")], primary: "down", availability: { primary: "up", backup: "down" } },
      "held",
      "backup_down",
    ],
    [
      "slow, on a backup that is slow too",
      { storms: [slow("down")], primary: "down", movedToBackup: true, availability: { primary: "up", backup: "up" } },
      "held",
      "backup_down",
    ],
    ["bad backup", { storms: [storm("down")], movedToBackup: true }, "normal", "bad_backup"],
    ["latched, primary not known up", { storms: [storm("up")], primary: "unknown", latch: { stormId: 7, relapses: 0 } }, "held", "latched"],
    ["frozen", { override: { mode: "frozen", untilMs: null }, storms: [storm("up")] }, "frozen", "frozen"],
    ["forced to the backup", { override: { mode: "backup", untilMs: null } }, "shifted", "override"],
    [
      "forced to the primary",
      { override: { mode: "primary", untilMs: null }, storms: [storm("up")], primary: "down" },
      "normal",
      "override",
    ],
  ] as [string, Partial<SteeringInput>, string, string][])("says why: %s", (_, over, state, reason) => {
    expect(desired(input(over))).toMatchObject({ state, reason });
  });

  it("holds everything under a freeze of everything, whatever else would fit, until it runs out", () => {
    let combinations = 0;
    for (const untilMs of [null, nowMs + 1, nowMs, nowMs - 1])
      for (const override of overrides)
        for (const storms of stormSets) {
          for (const primary of healths)
            for (const backup of healths)
              for (const movedToBackup of [false, true]) {
                const one = input({ override, storms, primary, backup, movedToBackup });
                const inForce = untilMs === null || untilMs > nowMs;
                const frozen = { target: { kind: "hold" }, state: "frozen", reason: "global_freeze", latch: null, failback: null };
                expect(desired({ ...one, freeze: { untilMs } }), JSON.stringify({ untilMs, one })).toEqual(inForce ? frozen : desired(one));
                combinations += 1;
              }
        }
    expect(combinations).toBe(4 * 13 * 13 * 3 * 3 * 2);
  });

  it("remembers through a freeze where it stood", () => {
    const latch = { stormId: 7, relapses: 1 };
    const failback = { step: 1, sinceMs: nowMs - 5 };
    expect(desired(input({ freeze: { untilMs: null }, latch, failback, movedToBackup: true }))).toMatchObject({ latch, failback });
  });

  /** Every position of a ramp against everything that may befall it. */
  it("goes back by steps, in every combination", () => {
    const steps = [10, 50, 100];
    let combinations = 0;
    for (const step of [null, 0, 1, 2])
      for (const ageMs of [0, 59_999, 60_000])
        for (const primary of healths)
          for (const backup of healths) {
            const failback = step === null ? null : { step, sinceMs: nowMs - ageMs };
            const {
              target,
              reason,
              failback: next,
            } = desired(input({ movedToBackup: true, failbackSteps: steps, failback, primary, backup }));
            combinations += 1;
            if (primary !== "up") expect([target, reason, next]).toEqual([{ kind: "hold" }, "primary_not_known_up", failback]);
            else if (backup === "down") expect([target, reason, next?.step]).toEqual([{ kind: "normal", percent: 100 }, "bad_backup", 2]);
            else {
              const at = step === null ? 0 : Math.min(2, ageMs >= 60_000 ? step + 1 : step);
              expect([target, reason, next?.step]).toEqual([{ kind: "normal", percent: steps[at] }, at === 2 ? "calm" : "failback", at]);
            }
          }
    expect(combinations).toBe(4 * 3 * 3 * 3);
  });

  it("latches to the storm and relapse at which the backup failed", () => {
    expect(desired(input({ storms: [storm("down", 7, 2)], movedToBackup: true })).latch).toEqual({ stormId: 7, relapses: 2 });
  });

  it("unlatches when the storm relapses or ends", () => {
    const latch = { stormId: 7, relapses: 2 };
    expect(short(desired(input({ storms: [storm("up", 7, 2)], primary: "down", latch })))).toBe("hold latched");
    expect(short(desired(input({ storms: [storm("up", 7, 3)], primary: "down", latch })))).toBe("backup");
    expect(short(desired(input({ storms: [storm("up", 8, 0)], primary: "down", latch })))).toBe("backup");
    expect(short(desired(input({ latch })))).toBe("normal");
  });

  it("never moves traffic to a side that it does not know to be up, an override excepted", () => {
    const any = fc.record({
      storms: stormsOf,
      primary: fc.constantFrom(...healths),
      backup: fc.constantFrom(...healths),
      movedToBackup: fc.boolean(),
      latch: fc.constantFrom(...latches),
      failback: fc.option(fc.record({ step: fc.nat(4), sinceMs: fc.integer({ min: 0, max: 2 * nowMs }) })),
      failbackSteps: fc.constantFrom([100], [10, 50, 100]),
    });
    fc.assert(
      fc.property(any, (over) => {
        const { target } = desired(input(over));
        if (target.kind === "normal") expect(over.primary).toBe("up");
        if (target.kind === "backup") expect(over.storms.some(({ backup }) => backup === "up")).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("holds where nothing is known", () => {
    for (const storms of [[], [storm("unknown")], [storm("unknown"), slow("unknown")]])
      for (const latch of latches)
        for (const movedToBackup of [false, true]) {
          const { target } = desired(input({ storms, latch, movedToBackup, primary: "unknown", backup: "unknown" }));
          expect(target.kind).toBe("hold");
        }
  });
});

describe("several storms at once", () => {
  const memory = (over: Partial<SteeringInput>) => desired(input(over)).latch;

  it("never lose by a policy more what one of them would have done alone", () => {
    const states = fc.record({
      override: fc.constantFrom(...overrides),
      primary: fc.constantFrom(...healths),
      backup: fc.constantFrom(...healths),
      movedToBackup: fc.boolean(),
      latch: fc.constantFrom(...latches),
      storms: stormsOf,
      // What another policy does to the rest: a primary is up only where all policies say so.
      after: fc.record({ primary: fc.constantFrom(...healths), backup: fc.constantFrom(...healths) }),
    });
    let moves = 0;
    fc.assert(
      fc.property(states, fc.nat(1), ({ after, ...over }, left) => {
        const all = over.storms;
        const alone = all.length < 2 ? all : all.filter((_, at) => at === left);
        const before = desired(input({ ...over, storms: alone }));
        if (before.target.kind !== "backup") return;
        moves += 1;
        expect(desired(input({ ...over, ...after, storms: all })).target.kind).toBe("backup");
      }),
      { numRuns: 2_000 },
    );
    expect(moves).toBeGreaterThan(200);
  });

  it("do not depend on the order in which they come", () => {
    for (const one of healths)
      for (const other of healths)
        for (const primary of healths)
          for (const movedToBackup of [false, true])
            for (const latch of latches) {
              const storms = [storm(one), slow(other, 8, 2)];
              const over = { primary, movedToBackup, latch };
              expect(desired(input({ ...over, storms: storms.toReversed() }))).toEqual(desired(input({ ...over, storms })));
            }
  });

  it("are all latched where the backup fails, and each is free again when it relapses", () => {
    const both = [slow("down", 8, 2), storm("down", 7, 1)];
    const latch = memory({ storms: both, movedToBackup: true });
    expect(latch).toEqual({ stormId: 7, relapses: 1, also: [{ stormId: 8, relapses: 2 }] });
    const well = (relapses: readonly [number, number]) =>
      desired(input({ storms: [storm("up", 7, relapses[0]), slow("up", 8, relapses[1])], primary: "down", latch }));
    expect(short(well([1, 2]))).toBe("hold latched");
    expect(well([1, 3])).toMatchObject({ target: { kind: "backup" }, latch: { stormId: 7, relapses: 1 } });
    expect(well([2, 2])).toMatchObject({ target: { kind: "backup" }, latch: { stormId: 8, relapses: 2 } });
    expect(well([2, 3]).latch).toBeNull();
  });

  it("are not held up by what one of them remembers: a primary that dies while its slowness is latched is left", () => {
    const latch = { stormId: 8, relapses: 0 };
    expect(short(desired(input({ storms: [slow("up")], primary: "down", latch })))).toBe("hold latched");
    expect(short(desired(input({ storms: [slow("up"), storm("up")], primary: "down", latch })))).toBe("backup latched");
    expect(short(desired(input({ storms: [slow("down"), storm("up")], primary: "down", latch })))).toBe("backup latched");
  });
});

describe("failback", () => {
  const steps = [10, 50, 100];
  const back = (failback: SteeringInput["failback"], over: Partial<SteeringInput> = {}) =>
    desired(input({ movedToBackup: true, failbackSteps: steps, failback, ...over }));

  it("goes by steps, each held for its time", () => {
    expect(back(null)).toMatchObject({ target: { percent: 10 }, state: "failback", failback: { step: 0, sinceMs: nowMs } });
    expect(back({ step: 0, sinceMs: nowMs - 59_999 })).toMatchObject({
      target: { percent: 10 },
      failback: { step: 0, sinceMs: nowMs - 59_999 },
    });
    expect(back({ step: 0, sinceMs: nowMs - 60_000 })).toMatchObject({ target: { percent: 50 }, failback: { step: 1, sinceMs: nowMs } });
    expect(back({ step: 1, sinceMs: nowMs - 60_000 })).toMatchObject({ target: { percent: 100 }, state: "normal", reason: "calm" });
  });

  it("takes one step by default", () => {
    expect(desired(input({ movedToBackup: true }))).toMatchObject({ target: { kind: "normal", percent: 100 }, state: "normal" });
  });

  it("does not start over for a domain whose last step has not gone through", () => {
    const last = back({ step: 1, sinceMs: nowMs - 60_000 }).failback;
    expect(last).toEqual({ step: 2, sinceMs: nowMs });
    expect(back(last, { nowMs: nowMs + 10_000 })).toMatchObject({ target: { percent: 100 }, failback: last });
    expect(back(last, { nowMs: nowMs + 10_000, movedToBackup: false }).failback).toBeNull();
  });

  it("waits on its step while the primary is not known up, or the service is frozen", () => {
    const failback = { step: 1, sinceMs: nowMs - 5_000 };
    expect(back(failback, { primary: "unknown" })).toMatchObject({ target: { kind: "hold" }, failback });
    expect(back(failback, { override: { mode: "frozen", untilMs: null } })).toMatchObject({ target: { kind: "hold" }, failback });
  });

  it("leaves a backup that dies on the way at once", () => {
    const off = back({ step: 0, sinceMs: nowMs }, { backup: "down" });
    expect(off).toMatchObject({ target: { kind: "normal", percent: 100 }, reason: "bad_backup", failback: { step: 2 } });
    expect(back(off.failback, { backup: "up" })).toMatchObject({ target: { percent: 100 } });
    expect(back({ step: 0, sinceMs: nowMs }, { backup: "down", primary: "unknown" }).target.kind).toBe("hold");
  });

  it("starts over after another storm", () => {
    expect(back({ step: 2, sinceMs: nowMs }, { storms: [storm("up")], primary: "down" }).failback).toBeNull();
  });

  it.each([[[]], [[Number.NaN]], [[-50, 100]], [[300]]])("goes all the way where its steps make no sense: %j", (failbackSteps) => {
    expect(back(null, { failbackSteps }).target).toEqual({ kind: "normal", percent: 100 });
  });
});

const weight = fc.integer({ min: 0, max: 255 });
const pair = fc.record({ primary: weight, backup: weight }).filter(({ primary, backup }) => primary + backup > 0);
const target: fc.Arbitrary<Desired["target"]> = fc.oneof(
  fc.constant({ kind: "hold" as const }),
  fc.constant({ kind: "backup" as const }),
  fc.integer({ min: 0, max: 100 }).map((percent) => ({ kind: "normal" as const, percent })),
);

describe("weightsFor", () => {
  it.each([
    [
      { kind: "normal", percent: 100 },
      { primary: 100, backup: 0 },
      { primary: 100, backup: 0 },
    ],
    [
      { kind: "normal", percent: 10 },
      { primary: 100, backup: 0 },
      { primary: 10, backup: 90 },
    ],
    [
      { kind: "normal", percent: 50 },
      { primary: 50, backup: 50 },
      { primary: 25, backup: 75 },
    ],
    [
      { kind: "normal", percent: 100 },
      { primary: 255, backup: 3 },
      { primary: 255, backup: 3 },
    ],
    [{ kind: "backup" }, { primary: 255, backup: 255 }, { primary: 0, backup: 100 }],
    [{ kind: "hold" }, { primary: 100, backup: 0 }, null],
  ] as const)("%j of %j: %j", (one, normal, weights) => expect(weightsFor(one, normal)).toEqual(weights));

  it("stays within Route 53's 0..255, in whole numbers, never all zero", () => {
    fc.assert(
      fc.property(target, pair, (one, normal) => {
        const weights = weightsFor(one, normal);
        if (weights === null) return;
        for (const value of [weights.primary, weights.backup]) expect(Number.isInteger(value) && value >= 0 && value <= 255).toBe(true);
        expect(weights.primary + weights.backup).toBeGreaterThan(0);
      }),
    );
  });

  it("ramps without a step back", () => {
    fc.assert(
      fc.property(pair, (normal) => {
        const ramp = Array.from({ length: 101 }, (_, percent) => weightsFor({ kind: "normal", percent }, normal) ?? normal);
        expect(ramp[0]).toEqual({ primary: 0, backup: 100 });
        expect(ramp[100]).toEqual(normal);
        const share = ({ primary, backup }: Weights) => primary / (primary + backup);
        for (const [percent, weights] of ramp.entries()) {
          expect(share(weights)).toBeCloseTo((percent / 100) * share(normal), 2);
          if (percent > 0) expect(share(weights)).toBeGreaterThanOrEqual(share(ramp[percent - 1] ?? normal) - 1e-9);
        }
      }),
    );
  });

  // Fault 11: percent of the weights was 47 % of the visitors here.
  it.each([
    [90, { primary: 10, backup: 0 }, 0, 0.9],
    [50, { primary: 1, backup: 0 }, 0, 0.5],
    [10, { primary: 255, backup: 0 }, 0, 0.1],
    [90, { primary: 10, backup: 0 }, 10, 0.45],
    [50, { primary: 100, backup: 0 }, 100, 0.25],
    [50, { primary: 60, backup: 40 }, 7, 0.5 * (60 / 107)],
  ])("%i percent of the way to %j beside %i of others is that part of its visitors", (percent, normal, foreign, share) => {
    const weights = weightsFor({ kind: "normal", percent }, normal, foreign) ?? normal;
    expect(weights.primary / (weights.primary + weights.backup + foreign)).toBeCloseTo(share, 2);
  });
});

describe("plan", () => {
  const domain = (over: Partial<SteeredDomain> = {}): SteeredDomain => ({
    domainId: 1,
    live: [{ primary: 100, backup: 0 }],
    normal: { primary: 100, backup: 0 },
    verified: true,
    moved: false,
    mayMove: true,
    ...over,
  });
  const toBackup = { kind: "backup" } as const;
  const shifted = { primary: 0, backup: 100 };

  it("moves what differs", () => {
    expect(plan([domain()], toBackup)).toEqual([{ domainId: 1, from: { primary: 100, backup: 0 }, to: shifted }]);
    expect(plan([domain({ live: [shifted] })], toBackup)).toEqual([]);
    expect(plan([domain()], { kind: "hold" })).toEqual([]);
  });

  it("leaves alone what is unverified, has no pair, or has a backup that nobody has seen", () => {
    expect(plan([domain({ verified: false }), domain({ live: [] }), domain({ mayMove: false })], toBackup)).toEqual([]);
  });

  it("brings back even what may not move there", () => {
    expect(plan([domain({ mayMove: false, live: [shifted], moved: true })], { kind: "normal", percent: 100 })).toHaveLength(1);
  });

  it("sees that one of several types was moved by somebody else", () => {
    const apart = domain({
      live: [
        { primary: 100, backup: 0 },
        { primary: 0, backup: 100 },
      ],
    });
    expect(plan([apart], { kind: "normal", percent: 100 })).toEqual([{ domainId: 1, from: shifted, to: { primary: 100, backup: 0 } }]);
    expect(plan([apart], toBackup)).toHaveLength(1);
  });

  it("takes only what was moved back by steps: nobody is sent to the backup by a failback", () => {
    expect(plan([domain({ domainId: 1, live: [shifted], moved: true }), domain({ domainId: 2 })], { kind: "normal", percent: 10 })).toEqual(
      [{ domainId: 1, from: shifted, to: { primary: 10, backup: 90 } }],
    );
  });

  const anyDomain = fc.record({
    domainId: fc.nat(50),
    live: fc.array(pair, { maxLength: 2 }),
    normal: pair,
    verified: fc.boolean(),
    moved: fc.boolean(),
    mayMove: fc.boolean(),
  });

  it("emits only differences, once a domain, and nothing for the unverified; done once, there is nothing left", () => {
    const domains = fc.uniqueArray(anyDomain, { selector: ({ domainId }) => domainId, maxLength: 10 });
    fc.assert(
      fc.property(domains, target, (all, one) => {
        const changes = plan(all, one);
        expect(new Set(changes.map(({ domainId }) => domainId)).size).toBe(changes.length);
        for (const { domainId, from, to } of changes) {
          const own = all.find((other) => other.domainId === domainId);
          expect(own?.verified).toBe(true);
          expect(equalWeights(from, to)).toBe(false);
          expect(own?.live).toContainEqual(from);
        }
        const after = all.map((own) => {
          const change = changes.find(({ domainId }) => domainId === own.domainId);
          return change === undefined ? own : { ...own, live: own.live.map(() => change.to) };
        });
        expect(plan(after, one)).toEqual([]);
      }),
    );
  });
});
