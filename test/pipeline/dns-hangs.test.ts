import { describe, expect, it } from "vitest";
import type { Dns } from "../../src/adapters/ports/steering/dns.ts";
import type { JobRun, RoundDone } from "../../src/adapters/ports/coordination/job-runs.ts";
import type { RoundStore } from "../../src/adapters/ports/detection/round.ts";
import { runTick } from "../../src/cron/rounds/tick.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { createMemoryLeases } from "../support/memory-leases.ts";
import { createMemoryLog } from "../support/memory-log.ts";
import { createMemoryTickRuns } from "../support/memory-tick-runs.ts";
import { roundDomain, roundService } from "../support/round-fixtures.ts";
import { createScriptedProber } from "../support/scripted-prober.ts";
import { createStrictDns } from "../support/strict-dns.ts";

const minuteMs = Date.parse("2026-11-18T11:20:00Z");
const intervalMs = 10_000;

/** Three domains whose records are due in every round: three paths each. */
const services = [
  roundService({
    domains: [1, 2, 3].map((domainId) =>
      roundDomain({
        domainId,
        name: `d${domainId}.example.com`,
        primaryTarget: `a${domainId}.cdn.net`,
        backupTarget: `b${domainId}.cdn.net`,
        routing: null,
      }),
    ),
  }),
];

/** Two minutes of one shard in memory; `dns` gets the clock. */
const play = async (makeDns: (clock: ReturnType<typeof createFakeClock>, dns: Dns) => Dns, probeMs = 50) => {
  const clock = createFakeClock(minuteMs);
  const { leases } = createMemoryLeases(clock);
  const script = createScriptedProber(clock);
  for (const host of ["a", "b"].flatMap((cdn) => [1, 2, 3].map((id) => `${cdn}${id}.cdn.net`))) script.say(host, [200, probeMs]);
  const samples: number[] = [];
  const rounds: RoundStore = {
    load: async (fence) =>
      (await leases.renew(fence))
        ? { services, vantages: [], polls: [], expired: false, standings: [], freeze: null, domainsLeftOut: 0 }
        : null,
    saveAndEvaluate: async (_fence, probed) => {
      samples.push(probed.length);
      return { policies: [], leftOut: [] };
    },
    survey: async () => services,
    saveWitnessed: async () => undefined,
    edgeSamples: async () => [],
    saveDecisions: async () => new Map(),
    saveOutcomes: async () => undefined,
  } as RoundStore;
  const runs: JobRun[] = [];
  const done: RoundDone[] = [];
  await clock.run(
    runTick(
      {
        rounds,
        leases,
        clock,
        prober: script.prober,
        dns: makeDns(clock, createStrictDns(clock).dns),
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
        onRound: (round) => void done.push(round),
      },
      { index: 0, count: 1 },
      minuteMs,
    ),
  );
  return {
    samples,
    overruns: runs[0]?.overruns,
    longestMs: Math.max(...done.map(({ durationMs }) => durationMs)),
    counts: runs[0]?.counts ?? [],
    peak: script.peak.waiting,
  };
};

const everyRound = Array.from({ length: 12 }, () => 9);

describe("a DNS that hangs", () => {
  it.each<[string, (clock: ReturnType<typeof createFakeClock>, dns: Dns) => Dns]>([
    [
      "for 31 s",
      (clock, dns) => ({
        ...dns,
        read: async (...asked) => {
          await clock.sleep(31_000);
          return await dns.read(...asked);
        },
      }),
    ],
    ["for ever", (_, dns) => ({ ...dns, read: () => new Promise<never>(() => undefined) })],
    [
      "for ever, and so does asking after changes",
      (_, dns) => ({ ...dns, read: () => new Promise<never>(() => undefined), status: () => new Promise<never>(() => undefined) }),
    ],
  ])("%s takes nothing from the probes and no round's time, over twelve rounds", async (_, makeDns) => {
    const { samples, overruns, longestMs } = await play(makeDns);
    expect(samples).toEqual(everyRound);
    expect(overruns).toBe(0);
    expect(longestMs).toBeLessThan(intervalMs / 2);
  });
});
