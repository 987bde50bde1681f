import { describe, expect, it } from "vitest";
import { useWorld } from "../support/use-world.ts";

const { world } = useWorld();

const name = "app.example.test";

/** A service on its backup, in a storm, whose backup target was taken away from it. */
const strandedOnBackup = async (): Promise<number> => {
  const { round, roundsOf, dns, prober, seed, sql } = world;
  dns.put(name, 100, 0, { type: "A" });
  const { serviceId } = await seed();
  await roundsOf(4);
  prober.say("a.cdn.net", 503);
  await round();
  expect(dns.weights(name, "A")).toBe("0/100");
  await sql("update service_domains set backup_target = null");
  await roundsOf(2);
  return serviceId;
};

describe("an override of a service that has lost its backup", () => {
  it("brings it back to its primary", async () => {
    const { round, dns, override, routing, history } = world;
    const serviceId = await strandedOnBackup();
    expect(dns.weights(name, "A")).toBe("0/100");
    expect(await routing(serviceId)).toMatchObject({ state: "held", reason: "monitor_only" });
    await override(serviceId, "primary");
    await round();
    expect(dns.weights(name, "A")).toBe("100/0");
    expect(await history()).toEqual(["100/0>0/100 storm accepted", "0/100>100/0 override accepted"]);
    expect(await routing(serviceId)).toMatchObject({ state: "normal", reason: "override" });
  });

  it("moves it to its backup as well, and is over when its time is", async () => {
    const { round, roundsOf, dns, seed, override, routing, clock, history } = world;
    dns.put(name, 100, 0, { type: "A" });
    const { serviceId } = await seed({ domains: [{ name, backup: null }] });
    await roundsOf(2);
    await override(serviceId, "backup", clock.nowMs() + 15_000);
    await round();
    expect(dns.weights(name, "A")).toBe("0/100");
    await roundsOf(2);
    expect(await routing(serviceId), "nobody steers it any more").toMatchObject({ state: "held", reason: "monitor_only" });
    expect(await history()).toEqual(["100/0>0/100 override accepted"]);
  });

  it("freezes it, and does nothing under a freeze of everything", async () => {
    const { roundsOf, dns, override, routing, sql, history } = world;
    const serviceId = await strandedOnBackup();
    await override(serviceId, "frozen");
    await roundsOf(1);
    expect(await routing(serviceId)).toMatchObject({ state: "frozen", reason: "frozen" });
    await override(serviceId, "primary");
    await sql("update settings set freeze_set_at = now(), freeze_reason = 'change window', freeze_actor = 'admin'");
    await roundsOf(1);
    expect(dns.weights(name, "A")).toBe("0/100");
    expect(await history()).toHaveLength(1);
    await sql("update settings set freeze_set_at = null");
    await roundsOf(1);
    expect(dns.weights(name, "A")).toBe("100/0");
  });
});
