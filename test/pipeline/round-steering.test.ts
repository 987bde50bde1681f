import { describe, expect, it } from "vitest";
import type { Dns } from "../../src/adapters/ports/steering/dns.ts";
import { intervalMs } from "../support/round-world.ts";
import { useWorld } from "../support/use-world.ts";

const { world } = useWorld();

const name = "app.example.test";
const calmThenDead = async () => {
  await world.roundsOf(4);
  world.prober.say("a.cdn.net", 503);
};

describe("steering", () => {
  it("holds while the backup is down, and switches once it is up", async () => {
    const { roundsOf, dns, prober, seed, routing, history } = world;
    dns.put(name);
    const { serviceId } = await seed();
    await roundsOf(4);
    prober.say("a.cdn.net", 503);
    prober.say("b.cdn.net", 503);
    await roundsOf(2);
    expect(await routing(serviceId)).toMatchObject({ state: "held", reason: "backup_down" });
    expect(await history()).toEqual([]);
    prober.say("b.cdn.net", 200);
    await roundsOf(4);
    expect(await history()).toEqual(["100/0>0/100 storm accepted"]);
  });

  it("leaves a backup that dies, once, until the storm relapses", async () => {
    const { roundsOf, dns, prober, seed, routing, history } = world;
    dns.put(name);
    const { serviceId } = await seed();
    await calmThenDead();
    await roundsOf(1);
    prober.say("a.cdn.net", 200);
    prober.say("b.cdn.net", 503);
    await roundsOf(4);
    expect(dns.weights(name)).toBe("100/0");
    expect(await routing(serviceId)).toMatchObject({ state: "normal", reason: "bad_backup", latched_relapses: 0 });
    prober.say("b.cdn.net", 200);
    await roundsOf(4);
    expect(dns.weights(name), "latched").toBe("100/0");
    prober.say("a.cdn.net", 503);
    await roundsOf(1);
    expect(await history()).toEqual(["100/0>0/100 storm accepted", "0/100>100/0 bad_backup accepted", "100/0>0/100 storm accepted"]);
    expect(await routing(serviceId)).toMatchObject({ state: "shifted", latched_relapses: null });
  });

  it("goes back by steps, and does not start over", async () => {
    const { roundsOf, dns, prober, seed, history, sql } = world;
    dns.put(name);
    await seed({ failbackSteps: [10, 50, 100] });
    await sql("update services set failback_step_seconds = 20");
    await calmThenDead();
    await roundsOf(1);
    prober.say("a.cdn.net", 200);
    await roundsOf(20);
    expect(await history()).toEqual([
      "100/0>0/100 storm accepted",
      "0/100>10/90 failback accepted",
      "10/90>50/50 failback accepted",
      "50/50>100/0 calm accepted",
    ]);
    expect(await sql("select failback_step from service_routing")).toEqual([{ failback_step: null }]);
  });

  it("honours an override from the next round on, until it runs out", async () => {
    const { roundsOf, dns, seed, history, override, clock, sql } = world;
    dns.put(name);
    const { serviceId } = await seed();
    await roundsOf(4);
    await override(serviceId, "backup", clock.nowMs() + 35_000);
    await roundsOf(1);
    expect(dns.weights(name)).toBe("0/100");
    await roundsOf(3);
    expect(dns.weights(name)).toBe("100/0");
    expect(await history()).toEqual(["100/0>0/100 override accepted", "0/100>100/0 calm accepted"]);
    expect(await sql("select actor, storm_id from routing_changes order by id")).toEqual([
      { actor: "sre@acme", storm_id: null },
      { actor: "tranche", storm_id: null },
    ]);
  });

  it("freezes", async () => {
    const { roundsOf, dns, prober, seed, override, history, storms, routing } = world;
    dns.put(name, 60, 40);
    const { serviceId } = await seed();
    await override(serviceId, "frozen");
    await roundsOf(4);
    prober.say("a.cdn.net", 503);
    await roundsOf(2);
    expect(await storms()).toHaveLength(1);
    expect(await history()).toEqual([]);
    expect(await routing(serviceId)).toMatchObject({ state: "frozen" });
  });

  it("in shadow mode records each decision once and calls nobody", async () => {
    const { roundsOf, dns, prober, seed, history, routing } = world;
    dns.put(name);
    const { serviceId } = await seed({ steering: "shadow" });
    await calmThenDead();
    await roundsOf(5);
    expect(await history()).toEqual(["100/0>0/100 storm shadow"]);
    expect(await routing(serviceId)).toMatchObject({ shadow_target: "backup" });
    prober.say("a.cdn.net", 200);
    await roundsOf(14);
    expect(await history()).toEqual(["100/0>0/100 storm shadow", "0/100>100/0 calm shadow"]);
    expect(dns.changes).toEqual([]);
    expect(dns.weights(name)).toBe("100/0");
  });

  it("records storms of a service without a backup, and leaves its DNS alone", async () => {
    const { roundsOf, dns, seed, storms, history, routing } = world;
    dns.put(name, 50, 50);
    const { serviceId } = await seed({ domains: [{ name, backup: null }] });
    dns.hooks.reading = () => ({ status: "unprovisioned", zoneId: "Z1", detail: "no pair" });
    await calmThenDead();
    await roundsOf(2);
    expect(await storms()).toMatchObject([{ state: "storm", monitor_only: true }]);
    expect(await history()).toEqual([]);
    expect(await routing(serviceId)).toBeUndefined();
  });

  it("judges a service without a primary by the name itself", async () => {
    const { roundsOf, prober, seed, storms } = world;
    await seed({ domains: [{ name: "app.example.com", primary: null, backup: null }] });
    await roundsOf(4);
    prober.say("app.example.com", 503);
    await roundsOf(2);
    expect(await storms()).toMatchObject([{ state: "storm", monitor_only: true }]);
  });

  it("never steers an unverified domain, nor reads its records", async () => {
    const { roundsOf, dns, seed, storms, history } = world;
    dns.put(name);
    await seed({ domains: [{ name, verified: false }] });
    await calmThenDead();
    await roundsOf(2);
    expect(await storms()).toHaveLength(1);
    expect(await history()).toEqual([]);
    expect(dns.reads).toEqual([]);
    expect(dns.changes).toEqual([]);
  });

  it("says what is missing where there is no pair, and steers once it is there", async () => {
    const { roundsOf, dns, seed, domain, history, clock } = world;
    const { domainIds } = await seed();
    await calmThenDead();
    await roundsOf(1);
    expect(await domain(domainIds[0] ?? 0)).toMatchObject({
      status: "unprovisioned",
      primary_weight: null,
      last_error: expect.stringContaining("create two weighted") as string,
    });
    expect(await history()).toEqual([]);
    dns.put(name);
    await clock.advance(300_000);
    await roundsOf(3);
    expect(await history()).toEqual(["100/0>0/100 storm accepted"]);
    expect(await domain(domainIds[0] ?? 0)).toMatchObject({ status: "found", primary_weight: 0, backup_weight: 100, last_error: null });
  });

  it("heals weights that somebody else changed, at the next check", async () => {
    const { round, dns, seed, history } = world;
    dns.put(name);
    await seed();
    const rounds = async (number: number) => {
      for (let index = 0; index < number; index += 1) await round({ driftCheckMs: 60_000 });
    };
    await rounds(4);
    dns.put(name, 30, 70);
    await rounds(2);
    expect(await history()).toEqual([]);
    await rounds(1);
    expect(await history()).toEqual(["30/70>100/0 drift accepted"]);
    expect(dns.weights(name)).toBe("100/0");
  });

  it("moves several types of one name together", async () => {
    const { roundsOf, dns, seed, history } = world;
    dns.put(name, 100, 0, { type: "A" });
    dns.put(name, 100, 0, { type: "AAAA" });
    await seed();
    await calmThenDead();
    await roundsOf(2);
    expect([dns.weights(name, "A"), dns.weights(name, "AAAA")]).toEqual(["0/100", "0/100"]);
    expect(await history()).toEqual(["100/0>0/100 storm accepted"]);
  });

  it("discovers targets from the live records and counts them once they have answered", async () => {
    const { roundsOf, dns, prober, seed, domain, storms, history } = world;
    dns.put(name, 100, 0, { targets: ["found-a.net", "found-b.net"] });
    const { domainIds } = await seed({ domains: [{ name, primary: null, backup: null }] });
    prober.say("found-a.net", 404);
    await roundsOf(4);
    expect(await domain(domainIds[0] ?? 0)).toMatchObject({ discovered_primary_ok: false });
    expect(await storms(), "it never answered, so it is not the domain's").toEqual([]);
    prober.say("found-a.net", 200);
    await roundsOf(6);
    prober.say("found-a.net", 503);
    await roundsOf(2);
    // The first began with what it had answered while on trial, and earned nothing: this outage is another.
    expect(await storms()).toMatchObject([
      { monitor_only: false, ended_reason: "credit_changed" },
      { monitor_only: false, state: "storm" },
    ]);
    expect(await history()).toEqual(["100/0>0/100 storm accepted"]);
  });

  it("discovers them even where every round reads the records", async () => {
    const { round, dns, seed, domain } = world;
    dns.put(name, 100, 0, { targets: ["found-a.net", "found-b.net"] });
    const { domainIds } = await seed({ domains: [{ name, primary: null, backup: null }] });
    for (let index = 0; index < 3; index += 1) await round({ driftCheckMs: 1_000 });
    expect(await domain(domainIds[0] ?? 0)).toMatchObject({ discovered_primary_ok: true });
  });

  it("learns when a switch is on all servers", async () => {
    const { roundsOf, dns, seed, history } = world;
    dns.put(name);
    await seed();
    await calmThenDead();
    await roundsOf(3);
    expect(await history()).toEqual(["100/0>0/100 storm accepted"]);
    dns.settle();
    await roundsOf(1);
    expect(await history()).toEqual(["100/0>0/100 storm insync"]);
  });

  it("has at most six connections waiting at once, DNS among them, and probes have those that DNS does not use", async () => {
    const { round, dns, prober, clock, seed } = world;
    await seed({ domains: Array.from({ length: 24 }, (_, index) => ({ name: `d${index}.test`, primary: `a${index}.net`, backup: null })) });
    for (let index = 0; index < 24; index += 1) prober.say(`a${index}.net`, [200, 400]);
    const waiting = { probe: 0, dns: 0 };
    const most = { probe: 0, dns: 0, both: 0, probeBesideDns: 0 };
    const counted = async <T>(what: "probe" | "dns", work: () => Promise<T>): Promise<T> => {
      waiting[what] += 1;
      most[what] = Math.max(most[what], waiting[what]);
      most.both = Math.max(most.both, waiting.probe + waiting.dns);
      if (waiting.dns === 2) most.probeBesideDns = Math.max(most.probeBesideDns, waiting.probe);
      try {
        return await work();
      } finally {
        waiting[what] -= 1;
      }
    };
    const slow: Dns = {
      ...dns.dns,
      read: async (names, budget) => {
        await Promise.all(
          [1, 2, 3, 4].map(() =>
            budget.connection({ untilMs: budget.untilMs, answerMs: 10_000 }, () => counted("dns", () => clock.sleep(500))),
          ),
        );
        return await dns.dns.read(names, budget);
      },
    };
    await round({ dns: slow, prober: { probe: (request) => counted("probe", () => prober.prober.probe(request)) } });
    expect(prober.calls).toHaveLength(24);
    expect(most).toEqual({ probe: 6, dns: 2, both: 6, probeBesideDns: 4 });
  });

  it("does not wait for a DNS that does not answer", async () => {
    const { dns, seed, storms, clock, deps, prober, round } = world;
    dns.put(name);
    await seed();
    const silent = { ...dns.dns, read: () => new Promise<never>(() => undefined) };
    for (let index = 0; index < 2; index += 1) await round({ dns: silent });
    prober.say("a.cdn.net", 503);
    const before = clock.nowMs();
    await round({ dns: silent });
    expect(await storms()).toHaveLength(1);
    expect(clock.nowMs() - before).toBeLessThanOrEqual(deps.probe.timeoutMs + 2 * intervalMs);
  });
});
