import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RoundDecisions } from "../../src/adapters/ports/detection/round.ts";
import type { PolicyView, RoundService, Sample } from "../../src/adapters/ports/detection/round-view.ts";
import type { WindowStats } from "../../src/domain/detection/health.ts";
import { decideRound } from "../../src/pipeline/decide.ts";
import type { DomainReading } from "../../src/pipeline/steering/live-records.ts";
import { okSample, policyView, recordsOf, roundDomain, roundService, unreadRouting, windowStats } from "../support/round-fixtures.ts";

const nowMs = Date.parse("2026-11-18T11:20:00Z");
const up = [windowStats("primary", 6, 0), windowStats("backup", 6, 0)];
const dead = [windowStats("primary", 6, 6), windowStats("backup", 6, 0)];
const activeStorm = {
  id: 42,
  state: "storm",
  startedAtMs: nowMs - 60_000,
  recoveringSinceMs: null,
  relapses: 0,
  creditReason: null,
} as const;
const justNow = [{ domainId: 1, path: "primary", vantage: "local", atMs: nowMs }] as const;
const live = (primary: number, backup: number, over = {}) => ({
  ...unreadRouting,
  records: recordsOf("app.example.test", primary, backup),
  readAtMs: nowMs,
  ...over,
});
const shifted = { routing: live(0, 100, { movedAtMs: nowMs - 50_000 }) };

const decide = (
  services: readonly RoundService[],
  policies: readonly PolicyView[],
  rest: {
    vantages?: readonly { name: string; lastHeardAtMs: number }[];
    samples?: readonly Sample[];
    read?: readonly DomainReading[];
  } = {},
): RoundDecisions =>
  decideRound(
    services,
    rest.vantages ?? [{ name: "local", lastHeardAtMs: nowMs }],
    policies,
    rest.samples ?? [],
    rest.read ?? [],
    null,
    nowMs,
  );
const moves = ({ intents }: RoundDecisions) =>
  intents.map(({ domainId, to, reason, result }) => `${domainId}: ${to.primary}/${to.backup} ${reason} ${result}`);

