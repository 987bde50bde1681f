import { describe, expect, it } from "vitest";
import { createDnsSetupStore } from "../../src/adapters/db/steering/dns-setup.ts";
import { createRecordedTraces } from "../../src/adapters/db/detection/recorded-traces.ts";
import { replayAll } from "../../src/domain/detection/backtest.ts";
import { runWitness } from "../../src/pipeline/witness.ts";
import { intervalMs, startMs } from "../support/round-world.ts";
import { useWorld } from "../support/use-world.ts";

const { database, world } = useWorld();

const name = "app.example.test";
const edit = (set: string) => world.sql(`update service_domains set ${set}`);
/** Rounds in which the primary is dead and the new backup as well, and where traffic stands after each. */
const withDeadPrimary = async (rounds: number): Promise<string[]> => {
  world.prober.say("a.cdn.net", 503);
  const stood = [];
  for (let round = 0; round < rounds; round += 1) {
    await world.round();
    stood.push(world.dns.weights(name));
  }
  return stood;
};
const onPrimary = (rounds: number) => Array.from({ length: rounds }, () => "100/0");

describe("a target that is changed", () => {
  it("begins unknown: traffic does not follow the good name of the one before", async () => {
    const { dns, prober, seed, roundsOf, routing } = world;
    dns.put(name);
    const { serviceId } = await seed({ policies: [{ window: 600 }] });
    await roundsOf(30);
    prober.say("dead.cdn.net", 503);
    await withDeadPrimary(1);
    await edit("backup_target = 'dead.cdn.net'");
    expect(await withDeadPrimary(20)).toEqual(onPrimary(20));
    expect(await routing(serviceId)).toMatchObject({ state: "held", reason: "backup_down" });
  });

  it("is moved to once it is known by its own samples", async () => {
    const { dns, seed, roundsOf, round, routing } = world;
    dns.put(name);
    const { serviceId } = await seed({ policies: [{ window: 600 }] });
    await roundsOf(6);
    await edit("backup_target = 'new.cdn.net'");
    expect(await withDeadPrimary(2)).toEqual(onPrimary(2));
    expect(await routing(serviceId)).toMatchObject({ state: "held", reason: "backup_unknown" });
    await round();
    expect(dns.weights(name), "three samples").toBe("0/100");
  });

  it("is not blamed for what another was: a new primary ends the storm by its own health", async () => {
    const { dns, seed, roundsOf, round, storms, clock } = world;
    dns.put(name);
    await seed({ policies: [{ window: 600, cooldown: 60 }] });
    await roundsOf(4);
    await withDeadPrimary(4);
    expect(await storms()).toMatchObject([{ state: "storm" }]);
    await edit("primary_target = 'new.cdn.net'");
    await roundsOf(2);
    expect(await storms(), "not known yet").toMatchObject([{ state: "storm" }]);
    await round();
    expect(await storms()).toMatchObject([{ state: "recovering" }]);
    const recoveredMs = clock.nowMs() - startMs;
    await roundsOf(6);
    expect(await storms()).toMatchObject([{ state: "ended", ended_reason: "recovered", ended: recoveredMs }]);
  });

  it("is another set-up of its path, and one of all paths where it is for all", async () => {
    await world.seed();
    const edits: [string, string][] = [
      ["primary_target = 'x.cdn.net'", "1 0 0"],
      ["primary_target = null", "2 0 0"],
      ["backup_target = 'y.cdn.net', probe_path = '/other'", "3 1 1"],
      ["expect_status = '204'", "4 2 2"],
      ["probe_path = null", "5 3 3"],
      ["backup_target = backup_target, expect_status = '204', normal_backup_weight = 5, verified_at = now()", "5 3 3"],
    ];
    for (const [set, numbers] of edits) {
      await edit(set);
      expect(
        await world.sql("select format('%s %s %s', primary_setup, backup_setup, direct_setup) as numbers from service_domains"),
        set,
      ).toEqual([{ numbers }]);
    }
  });

  it("in the middle of a round: what that still sees is of the one before", async () => {
    const { dns, seed, roundsOf, round, rounds, sql, prober } = world;
    dns.put(name);
    await seed({ policies: [{ window: 600 }] });
    await roundsOf(3);
    prober.say("dead.cdn.net", 503);
    const edited = {
      ...rounds,
      load: async (...given: Parameters<typeof rounds.load>) => {
        const view = await rounds.load(...given);
        await edit("backup_target = 'dead.cdn.net'");
        return view;
      },
    };
    await round({ rounds: edited });
    await round();
    const lines = await sql<{ line: string }>(
      "select format('%s %s', coalesce(setup, 0), ok) as line from probe_samples where path = 'backup' order by round_at, attempt",
    );
    expect(lines.map(({ line }) => line)).toEqual([...Array.from({ length: 4 }, () => "0 t"), ...Array.from({ length: 3 }, () => "1 f")]);
    expect(await withDeadPrimary(3)).toEqual(onPrimary(3));
  });

  it("has not proven to a readiness check what the one before did", async () => {
    const { seed, roundsOf, db } = world;
    const { serviceId, domainIds } = await seed();
    const health = async () => (await createDnsSetupStore(db).backupHealth(serviceId, startMs - 1)).get(domainIds[0] ?? 0);
    await roundsOf(3);
    expect(await health()).toMatchObject([{ samples: 3, ok: 3 }]);
    await edit("backup_target = 'new.cdn.net'");
    expect(await health()).toBeUndefined();
    await roundsOf(1);
    expect(await health()).toMatchObject([{ samples: 1, ok: 1 }]);
  });

  it("is told by the witness' samples, too", async () => {
    const { clock, deps, seed, sql } = world;
    await seed();
    await edit("primary_target = 'new.cdn.net'");
    await clock.run(runWitness({ ...deps, vantage: "vercel" }, { index: 0, count: 1 }, startMs));
    expect(await sql("select path, setup from probe_samples order by path")).toEqual([
      { path: "backup", setup: null },
      { path: "primary", setup: 1 },
    ]);
  });

  it("does not take the last evidence away: a storm of which nothing more is heard ends at its last sample", async () => {
    const { dns, seed, roundsOf, storms, clock } = world;
    dns.put(name);
    await seed();
    await roundsOf(4);
    await withDeadPrimary(1);
    await edit("primary_target = null, backup_target = null, expect_status = '204'");
    await world.sql("update domain_routing set discovered_primary_target = null, discovered_backup_target = null");
    await roundsOf(1);
    await clock.advance(15 * 60_000);
    await roundsOf(1);
    expect(await storms()).toMatchObject([{ state: "ended", ended_reason: "no_evidence", ended: 42_000 }]);
  });
});

