import { describe, expect, it } from "vitest";
import type { PolicyView, RoundService } from "../../src/adapters/ports/detection/round-view.ts";
import type { Vantage } from "../../src/domain/detection/vantage.ts";
import { decideRound } from "../../src/pipeline/decide.ts";
import { policyView, recordsOf, roundDomain, roundService, unreadRouting, windowStats } from "../support/round-fixtures.ts";

const nowMs = Date.parse("2026-11-18T11:20:00Z");
const local: readonly Vantage[] = [{ name: "local", lastHeardAtMs: nowMs }];
const decide = (service: RoundService, policies: readonly PolicyView[], vantages = local) =>
  decideRound([service], vantages, policies, [], [], null, nowMs);

const never = roundDomain({ neverHealthy: { editedAtMs: null } });
const up = [windowStats("primary", 6, 0), windowStats("backup", 6, 0)];
const service = roundService({ domains: [never] });
const latency = (stats: PolicyView["stats"]) => policyView({ policyId: 2, kind: "http_latency", latencyMs: 500, stats });
const byName = roundDomain({
  name: "app.example.com",
  primaryTarget: null,
  backupTarget: null,
  routing: null,
  neverHealthy: { editedAtMs: null },
});
const onTrial = {
  ...byName,
  routing: { ...unreadRouting, records: recordsOf("app.example.com", 100, 0), discoveredPrimaryTarget: "tpyo.cdn.net" },
};

describe("a domain is seen healthy", () => {
  it.each<[string, readonly number[], RoundService, readonly PolicyView[], (readonly Vantage[])?]>([
    ["when its primary is up", [1], service, [policyView({ stats: up })]],
    ["not twice", [], roundService(), [policyView({ stats: up })]],
    ["not by nobody", [], service, []],
    ["not by too few samples", [], service, [policyView({ stats: [windowStats("primary", 2, 0)] })]],
    ["not while it fails", [], service, [policyView({ stats: [windowStats("primary", 6, 1)] })]],
    ["not by its backup", [], service, [policyView({ stats: [windowStats("backup", 6, 0)] })]],
    ["not by its name beside a primary", [], service, [policyView({ stats: [windowStats("direct", 6, 0)] })]],
    [
      "by its name where there is no primary",
      [1],
      roundService({ domains: [byName] }),
      [policyView({ stats: [windowStats("direct", 6, 0)] })],
    ],
    [
      "not by its name while its primary is on trial",
      [],
      roundService({ domains: [onTrial] }),
      [policyView({ stats: [windowStats("direct", 6, 0)] })],
    ],
    ["by every policy", [1], service, [policyView({ stats: up }), latency(up)]],
    ["not by one of two", [], service, [policyView({ stats: up }), latency([windowStats("primary", 6, 6)])]],
    ["not while one of two does not know", [], service, [policyView({ stats: up }), latency([windowStats("primary", 2, 0)])]],
    [
      "each for itself",
      [2],
      roundService({ domains: [never, { ...never, domainId: 2 }] }),
      [policyView({ stats: [windowStats("primary", 6, 6), windowStats("primary", 6, 0, { domainId: 2 })] })],
    ],
    [
      "not in a window that its edit lies in",
      [],
      roundService({ domains: [roundDomain({ neverHealthy: { editedAtMs: nowMs - 60_000 } })] }),
      [policyView({ stats: up })],
    ],
    [
      "by all vantages, not by one",
      [],
      service,
      [policyView({ stats: [...up, windowStats("primary", 6, 6, { vantage: "vercel" })] })],
      [...local, { name: "vercel", lastHeardAtMs: nowMs }],
    ],
    [
      "not by its own CDN while the vantage that counts is silent",
      [],
      service,
      [policyView({ stats: [windowStats("primary", 6, 0, { vantage: "cdn-a" })] })],
      [
        { name: "cdn-a", lastHeardAtMs: nowMs },
        { name: "vercel", lastHeardAtMs: nowMs - 3_600_000 },
      ],
    ],
  ])("%s", (_, expected, given, policies, vantages) => {
    expect(decide(given, policies, vantages).healthy.map(({ domainId }) => domainId)).toEqual(expected);
  });

  it("with the set-up of which that is true", () => {
    const domain = { ...never, probePath: "/up", expectStatus: "204" };
    expect(decide(roundService({ domains: [domain] }), [policyView({ stats: up })]).healthy).toEqual([
      { domainId: 1, primaryCdn: "cdn-a", primaryTarget: "a.cdn.net", probePath: "/up", expectStatus: "204" },
    ]);
  });
});

it("a storm that is replaced is over for this round, and the weights are held until the next one begins", () => {
  const storm = {
    id: 42,
    state: "storm",
    startedAtMs: nowMs - 60_000,
    recoveringSinceMs: null,
    relapses: 0,
    creditReason: "never_healthy",
  } as const;
  const dead = [windowStats("primary", 6, 6), windowStats("backup", 6, 0)];
  const domains = [
    roundDomain({
      routing: { ...unreadRouting, records: recordsOf("app.example.test", 0, 100), readAtMs: nowMs, movedAtMs: nowMs - 50_000 },
    }),
  ];
  const decisions = decide(roundService({ domains }), [policyView({ stats: dead, storm })]);
  expect(decisions.storms).toMatchObject([{ transition: { kind: "end", endedAtMs: nowMs, reason: "credit_changed" }, credit: null }]);
  expect(decisions.services).toMatchObject([{ state: "held", reason: "primary_not_known_up" }]);
  expect(decisions.intents).toEqual([]);
  const next = decide(roundService({ domains }), [policyView({ stats: dead, previousEndedAtMs: nowMs })]);
  expect(next.storms).toMatchObject([
    { transition: { kind: "begin", startedAtMs: nowMs }, credit: { credit: "earned", down: [{ domainId: 1 }] } },
  ]);
  expect(next.services).toMatchObject([{ state: "shifted", reason: "storm" }]);
});