describe("decideRound", () => {
  it("has nothing to say in a calm that it has seen before", () => {
    const service = roundService({
      present: {
        id: 1,
        startedAtMs: 0,
        state: "up",
        serving: "primary",
        attribution: null,
        upstreamCdn: null,
        avoided: false,
        outageAtMs: null,
      },
      routing: { state: "normal", reason: "calm", latch: null, failback: null, shadowTarget: null, backupHealth: "up" },
    });
    expect(decide([service], [policyView({ stats: up })])).toEqual({
      storms: [],
      healthy: [],
      services: [],
      domains: [],
      resolved: [],
      drifts: [],
      contests: [],
      intents: [],
      lapsed: [],
      unreached: [],
      states: [],
    });
  });

  it("begins a storm and switches in the same round", () => {
    const decisions = decide([roundService()], [policyView({ stats: dead })]);
    expect(decisions.storms).toMatchObject([{ transition: { kind: "begin" }, monitorOnly: false }]);
    expect(moves(decisions)).toEqual(["1: 0/100 storm intent"]);
    expect(decisions.services).toMatchObject([{ state: "shifted", reason: "storm" }]);
  });

  it("moves all domains of a service together, the worst of them deciding", () => {
    const domains = [1, 2].map((domainId) => roundDomain({ domainId, name: `d${domainId}.test`, routing: live(100, 0) }));
    const stats = [...dead, windowStats("primary", 6, 0, { domainId: 2 }), windowStats("backup", 6, 0, { domainId: 2 })];
    expect(moves(decide([roundService({ domains })], [policyView({ stats })]))).toEqual(["1: 0/100 storm intent", "2: 0/100 storm intent"]);
    const oneBadBackup = [...stats.slice(0, 3), windowStats("backup", 6, 6, { domainId: 2 })];
    expect(moves(decide([roundService({ domains })], [policyView({ stats: oneBadBackup })]))).toEqual([]);
  });

  it("does not move a domain whose own backup nobody probes, an override excepted", () => {
    const domains = [roundDomain(), roundDomain({ domainId: 2, name: "d2.test", backupTarget: null, routing: live(100, 0) })];
    const stats = [...dead, windowStats("primary", 6, 6, { domainId: 2 })];
    expect(moves(decide([roundService({ domains })], [policyView({ stats })]))).toEqual(["1: 0/100 storm intent"]);
    const override = { mode: "backup", untilMs: null, actor: "sre" } as const;
    expect(decide([roundService({ domains, override })], [policyView({ stats })]).intents).toMatchObject([
      { domainId: 1, reason: "override", actor: "sre" },
      { domainId: 2, reason: "override", actor: "sre" },
    ]);
  });

  it("holds while the backup is down or unknown", () => {
    for (const [backup, reason] of [
      [windowStats("backup", 6, 6), "backup_down"],
      [windowStats("backup", 1, 0), "backup_unknown"],
    ] as const) {
      const decisions = decide([roundService()], [policyView({ stats: [windowStats("primary", 6, 6), backup] })]);
      expect(decisions.storms).toHaveLength(1);
      expect(moves(decisions)).toEqual([]);
      expect(decisions.services).toMatchObject([{ state: "held", reason }]);
    }
  });

  it("comes back from a backup that died, and latches", () => {
    const storm = { ...activeStorm, state: "recovering", recoveringSinceMs: nowMs - 5_000, relapses: 1 } as const;
    const stats = [windowStats("primary", 6, 0), windowStats("backup", 6, 6)];
    const decisions = decide([roundService({ domains: [roundDomain(shifted)] })], [policyView({ stats, storm, newest: justNow })]);
    expect(moves(decisions)).toEqual(["1: 100/0 bad_backup intent"]);
    expect(decisions.services).toMatchObject([{ latch: { stormId: 42, relapses: 1 } }]);
  });

  it("unlatches in the very round of a relapse", () => {
    const storm = { ...activeStorm, state: "recovering", recoveringSinceMs: nowMs - 5_000, relapses: 1 } as const;
    const routing = { state: "normal", reason: "bad_backup", latch: { stormId: 42, relapses: 1 }, failback: null, shadowTarget: null };
    const decisions = decide([roundService({ routing })], [policyView({ stats: dead, storm, newest: justNow })]);
    expect(decisions.storms).toMatchObject([{ transition: { kind: "relapse" } }]);
    expect(moves(decisions)).toEqual(["1: 0/100 storm intent"]);
  });

  it("returns in the very round in which the storm ends", () => {
    const storm = { ...activeStorm, startedAtMs: nowMs - 900_000, state: "recovering", recoveringSinceMs: nowMs - 300_000 } as const;
    const decisions = decide([roundService({ domains: [roundDomain(shifted)] })], [policyView({ stats: up, storm, newest: justNow })]);
    expect(decisions.storms).toMatchObject([{ transition: { kind: "end", endedAtMs: nowMs - 300_000, reason: "recovered" } }]);
    expect(moves(decisions)).toEqual(["1: 100/0 calm intent"]);
  });

  it("holds the weights where a storm ends for want of evidence", () => {
    const storm = { ...activeStorm, startedAtMs: nowMs - 3_600_000 };
    const newest = [{ domainId: 1, path: "primary", vantage: "local", atMs: nowMs - 900_000 }] as const;
    const decisions = decide([roundService({ domains: [roundDomain(shifted)] })], [policyView({ storm, newest })]);
    expect(decisions.storms).toMatchObject([{ transition: { kind: "end", endedAtMs: nowMs - 900_000, reason: "no_evidence" } }]);
    expect(moves(decisions)).toEqual([]);
  });

  it("ends the storm of a service that has lost its domains, at their last sample", () => {
    const storm = { ...activeStorm, startedAtMs: nowMs - 3_600_000 };
    const newest = [{ domainId: 1, path: "primary", vantage: "local", atMs: nowMs - 900_000 }] as const;
    const decisions = decide([roundService({ domains: [] })], [policyView({ storm, newest })]);
    expect(decisions.storms).toMatchObject([{ transition: { kind: "end", endedAtMs: nowMs - 900_000 } }]);
  });

  it.each([
    ["no primary", { primaryTarget: null }, [windowStats("direct", 6, 6), windowStats("backup", 6, 0)]],
    ["no backup", { backupTarget: null }, [windowStats("primary", 6, 6)]],
  ] as [string, object, WindowStats[]][])("records storms and leaves DNS alone without both sides: %s", (_, over, stats) => {
    const decisions = decide([roundService({ domains: [roundDomain({ name: "app.example.com", ...over })] })], [policyView({ stats })]);
    expect(decisions.storms).toMatchObject([{ monitorOnly: true, transition: { kind: "begin" } }]);
    expect(decisions.intents).toEqual([]);
  });

  it("goes by the names that can be probed where there is no primary", () => {
    const domains = [
      roundDomain({ primaryTarget: null, name: "app.example.com" }),
      roundDomain({ domainId: 2, primaryTarget: null, name: "app.example.test" }),
    ];
    const storm = { ...activeStorm };
    const decisions = decide(
      [roundService({ domains })],
      [
        policyView({
          stats: [windowStats("direct", 6, 0)],
          storm,
          newest: [{ domainId: 1, path: "direct", vantage: "local", atMs: nowMs }],
        }),
      ],
    );
    expect(decisions.storms).toMatchObject([{ transition: { kind: "recover" } }]);
  });

  it("never steers the unverified", () => {
    expect(moves(decide([roundService({ domains: [roundDomain({ verified: false })] })], [policyView({ stats: dead })]))).toEqual([]);
  });

  it("sends several types of a name back together where somebody moved one of them", () => {
    const records = [...recordsOf("app.example.test", 100, 0, "A"), ...recordsOf("app.example.test", 0, 100, "AAAA")];
    const decisions = decide(
      [roundService({ domains: [roundDomain({ routing: live(100, 0, { records }) })] })],
      [policyView({ stats: up })],
    );
    expect(moves(decisions)).toEqual(["1: 100/0 calm intent"]);
  });

  it("says drift where the reading found it, and that tranche healed it", () => {
    const read: DomainReading[] = [
      {
        domainId: 1,
        serviceId: 1,
        routing: live(80, 20),
        drift: { recordType: "CNAME", previous: { primary: 100, backup: 0 }, found: { primary: 80, backup: 20 } },
        resolved: [],
      },
    ];
    expect(decide([roundService()], [policyView({ stats: up })], { read }).intents).toMatchObject([
      { reason: "drift", actor: "tranche", from: { primary: 80, backup: 20 } },
    ]);
    const frozen = roundService({ override: { mode: "frozen", untilMs: null, actor: "sre" } });
    expect(decide([frozen], [policyView({ stats: up })], { read }).intents).toEqual([]);
  });

  it("does not take the primary for up where any policy is in doubt", () => {
    const latency = policyView({
      policyId: 2,
      kind: "http_latency",
      stats: [windowStats("primary", 6, 6), windowStats("backup", 6, 0)],
      minFailures: 100,
    });
    const decisions = decide([roundService({ domains: [roundDomain({ routing: live(50, 50) })] })], [policyView({ stats: up }), latency]);
    expect(moves(decisions)).toEqual([]);
    expect(decisions.services).toMatchObject([{ state: "held", reason: "primary_not_known_up" }]);
  });

  it("is the same in whatever order figures and services come", () => {
    const services = [1, 2, 3].map((serviceId) =>
      roundService({ serviceId, domains: [roundDomain({ domainId: serviceId, name: `d${serviceId}.test`, routing: live(100, 0) })] }),
    );
    const policies = [1, 2, 3].map((serviceId) =>
      policyView({
        policyId: serviceId,
        serviceId,
        stats: (serviceId === 2 ? up : dead).flatMap((stats) =>
          ["local", "vercel"].map((vantage) => ({ ...stats, vantage, domainId: serviceId })),
        ),
      }),
    );
    const vantages = ["local", "vercel"].map((name) => ({ name, lastHeardAtMs: nowMs }));
    const all = decide(services, policies, { vantages });
    expect(moves(all)).toHaveLength(2);
    const mixed = fc.tuple(
      fc.shuffledSubarray(policies, { minLength: 3 }),
      fc.shuffledSubarray(vantages, { minLength: 2 }),
      fc.infiniteStream(fc.nat()),
    );
    fc.assert(
      fc.property(mixed, ([shuffled, seen, order]) => {
        const stirred = shuffled.map((policy) => ({
          ...policy,
          stats: policy.stats
            .map((stats) => ({ stats, at: order.next().value }))
            .sort((a, b) => a.at - b.at)
            .map(({ stats }) => stats),
        }));
        const again = decide(services, stirred, { vantages: seen });
        expect(moves(again)).toEqual(moves(all));
        expect(again.services).toEqual(all.services);
        expect(again.storms.map(({ policy, transition }) => [policy.policyId, transition])).toEqual(
          all.storms.map(({ policy, transition }) => [policy.policyId, transition]),
        );
      }),
    );
  });
});

