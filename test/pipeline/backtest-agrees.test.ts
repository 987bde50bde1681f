import { afterAll, describe, expect, it } from "vitest";
import { createRecordedTraces } from "../../src/adapters/db/detection/recorded-traces.ts";
import { replayAll } from "../../src/domain/detection/backtest.ts";
import { seeded } from "../support/calm-trace.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { createWorld, intervalMs, startMs } from "../support/round-world.ts";

const databases: TestDatabase[] = [];
afterAll(async () => {
  for (const database of databases) await database.close();
});

const terms = { thresholdAvail: 0.9, windowSeconds: 30, cooldownSeconds: 30, minSamples: 3, minFailures: 3, latencyMs: null };

/** Rounds in which each probe of the primary fails with a chance that changes every few rounds. */
const play = async (seed: number, rounds: number, kind: "http_availability" | "http_latency") => {
  const database = await freshDatabase();
  databases.push(database);
  const world = await createWorld(database);
  const chance = seeded(seed);
  world.dns.put("one.example.test");
  world.dns.put("two.example.test");
  const latencyMs = kind === "http_latency" ? 500 : null;
  const { serviceId } = await world.seed({
    domains: [
      { name: "one.example.test", primary: "one.cdn.net" },
      { name: "two.example.test", primary: "two.cdn.net" },
    ],
    policies: [{ kind, window: 30, cooldown: 30, ...(latencyMs !== null && { latencyMs }) }],
  });
  // A backtest takes every domain to have been healthy before.
  await database.sql("update service_domains set seen_healthy_at = created_at");
  let rate = 0;
  for (const host of ["one.cdn.net", "two.cdn.net"]) {
    world.prober.say(host, () => [
      kind === "http_availability" && chance() < rate ? 503 : 200,
      chance() < rate ? 800 : Math.floor(chance() * 90),
    ]);
  }
  for (let round = 0; round < rounds; round += 1) {
    if (round % 4 === 0) rate = [0, 0, 0, 0.2, 1][Math.floor(chance() * 5)] ?? 0;
    await world.round();
  }
  const [customer] = await database.sql<{ id: string }>("select customer_id as id from services");
  const query = { kind, fromMs: startMs, toMs: world.clock.nowMs(), leadInMs: 40_000, maxSamples: 10_000, maxStorms: 1_000 };
  const read = (over: Partial<typeof query> = {}) =>
    createRecordedTraces(database.db).read(Number(customer?.id), serviceId, { ...query, ...over });
  return { world, read, toMs: query.toMs, latencyMs };
};

describe("a backtest of recorded samples", () => {
  it.each([
    [1, "http_availability"],
    [2, "http_availability"],
    [3, "http_latency"],
  ] as const)("with the policy that was in force comes to the very storms that were recorded (seed %d, %s)", async (seed, kind) => {
    const { read, toMs, latencyMs } = await play(seed, 80, kind);
    const trace = await read();
    expect(trace?.samples?.length).toBeGreaterThanOrEqual(160);
    const setup = { cdns: trace?.cdns ?? [], terms: { ...terms, latencyMs }, intervalMs, fromMs: startMs, vantages: trace?.vantages ?? [] };
    const { storms } = replayAll(trace?.samples ?? [], setup, toMs);
    const facts = (
      all: readonly {
        startedAtMs: number;
        detectedAtMs: number;
        recoveringSinceMs: number | null;
        endedAtMs: number | null;
        relapses: number;
        endedReason: string | null;
      }[],
    ) =>
      all.map(({ startedAtMs, detectedAtMs, recoveringSinceMs, endedAtMs, relapses, endedReason }) => ({
        startedAtMs,
        detectedAtMs,
        recoveringSinceMs,
        endedAtMs,
        relapses,
        endedReason,
      }));
    expect(facts(storms)).toEqual(facts(trace?.storms ?? []));
    expect(storms.length, "there were storms to compare").toBeGreaterThan(1);
  });

  it("is told where there are too many samples, and whom it had heard before", async () => {
    const { read } = await play(1, 12, "http_availability");
    expect(await read({ maxSamples: 10 })).toMatchObject({ samples: null });
    const later = await read({ fromMs: startMs + 60_000, leadInMs: 10_000 });
    expect(later?.vantages).toEqual([{ name: "local", lastHeardAtMs: expect.closeTo(startMs + 40_000, -4) as number }]);
    expect(later?.samples?.every(({ roundAtMs }) => roundAtMs >= startMs + 50_000)).toBe(true);
  });
});
