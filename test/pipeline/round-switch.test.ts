import { describe, expect, it } from "vitest";
import { useWorld } from "../support/use-world.ts";

const { world } = useWorld();

const name = "app.example.test";
const calmThenDead = async () => {
  await world.roundsOf(4);
  world.prober.say("a.cdn.net", 503);
};

describe("a switch", () => {
  it("is stored as an intent before DNS is called", async () => {
    const { roundsOf, dns, seed, history } = world;
    dns.put(name);
    await seed();
    await calmThenDead();
    const seen: string[][] = [];
    dns.hooks.before = async () => void seen.push(await history());
    await roundsOf(1);
    expect(seen).toEqual([["100/0>0/100 storm intent"]]);
    expect(await history()).toEqual(["100/0>0/100 storm accepted"]);
  });

  const crash = () => {
    throw new Error("killed");
  };
  /** Whoever was killed in a call stores nothing of it. */
  const dead = () => ({ rounds: { ...world.rounds, saveOutcomes: crash } });

  it("is the lease's that decided it, not that of another shard which has come to the same epoch", async () => {
    const { sql, rounds, held } = world;
    const { serviceId, domainIds } = await world.seed();
    const { name: lease, epoch } = held.fence;
    await sql(
      `insert into routing_changes (service_id, domain_id, from_primary, from_backup, to_primary, to_backup, reason, actor, lease, epoch, result, intended_at)
       select $1, $2, 100, 0, 0, 100, 'storm', 'tranche', lease, epoch, 'intent', now() from (values ($3, $4::int), ('shard:7', $4), ($3, $4 + 1)) x(lease, epoch)`,
      [serviceId, domainIds[0], lease, epoch],
    );
    const view = await rounds.load(held.fence, { index: 0, count: 1 }, 0, world.clock.nowMs());
    expect(view?.services[0]?.domains[0]?.openIntents.map(({ ours }) => ours)).toEqual([true, false, false]);
  });

  it("that was never sent is made by the next round", async () => {
    const { round, roundsOf, dns, seed, history, domain } = world;
    dns.put(name);
    const { domainIds } = await seed();
    await calmThenDead();
    dns.hooks.before = crash;
    await expect(round(dead())).rejects.toThrow("killed");
    dns.hooks.before = () => undefined;
    await roundsOf(3);
    expect(await history()).toEqual(["100/0>0/100 storm accepted"]);
    expect(dns.changes).toHaveLength(1);
    expect((await domain(domainIds[0] ?? 0))?.moved_at).not.toBeNull();
  });

  it("whose answer was never stored is found by the next round, and not made again", async () => {
    const { round, roundsOf, dns, seed, history, domain } = world;
    dns.put(name);
    const { domainIds } = await seed();
    await calmThenDead();
    dns.hooks.after = crash;
    await expect(round(dead())).rejects.toThrow("killed");
    dns.hooks.after = () => undefined;
    await roundsOf(3);
    expect(await history()).toEqual(["100/0>0/100 storm accepted"]);
    expect(dns.changes).toHaveLength(1);
    expect(await domain(domainIds[0] ?? 0)).toMatchObject({ primary_weight: 0, backup_weight: 100 });
    expect((await domain(domainIds[0] ?? 0))?.moved_at).not.toBeNull();
  });

  it("survives the database going away just when its outcome is to be stored", async () => {
    const { round, roundsOf, dns, seed, history, rounds, domain } = world;
    dns.put(name);
    const { domainIds } = await seed();
    await calmThenDead();
    await expect(round({ rounds: { ...rounds, saveOutcomes: crash } })).rejects.toThrow("killed");
    await roundsOf(2);
    expect(await history()).toEqual(["100/0>0/100 storm accepted"]);
    expect((await domain(domainIds[0] ?? 0))?.moved_at).not.toBeNull();
  });

  it("refused as stale is read again and planned again", async () => {
    const { roundsOf, dns, seed, history, domain } = world;
    dns.put(name);
    const { domainIds } = await seed();
    await calmThenDead();
    dns.put(name, 90, 10);
    await roundsOf(1);
    expect(dns.weights(name)).toBe("90/10");
    expect(await domain(domainIds[0] ?? 0)).toMatchObject({
      read_at: null,
      last_error: expect.stringContaining("InvalidChangeBatch") as string,
    });
    await roundsOf(1);
    expect(dns.weights(name)).toBe("0/100");
    expect(await history()).toEqual(["100/0>0/100 storm superseded", "90/10>0/100 storm accepted"]);
  });

  it("whose answer was lost on the way counts as made once the records show it", async () => {
    const { roundsOf, dns, prober, seed, history, domain } = world;
    dns.put(name);
    const { domainIds } = await seed();
    await calmThenDead();
    dns.hooks.lose = () => true;
    await roundsOf(1);
    dns.hooks.lose = () => false;
    await roundsOf(1);
    expect(await history()).toEqual(["100/0>0/100 storm accepted"]);
    expect((await domain(domainIds[0] ?? 0))?.moved_at, "or a dead backup would never be left").not.toBeNull();
    prober.say("a.cdn.net", 200);
    prober.say("b.cdn.net", 503);
    await roundsOf(4);
    expect(dns.weights(name)).toBe("100/0");
  });

  it("that is refused for good is reported, and retried", async () => {
    const { roundsOf, dns, seed, history, domain, sql } = world;
    dns.put(name);
    const { domainIds } = await seed();
    await calmThenDead();
    dns.hooks.refuse = () => "AccessDenied";
    const [report] = await roundsOf(1);
    expect(report).toMatchObject({ switches: 0, failedSwitches: 1 });
    expect(await history()).toEqual(["100/0>0/100 storm failed"]);
    expect(await domain(domainIds[0] ?? 0)).toMatchObject({ last_error: "AccessDenied", moved_at: null });
    dns.hooks.refuse = () => null;
    await roundsOf(1);
    expect(await history(), "one switch, one row").toEqual(["100/0>0/100 storm accepted"]);
    expect(await sql("select attempts, error from routing_changes")).toEqual([{ attempts: 2, error: null }]);
  });

  it("of one domain that fails neither stops the others nor sends them back", async () => {
    const { roundsOf, dns, prober, seed, history, sql } = world;
    const other = "two.example.test";
    dns.put(name);
    dns.put(other);
    await seed({ failbackSteps: [10, 100], domains: [{ name }, { name: other }] });
    await sql("update services set failback_step_seconds = 10");
    await calmThenDead();
    await roundsOf(1);
    prober.say("a.cdn.net", 200);
    dns.hooks.refuse = ({ domain: own, to }) => (own === other && to.primary === 100 ? "AccessDenied" : null);
    await roundsOf(20);
    expect([dns.weights(name), dns.weights(other)]).toEqual(["100/0", "10/90"]);
    const steps = (await history()).filter((line) => line.includes("failback"));
    expect(steps, "one step each, and nobody starts over").toHaveLength(2);
  });
});