describe("vantages", () => {
  const service = roundService({ cdns: ["cloudflare", "fastly"] });
  const own = (stats: readonly WindowStats[], vantage: string) => stats.map((one) => ({ ...one, vantage }));
  const heard = (agesMs: Record<string, number>) => Object.entries(agesMs).map(([name, age]) => ({ name, lastHeardAtMs: nowMs - age }));

  it("ignores a CDN's vantage about itself", () => {
    const stats = [...own(up, "cloudflare"), ...own(dead, "vercel")];
    expect(decide([service], [policyView({ stats })], { vantages: heard({ cloudflare: 0, vercel: 3_000 }) }).storms).toHaveLength(1);
    const contrary = [...own(dead, "cloudflare"), ...own(up, "vercel")];
    expect(decide([service], [policyView({ stats: contrary })], { vantages: heard({ cloudflare: 0, vercel: 3_000 }) }).storms).toEqual([]);
  });

  it("lets it begin a storm alone, but neither end one nor bring traffic back", () => {
    const vantages = heard({ cloudflare: 0, vercel: 3_600_000 });
    expect(decide([service], [policyView({ stats: own(dead, "cloudflare") })], { vantages }).storms).toMatchObject([
      { transition: { kind: "begin" } },
    ]);
    const storm = { ...activeStorm, state: "recovering", recoveringSinceMs: nowMs - 400_000, startedAtMs: nowMs - 900_000 } as const;
    const newest = [{ domainId: 1, path: "primary", vantage: "cloudflare", atMs: nowMs }] as const;
    const moved = roundService({ cdns: service.cdns, domains: [roundDomain(shifted)] });
    expect(decide([moved], [policyView({ stats: own(up, "cloudflare"), storm, newest })], { vantages }).storms).toMatchObject([
      { transition: { kind: "restart" } },
    ]);
    // It can not reach the backup and praises itself: what a CDN in trouble looks like from inside.
    const praise = own([windowStats("primary", 6, 0), windowStats("backup", 6, 6)], "cloudflare");
    expect(moves(decide([moved], [policyView({ stats: praise, storm, newest })], { vantages }))).toEqual([]);
    expect(moves(decide([moved], [policyView({ stats: own(up, "cloudflare") })], { vantages }))).toEqual([]);
  });

  it("waits a minute for a vantage even where the window is shorter", () => {
    const stats = own(dead, "cloudflare");
    const within = (age: number) =>
      decide([service], [policyView({ stats, windowSeconds: 10 })], { vantages: heard({ cloudflare: 0, vercel: age }) }).storms.length;
    expect(within(59_000)).toBe(0);
    expect(within(60_000)).toBe(1);
  });
});

