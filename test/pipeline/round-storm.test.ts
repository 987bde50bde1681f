import { describe, expect, it } from "vitest";
import { startMs } from "../support/round-world.ts";
import { useWorld } from "../support/use-world.ts";

const { world } = useWorld();

const name = "app.example.test";
const calmThenDead = async (fault: 503 | "hang" = 503) => {
  await world.roundsOf(4);
  world.prober.say("a.cdn.net", fault);
};

describe("answers that not every vantage can read", () => {
  it("are no failures: no storm, no sample, only a count", async () => {
    const { round, roundsOf, dns, prober, seed, storms, history } = world;
    dns.put(name);
    await seed();
    await roundsOf(4);
    prober.say("a.cdn.net", "unreadable");
    const report = await round();
    expect(report).toMatchObject({ samples: 1, failedSamples: 0, unreadable: 1, stormsChanged: 0, switches: 0 });
    await roundsOf(8);
    expect([await storms(), await history()]).toEqual([[], []]);
  });
});

describe("a storm", () => {
  it("is seen, switched away from, held through a relapse, and switched back after its cooldown", async () => {
    const { round, roundsOf, dns, prober, seed, storms, history, routing } = world;
    dns.put(name);
    const { serviceId } = await seed();
    await roundsOf(6);
    expect(await storms()).toEqual([]);
    expect(await history()).toEqual([]);
    expect(await routing(serviceId)).toMatchObject({ state: "normal", reason: "calm" });

    prober.say("a.cdn.net", 503);
    const report = await round();
    expect(report).toMatchObject({
      held: true,
      samples: 4,
      failedSamples: 3,
      unprobed: 0,
      stormsChanged: 1,
      switches: 1,
      failedSwitches: 0,
    });
    expect(dns.weights(name)).toBe("0/100");
    expect(await storms()).toMatchObject([{ state: "storm", started: 60_000, relapses: 0, monitor_only: false }]);
    expect(await routing(serviceId)).toMatchObject({ state: "shifted", reason: "storm" });

    prober.say("a.cdn.net", 200);
    await roundsOf(3);
    expect(await storms()).toMatchObject([{ state: "storm" }]);
    await round();
    expect(await storms()).toMatchObject([{ state: "recovering", relapses: 0 }]);

    prober.say("a.cdn.net", 503);
    await round();
    expect(await storms()).toMatchObject([{ state: "storm", relapses: 1 }]);
    prober.say("a.cdn.net", 200);
    await roundsOf(4);
    expect(await storms()).toMatchObject([{ state: "recovering", relapses: 1 }]);
    const recoveringSince = world.clock.nowMs() - startMs;
    await roundsOf(5);
    expect(dns.weights(name)).toBe("0/100");
    await round();
    expect(await storms()).toMatchObject([{ state: "ended", ended_reason: "recovered", ended: recoveringSince, relapses: 1 }]);
    expect(dns.weights(name)).toBe("100/0");
    await roundsOf(3);
    expect(await history()).toEqual(["100/0>0/100 storm accepted", "0/100>100/0 calm accepted"]);
    expect(await routing(serviceId)).toMatchObject({ state: "normal", reason: "calm" });
    expect(await world.sql("select from routing_changes where storm_id is null")).toEqual([]);
  });

  it("that is followed by another makes a second event, which begins no earlier than the first ended", async () => {
    const { roundsOf, dns, prober, seed, storms } = world;
    dns.put(name);
    await seed({ policies: [{ cooldown: 0 }] });
    await calmThenDead();
    await roundsOf(1);
    prober.say("a.cdn.net", 200);
    await roundsOf(6);
    prober.say("a.cdn.net", 503);
    await roundsOf(1);
    const [first, second] = await storms();
    expect(first).toMatchObject({ state: "ended" });
    expect(second).toMatchObject({ state: "storm" });
    expect(Number(second?.started)).toBeGreaterThanOrEqual(Number(first?.ended));
  });

  it("is judged to its end by the version of the policy with which it began", async () => {
    const { sql, roundsOf, dns, prober, seed, storms } = world;
    dns.put(name);
    const { policyIds } = await seed();
    await calmThenDead();
    await roundsOf(1);
    await sql(
      `insert into storm_policy_versions select policy_id, 2, threshold_avail, window_seconds, 3600, 9, min_samples, min_failures, null from storm_policy_versions`,
    );
    await sql("update storm_policies set version = 2 where id = $1", [policyIds[0]]);
    prober.say("a.cdn.net", 200);
    await roundsOf(11);
    expect(await storms()).toMatchObject([{ state: "ended", ended_reason: "recovered" }]);
    expect(await sql("select policy_version, max_coverage_factor from storm_events")).toEqual([
      { policy_version: 1, max_coverage_factor: "1.5" },
    ]);
  });

  it("ends at its last counted sample when nothing has been heard for 15 minutes", async () => {
    const { roundsOf, dns, seed, storms, sql, clock } = world;
    dns.put(name);
    const { domainIds } = await seed();
    await calmThenDead();
    await roundsOf(1);
    const lastSampleMs = 42_000;
    await sql("update service_domains set primary_target = null, backup_target = null where id = $1", domainIds);
    await sql("update domain_routing set discovered_primary_target = null, discovered_backup_target = null");
    await roundsOf(1);
    await clock.advance(15 * 60_000);
    await roundsOf(1);
    expect(await storms()).toMatchObject([{ state: "ended", ended_reason: "no_evidence", ended: lastSampleMs }]);
    expect(dns.weights(name)).toBe("0/100");
  });

  it("ends, too, where every domain of its service was deleted", async () => {
    const { roundsOf, dns, seed, storms, sql, clock } = world;
    dns.put(name);
    await seed();
    await calmThenDead();
    await roundsOf(1);
    await sql("update service_domains set deleted_at = now()");
    await clock.advance(15 * 60_000);
    await roundsOf(1);
    expect(await storms()).toMatchObject([{ state: "ended", ended_reason: "no_evidence", ended: 42_000 }]);
  });

  it("of latency counts slow answers, and only for the policy that asks for it", async () => {
    const { roundsOf, dns, prober, seed, storms } = world;
    dns.put(name);
    await seed({ policies: [{}, { kind: "http_latency", latencyMs: 500 }] });
    await roundsOf(4);
    prober.say("a.cdn.net", [200, 800]);
    await roundsOf(3);
    expect(await storms()).toMatchObject([{ kind: "http_latency", state: "storm" }]);
    expect(dns.weights(name)).toBe("0/100");
  });

  it("is not seen in the samples of a deleted domain", async () => {
    const { sql, roundsOf, dns, prober, seed, storms } = world;
    dns.put(name);
    dns.put("old.example.test");
    const { domainIds } = await seed({ domains: [{ name }, { name: "old.example.test", primary: "old.cdn.net" }] });
    await roundsOf(3);
    prober.say("old.cdn.net", "refuse");
    await sql("update service_domains set deleted_at = now() where id = $1", [domainIds[1]]);
    await sql(
      `insert into probe_samples select service_id, domain_id, path, vantage, round_at, 9, probed_at, false, null, 1, 'network'
      from probe_samples where domain_id = $1`,
      [domainIds[1]],
    );
    await roundsOf(3);
    expect(await storms()).toEqual([]);
  });

  it("of a hanging CDN is known within its round", async () => {
    const { round, dns, seed, storms, clock } = world;
    dns.put(name);
    await seed();
    await calmThenDead("hang");
    await round();
    expect(await storms()).toMatchObject([{ state: "storm", started: 40_000 }]);
    // 5 s to the first time-out, then two impatient ones side by side, a second apart.
    expect(clock.nowMs() - startMs).toBe(40_000 + 5_000 + 2_000 + 2_000);
  });
});
