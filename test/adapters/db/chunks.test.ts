import { describe, expect, it } from "vitest";
import { chunksOf } from "../../../src/adapters/db/round/chunks.ts";
import type { RoundDecisions } from "../../../src/adapters/ports/detection/round.ts";
import { policyView, unreadRouting } from "../../support/round-fixtures.ts";

const ids = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** What is decided of so many services, each with as much evidence. */
const decisions = (services: number, evidence: number): RoundDecisions => ({
  storms: ids(services).map((serviceId) => ({
    policy: policyView({ serviceId, policyId: serviceId }),
    transition: { kind: "begin", startedAtMs: 0 },
    monitorOnly: false,
    credit: null,
    evidence: "x".repeat(evidence),
  })),
  services: ids(services).map((serviceId) => ({
    serviceId,
    state: "shifted",
    reason: "storm",
    latch: null,
    failback: null,
    shadowTarget: null,
  })),
  domains: ids(services).flatMap((serviceId) => [0, 1].map((index) => ({ ...unreadRouting, serviceId, domainId: serviceId * 10 + index }))),
  intents: ids(services).map((serviceId) => ({
    serviceId,
    domainId: serviceId * 10,
    from: { primary: 100, backup: 0 },
    to: { primary: 0, backup: 100 },
    reason: "storm",
    actor: "tranche",
    result: "intent",
  })),
  healthy: [],
  lapsed: [],
  drifts: [],
  resolved: [{ id: 1, result: "accepted" }],
  unreached: [],
  contests: [{ domainId: 10, contested: true }],
  states: ids(services).map((serviceId) => ({ serviceId, presentId: null, spans: [] })),
});

const servicesIn = ({ storms, services, domains, intents, states }: RoundDecisions): number[][] => [
  storms.map(({ policy }) => policy.serviceId),
  services.map(({ serviceId }) => serviceId),
  [...new Set(domains.map(({ serviceId }) => serviceId))],
  intents.map(({ serviceId }) => serviceId),
  states.map(({ serviceId }) => serviceId),
];

describe("what is decided in a round", () => {
  it("goes in one request as long as there is room for it", () => {
    const all = decisions(500, 5_000);
    expect(chunksOf(all)).toEqual([all]);
  });

  it("goes in as few as are needed beyond that, none of them too large, and a service never split", () => {
    const all = decisions(2_500, 6_000);
    const chunks = chunksOf(all);
    expect(chunks.length).toBeGreaterThan(2);
    for (const chunk of chunks) {
      expect(JSON.stringify(chunk).length).toBeLessThan(7_000_000);
      const [first, ...others] = servicesIn(chunk);
      for (const other of others) expect(other).toEqual(first);
    }
    expect(chunks.flatMap((chunk) => servicesIn(chunk)[0] ?? [])).toEqual(ids(2_500));
    expect(chunks.map(({ resolved, contests }) => [resolved.length, contests.length])).toEqual([
      [1, 1],
      ...chunks.slice(1).map(() => [0, 0]),
    ]);
  });

  it("has what is of no service in particular in the first, whatever it is", () => {
    const all = { ...decisions(2_500, 6_000), seen: [1, 2, 3] };
    expect(chunksOf(all).map((chunk) => (chunk as typeof all).seen.length)).toEqual([
      3,
      ...chunksOf(all)
        .slice(1)
        .map(() => 0),
    ]);
  });

  it("is cut by what is around the pairs, too, of which a tenant may have as much as they like", () => {
    const neighbours = Array.from({ length: 100 }, (_, at) => ({
      type: "AAAA",
      setIdentifier: `n${at}`,
      weight: 1,
      values: Array.from({ length: 50 }, () => "2001:db8::1"),
    }));
    const surroundings = { neighbours, health: {}, dangling: [], leftBehind: [], otherZones: [] };
    const few = decisions(100, 1);
    const chunks = chunksOf({ ...few, domains: few.domains.map((domain) => ({ ...domain, surroundings })) });
    for (const chunk of chunks) expect(JSON.stringify(chunk).length).toBeLessThan(7_000_000);
  });
});