describe("shadow mode", () => {
  const stood = (shadowTarget: string | null) => ({ state: "normal", reason: "calm", latch: null, failback: null, shadowTarget });
  const shadow = (shadowTarget: string | null, over: Partial<RoundService> = {}) =>
    roundService({ shadow: true, routing: stood(shadowTarget), ...over });

  it("records where it would go, once each way", () => {
    const there = decide([shadow("normal/100")], [policyView({ stats: dead })]);
    expect(moves(there)).toEqual(["1: 0/100 storm shadow"]);
    expect(there.services).toMatchObject([{ shadowTarget: "backup" }]);
    expect(moves(decide([shadow("backup")], [policyView({ stats: dead, storm: activeStorm, newest: justNow })]))).toEqual([]);
    expect(moves(decide([shadow("backup")], [policyView({ stats: up })]))).toEqual(["1: 100/0 calm shadow"]);
    expect(moves(decide([shadow("normal/100")], [policyView({ stats: up })]))).toEqual([]);
  });

  it("ramps back and leaves a dead backup as it would in earnest", () => {
    const ramp = decide([shadow("backup", { failbackSteps: [10, 100] })], [policyView({ stats: up })]);
    expect(moves(ramp)).toEqual(["1: 10/90 failback shadow"]);
    expect(ramp.services).toMatchObject([{ shadowTarget: "normal/10", failback: { step: 0 } }]);
    const storm = { ...activeStorm, state: "recovering", recoveringSinceMs: nowMs - 5_000 } as const;
    const bad = [windowStats("primary", 6, 0), windowStats("backup", 6, 6)];
    expect(moves(decide([shadow("backup")], [policyView({ stats: bad, storm, newest: justNow })]))).toEqual(["1: 100/0 bad_backup shadow"]);
  });

  it("remembers its position through a hold, and forgets it when steering in earnest", () => {
    const held = decide([shadow("backup")], [policyView({ stats: [windowStats("primary", 6, 6)], storm: activeStorm, newest: justNow })]);
    expect(held.services).toMatchObject([{ state: "held", shadowTarget: "backup" }]);
    expect(decide([roundService({ routing: stood("backup") })], [policyView({ stats: up })]).services).toMatchObject([
      { shadowTarget: null },
    ]);
  });
});

