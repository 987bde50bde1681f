import { describe, expect, it } from "vitest";
import type { Taking } from "../../src/adapters/ports/coordination/lease.ts";
import type { RoundStore } from "../../src/adapters/ports/detection/round.ts";
import type { Role } from "../../src/cron/rounds/shard-role.ts";
import { createShardRole, roleOf } from "../../src/cron/rounds/shard-role.ts";
import { createConnections } from "../../src/pipeline/connection-slots.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { createMemoryLeases } from "../support/memory-leases.ts";
import { createMemoryLog } from "../support/memory-log.ts";
import { roundService } from "../support/round-fixtures.ts";
import { createScriptedProber } from "../support/scripted-prober.ts";
import { createStrictDns } from "../support/strict-dns.ts";

const given: Taking = { held: { name: "shard:0", epoch: 1 }, from: null };
const refused = (by: string | null): Taking => ({ held: null, by, freeInMs: 1_000 });

const table: readonly [answer: string, taking: Taking | null, isResting: boolean, role: Role][] = [
  ["given", given, false, "holder"],
  ["given, though the clock says that it rests", given, true, "holder"],
  ["the other provider's", refused("other"), false, "witness"],
  ["this provider's", refused("local"), false, "queued"],
  ["nobody's", refused(null), false, "resharded"],
  ["not asked for, as it rests", null, true, "resting"],
  ["not told", null, false, "unanswered"],
];

it.each(table)("a lease that is %s makes the role", (_, taking, isResting, role) => {
  expect(roleOf(taking, isResting, "local")).toBe(role);
});

describe("a role by itself", () => {
  const startMs = Date.parse("2026-11-18T11:20:00Z");

  it("goes from holder to resting where rounds fail, watches for two slots, and asks again", async () => {
    const clock = createFakeClock(startMs);
    const { leases, log: leaseLog } = createMemoryLeases(clock);
    const done: string[] = [];
    const rounds: RoundStore = {
      load: async () => {
        if (clock.nowMs() < startMs + 30_000) throw new Error("connection lost");
        return { services: [roundService()], vantages: [], polls: [], expired: false, standings: [], freeze: null, domainsLeftOut: 0 };
      },
      saveAndEvaluate: async () => ({ policies: [], leftOut: [] }),
      survey: async () => [roundService()],
      saveWitnessed: async () => undefined,
      edgeSamples: async () => [],
      saveDecisions: async () => new Map(),
      saveOutcomes: async () => undefined,
    };
    const role = createShardRole(
      {
        rounds,
        leases,
        clock,
        prober: createScriptedProber(clock).prober,
        dns: createStrictDns(clock).dns,
        vantage: "local",
        slowPaths: new Set(),
        log: createMemoryLog().log,
        probe: { path: "/healthz", timeoutMs: 5_000, intervalMs: 10_000 },
        driftCheckMs: 300_000,
        provider: "local",
        runId: "run-1",
        preferredProvider: "local",
        handBackAfterMs: 600_000,
        jobRuns: { record: async () => undefined },
        connections: createConnections(clock),
        onRound: (round) => void done.push(`${(round.roundAtMs - startMs) / 1_000} ${round.role} ${round.ok ? "ok" : "failed"}`),
      },
      { index: 0, count: 1 },
    );
    await clock.run(role.workUntil(startMs + 60_000));
    await clock.run(role.report());
    expect(done).toEqual(["0 holder failed", "10 holder failed", "20 holder failed", "30 witness ok", "40 holder ok", "50 holder ok"]);
    expect(leaseLog.filter((line) => !line.startsWith("renewed"))).toEqual([
      "acquired shard:0 by local:run-1",
      "gave up shard:0",
      "acquired shard:0 by local:run-1",
      "released shard:0",
    ]);
    expect(role.endMs()).toBe(startMs + 60_000);
    expect(role.isResharded()).toBe(false);
  });
});