describe("a target that the records name", () => {
  const discovering = async () => {
    const { dns, seed, roundsOf } = world;
    dns.put(name, 100, 0, { targets: ["a.cdn.net", "found-b.net"] });
    const own = await seed({ domains: [{ name, primary: null, backup: null }], policies: [{ window: 600 }] });
    await roundsOf(30);
    return own;
  };

  it("begins unknown where they name another one, even though it has answered once", async () => {
    const { dns, prober, routing, round, domain } = world;
    const { serviceId, domainIds } = await discovering();
    dns.put(name, 100, 0, { targets: ["a.cdn.net", "dead-b.net"] });
    let answers = 1;
    prober.say("dead-b.net", () => (answers-- > 0 ? 200 : 503));
    await round({ driftCheckMs: 0 });
    expect(await withDeadPrimary(1)).toEqual(onPrimary(1));
    expect((await domain(domainIds[0] ?? 0)) as unknown).toMatchObject({
      discovered_backup_target: "dead-b.net",
      discovered_backup_ok: true,
    });
    expect(await withDeadPrimary(12)).toEqual(onPrimary(12));
    expect(await routing(serviceId)).toMatchObject({ state: "held", reason: "backup_down" });
  });

  it("does not count in the very round that finds it", async () => {
    const { dns, round, storms } = world;
    await discovering();
    await withDeadPrimary(1);
    dns.put(name, 100, 0, { targets: ["a.cdn.net", "other-b.net"] });
    await round({ driftCheckMs: 0 });
    expect([dns.weights(name), await storms()]).toMatchObject(["100/0", [{ state: "storm" }]]);
  });

  it("is no other one where a target was given", async () => {
    const { dns, seed, roundsOf, round, sql } = world;
    dns.put(name, 100, 0, { targets: ["x.cdn.net", "y.cdn.net"] });
    await seed();
    await roundsOf(2);
    dns.put(name, 100, 0, { targets: ["x2.cdn.net", "y2.cdn.net"] });
    await round({ driftCheckMs: 0 });
    expect(await sql("select primary_found, backup_found, discovered_backup_target from domain_routing")).toEqual([
      { primary_found: 0, backup_found: 0, discovered_backup_target: "y2.cdn.net" },
    ]);
  });
});

describe("what was recorded before and after an edit", () => {
  it("is judged again as it was judged", async () => {
    const { dns, seed, roundsOf, sql, prober, clock } = world;
    dns.put(name);
    const { serviceId } = await seed({ policies: [{ window: 120, cooldown: 30 }] });
    await roundsOf(12);
    await withDeadPrimary(3);
    await edit("primary_target = 'new.cdn.net'");
    await roundsOf(12);
    prober.say("new.cdn.net", 503);
    await roundsOf(4);
    const [customer] = await sql<{ id: string }>("select customer_id as id from services");
    const toMs = clock.nowMs();
    const trace = await createRecordedTraces(database.db).read(Number(customer?.id), serviceId, {
      kind: "http_availability",
      fromMs: startMs,
      toMs,
      leadInMs: 130_000,
      maxSamples: 10_000,
      maxStorms: 100,
    });
    const terms = { thresholdAvail: 0.9, windowSeconds: 120, cooldownSeconds: 30, minSamples: 3, minFailures: 3, latencyMs: null };
    const { storms } = replayAll(trace?.samples ?? [], { cdns: [], terms, intervalMs, fromMs: startMs, vantages: [] }, toMs);
    const facts = (all: readonly { startedAtMs: number; recoveringSinceMs: number | null; endedAtMs: number | null; relapses: number }[]) =>
      all.map(({ startedAtMs, recoveringSinceMs, endedAtMs, relapses }) => ({ startedAtMs, recoveringSinceMs, endedAtMs, relapses }));
    expect(storms).toHaveLength(2);
    expect(facts(storms)).toEqual(facts(trace?.storms ?? []));
  });
});