describe("discovered targets", () => {
  const found = (over = {}) => live(100, 0, { discoveredPrimaryTarget: "a.cdn.net", discoveredBackupTarget: "b.cdn.net", ...over });
  const service = (over = {}) =>
    roundService({ domains: [roundDomain({ primaryTarget: null, backupTarget: null, routing: found(over) })] });
  const both = [okSample(), okSample({ path: "backup" })];

  it("count once they have answered", () => {
    expect(decide([service()], [policyView({ stats: dead })]).storms).toEqual([]);
    expect(decide([service()], [policyView({ stats: up })], { samples: both }).domains).toMatchObject([
      { domainId: 1, discoveredPrimaryOk: true, discoveredBackupOk: true },
    ]);
    expect(decide([service()], [policyView()], { samples: both.map((sample) => ({ ...sample, ok: false })) }).domains).toEqual([]);
    expect(moves(decide([service({ discoveredPrimaryOk: true, discoveredBackupOk: true })], [policyView({ stats: dead })]))).toEqual([
      "1: 0/100 storm intent",
    ]);
  });

  it("do not keep a storm without other samples alive", () => {
    const storm = { ...activeStorm, startedAtMs: nowMs - 1_000_000 };
    const decisions = decide([service()], [policyView({ storm, newest: justNow })]);
    expect(decisions.storms).toMatchObject([{ transition: { kind: "end", reason: "no_evidence" } }]);
  });

  it("are found in a round that reads the records, too, unless these name another target now", () => {
    const read = (over = {}): DomainReading[] => [{ domainId: 1, serviceId: 1, routing: found(over), drift: null, resolved: [] }];
    expect(decide([service()], [policyView()], { samples: both, read: read() }).domains).toMatchObject([
      { discoveredPrimaryOk: true, discoveredBackupOk: true },
    ]);
    expect(
      decide([service()], [policyView()], { samples: both, read: read({ discoveredPrimaryTarget: "new.net" }) }).domains,
    ).toMatchObject([{ discoveredPrimaryTarget: "new.net", discoveredPrimaryOk: false, discoveredBackupOk: true }]);
  });

  it("are not confirmed by the answer of a configured target", () => {
    const given = roundService({ domains: [roundDomain({ primaryTarget: "given.net", backupTarget: "given-b.net", routing: found() })] });
    expect(decide([given], [policyView({ stats: up })], { samples: both }).domains).toEqual([]);
  });
});
