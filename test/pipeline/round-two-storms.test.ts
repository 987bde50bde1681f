import { describe, expect, it } from "vitest";
import { useWorld } from "../support/use-world.ts";

const { world } = useWorld();

const name = "app.example.test";
const slow = [200, 800] as const;
const deadOrSlow = { policies: [{ cooldown: 300 }, { kind: "http_latency", latencyMs: 500, cooldown: 300 }] };

describe("a service with a policy of latency beside that of availability", () => {
  it("leaves a dead primary for a backup that is slow", async () => {
    const { round, roundsOf, dns, prober, seed, storms, history, routing } = world;
    dns.put(name);
    const { serviceId } = await seed(deadOrSlow);
    prober.say("b.cdn.net", slow);
    await roundsOf(4);
    prober.say("a.cdn.net", 503);
    await round();
    expect(await storms()).toMatchObject([
      { kind: "http_availability", state: "storm" },
      { kind: "http_latency", state: "storm" },
    ]);
    expect(await history()).toEqual(["100/0>0/100 storm accepted"]);
    expect(await routing(serviceId)).toMatchObject({ state: "shifted", reason: "storm" });
  });

  it("does not leave a slow primary for a backup that is as slow", async () => {
    const { roundsOf, dns, prober, seed, storms, history, routing } = world;
    dns.put(name);
    const { serviceId } = await seed(deadOrSlow);
    for (const host of ["a.cdn.net", "b.cdn.net"]) prober.say(host, slow);
    await roundsOf(4);
    expect(await storms()).toMatchObject([{ kind: "http_latency", state: "storm" }]);
    expect(await history()).toEqual([]);
    expect(await routing(serviceId)).toMatchObject({ state: "held", reason: "backup_down" });
  });

  it("leaves a backup that dies for a primary that is no more than slow, and does not go there again", async () => {
    const { roundsOf, dns, prober, seed, history, routing } = world;
    dns.put(name);
    const { serviceId } = await seed(deadOrSlow);
    await roundsOf(4);
    prober.say("a.cdn.net", slow);
    await roundsOf(4);
    expect(dns.weights(name)).toBe("0/100");
    prober.say("b.cdn.net", 503);
    await roundsOf(6);
    expect(await history()).toEqual(["100/0>0/100 storm accepted", "0/100>100/0 bad_backup accepted"]);
    prober.say("b.cdn.net", 200);
    await roundsOf(4);
    expect([dns.weights(name), await routing(serviceId)]).toMatchObject(["100/0", { state: "held", reason: "latched" }]);
  });

  it("leaves a backup that dies, latched under both, and goes there again for the one that relapses", async () => {
    const { round, roundsOf, dns, prober, seed, sql, history } = world;
    dns.put(name);
    await seed(deadOrSlow);
    await roundsOf(4);
    prober.say("a.cdn.net", 503);
    await round();
    prober.say("a.cdn.net", 200);
    prober.say("b.cdn.net", 503);
    await roundsOf(4);
    const latches = async () => await sql("select latched_storm_id::int as first, latched_relapses, latched_also from service_routing");
    expect(await history()).toEqual(["100/0>0/100 storm accepted", "0/100>100/0 bad_backup accepted"]);
    expect(await latches()).toEqual([{ first: 1, latched_relapses: 0, latched_also: [{ stormId: 2, relapses: 0 }] }]);
    prober.say("b.cdn.net", 200);
    await roundsOf(4);
    expect(dns.weights(name), "latched").toBe("100/0");
    prober.say("a.cdn.net", slow);
    await roundsOf(3);
    expect(dns.weights(name), "slow again").toBe("0/100");
    expect(await latches()).toEqual([{ first: 1, latched_relapses: 0, latched_also: null }]);
  });
});
