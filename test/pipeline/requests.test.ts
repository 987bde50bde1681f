import { describe, expect, it } from "vitest";
import type { JobRun } from "../../src/adapters/ports/coordination/job-runs.ts";
import type { RoundStore } from "../../src/adapters/ports/detection/round.ts";
import type { Sample } from "../../src/adapters/ports/detection/round-view.ts";
import type { DispatchDeps } from "../../src/cron/rounds/dispatch.ts";
import { dispatchShards } from "../../src/cron/rounds/dispatch.ts";
import { runTick } from "../../src/cron/rounds/tick.ts";
import { createProbeAllowance } from "../../src/pipeline/requests.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { createMemoryLeases } from "../support/memory-leases.ts";
import { createMemoryLog } from "../support/memory-log.ts";
import { createMemoryTickRuns } from "../support/memory-tick-runs.ts";
import { roundDomain, roundService } from "../support/round-fixtures.ts";
import { createScriptedProber } from "../support/scripted-prober.ts";
import { createStrictDns } from "../support/strict-dns.ts";

const minuteMs = Date.parse("2026-11-18T11:20:00Z");
const intervalMs = 10_000;

/** A customer whose 200 domains fail at once on every path, and one with a single domain, whose primary fails as well. */
const broken = Array.from({ length: 200 }, (_, index) =>
  roundDomain({
    domainId: 1_000 + index,
    name: `d${index}.broken.example.com`,
    primaryTarget: `a${index}.broken.net`,
    backupTarget: `b${index}.broken.net`,
  }),
);
const services = [
  roundService({ customerId: 1, serviceId: 1, domains: broken }),
  roundService({
    customerId: 2,
    serviceId: 2,
    domains: [roundDomain({ domainId: 1, name: "app.other.example.com", primaryTarget: "a.other.net", backupTarget: "b.other.net" })],
  }),
];

const dealt = (index: number, count: number) =>
  services.map((service) => ({ ...service, domains: service.domains.filter((_, at) => at % count === index) }));

/** A run of the whole time that it may last, for no successor comes. @param shards side by side in one invocation, by which the domains are dealt out */
const play = async (requestLimit?: number, shards = 1) => {
  const clock = createFakeClock(minuteMs);
  const { leases } = createMemoryLeases(clock);
  const script = createScriptedProber(clock);
  for (const { name, primaryTarget, backupTarget } of broken)
    for (const host of [name, primaryTarget, backupTarget]) script.say(String(host), [503, 1]);
  script.say("a.other.net", [503, 1]);
  const rounds: Sample[][] = [];
  const store: RoundStore = {
    load: async (fence, { index, count }) =>
      (await leases.renew(fence))
        ? { services: dealt(index, count), vantages: [], polls: [], expired: false, standings: [], freeze: null, domainsLeftOut: 0 }
        : null,
    saveAndEvaluate: async (_fence, samples) => {
      rounds.push([...samples]);
      return { policies: [], leftOut: [] };
    },
    survey: async () => services,
    saveWitnessed: async () => undefined,
    edgeSamples: async () => [],
    saveDecisions: async () => new Map(),
    saveOutcomes: async () => undefined,
  };
  const runs: JobRun[] = [];
  const deps: DispatchDeps = {
    settings: { shards: async () => shards },
    dispatcher: null,
    rounds: store,
    leases,
    clock,
    prober: script.prober,
    dns: createStrictDns(clock).dns,
    vantage: "local",
    slowPaths: new Set(),
    log: createMemoryLog().log,
    probe: { path: "/healthz", timeoutMs: 5_000, intervalMs },
    driftCheckMs: 300_000,
    provider: "local",
    runId: "run-1",
    preferredProvider: "local",
    handBackAfterMs: 600_000,
    jobRuns: { record: async (run) => void runs.push(run) },
    tickRuns: createMemoryTickRuns(),
    overtimeMs: 60_000,
    ...(requestLimit !== undefined && { requestLimit }),
  };
  await clock.run(shards > 1 ? dispatchShards(deps, minuteMs) : runTick(deps, { index: 0, count: 1 }, minuteMs).then(() => undefined));
  const overBudget = runs.flatMap(({ counts }) => counts ?? []).filter(({ name }) => name === "probes_over_budget");
  return { sent: script.calls.length, rounds, overBudget: overBudget.reduce((sum, { value }) => sum + value, 0) };
};

describe("the requests of an invocation", () => {
  it("would be more than a platform lets it send, were nothing counted", async () => {
    const { sent, overBudget } = await play();
    expect(sent).toBeGreaterThan(10_000);
    expect(overBudget).toBe(0);
  });

  it("are counted before a probe is sent: every path is probed in every round, and who has one domain has its failures confirmed", async () => {
    const { sent, rounds, overBudget } = await play(10_000);
    expect(sent).toBeLessThanOrEqual(10_000);
    expect(sent).toBeGreaterThan(8_000);
    expect(rounds.length).toBeGreaterThanOrEqual(6);
    expect(overBudget).toBeGreaterThan(0);
    for (const samples of rounds) {
      expect(samples.filter(({ attempt }) => attempt === 0)).toHaveLength(3 * 201);
      expect(samples.filter(({ serviceId, path }) => serviceId === 2 && path === "primary").length).toBe(3);
    }
  });

  it("are those of all shards that run side by side in it", async () => {
    const { sent, rounds, overBudget } = await play(10_000, 4);
    expect(sent).toBeLessThanOrEqual(10_000);
    expect(sent).toBeGreaterThan(8_000);
    expect(overBudget).toBeGreaterThan(0);
    expect(rounds.flat().filter(({ serviceId, path }) => serviceId === 2 && path === "primary").length, "confirmed in every round").toBe(
      (3 * rounds.length) / 4,
    );
  });

  it("that are too few for all paths are spent on each of them in turn, and what is not sent is counted", async () => {
    const { sent, rounds, overBudget } = await play(3_000);
    expect(sent).toBeLessThanOrEqual(3_000);
    expect(overBudget).toBeGreaterThan(0);
    const seen = new Set(rounds.flatMap((samples) => samples.map(({ domainId, path }) => `${domainId}/${path}`)));
    expect(seen.size, "more than one round could probe").toBeGreaterThan(300);
    expect(
      rounds.every((samples) => samples.some(({ serviceId }) => serviceId === 2)),
      "the other customer, in every round",
    ).toBe(true);
  });
});

const account = (share: number) => ({ share: () => share, take: () => true });

describe("createProbeAllowance", () => {
  it("keeps for each path its first probe", () => {
    const allowance = createProbeAllowance(account(4), new Map([[1, 3]]));
    expect(allowance.first(1)).toBe(true);
    expect([allowance.confirmation(1), allowance.confirmation(1)]).toEqual([true, false]);
    expect([allowance.first(1), allowance.first(1)]).toEqual([true, true]);
    expect([allowance.confirmation(1), allowance.refused()]).toEqual([false, 2]);
  });

  it("keeps for each customer a part of the confirmations, as long as it may need it", () => {
    const allowance = createProbeAllowance(
      account(12),
      new Map([
        [1, 5],
        [2, 1],
      ]),
    );
    expect(Array.from({ length: 5 }, () => allowance.confirmation(1))).toEqual([true, true, true, true, false]);
    expect(Array.from({ length: 3 }, () => allowance.confirmation(2))).toEqual([true, true, false]);
  });

  it("gives who has few paths all that they may need, however many another has and whoever comes first", () => {
    for (const paths of [200, 97, 96, 33]) {
      const allowance = createProbeAllowance(
        account(100),
        new Map([
          [1, paths],
          [2, 1],
        ]),
      );
      const firsts = Array.from({ length: paths }, () => allowance.first(1)).filter(Boolean).length;
      expect(firsts).toBe(Math.min(97, paths));
      const confirmed = Array.from({ length: 2 * firsts }, () => allowance.confirmation(1)).filter(Boolean).length;
      expect(firsts + confirmed, "and the rest to the other").toBe(Math.min(97, 3 * paths));
      expect([allowance.first(2), allowance.confirmation(2), allowance.confirmation(2)], `beside ${paths}`).toEqual([true, true, true]);
    }
  });

  it("frees what was kept for a path that is not probed", () => {
    const allowance = createProbeAllowance(account(1), new Map([[1, 1]]));
    expect(allowance.confirmation(1)).toBe(false);
    allowance.skip(1);
    expect(allowance.confirmation(1)).toBe(true);
  });
});
