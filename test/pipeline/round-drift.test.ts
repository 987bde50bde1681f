import { describe, expect, it } from "vitest";
import { useWorld } from "../support/use-world.ts";

const { world } = useWorld();

const name = "app.example.test";
const driftCheckMs = 20_000;
const rounds = async (number: number) => {
  const reports = [];
  for (let index = 0; index < number; index += 1) reports.push(await world.round({ driftCheckMs }));
  return reports;
};
/** `30/70 for 100/0, wanted 100/0: contested`, oldest first. */
const drifts = async () =>
  (
    await world.sql<{ line: string }>(`
    select format('%s/%s for %s/%s, wanted %s: %s', found_primary, found_backup, previous_primary, previous_backup,
      coalesce(expected_primary || '/' || expected_backup, 'nothing'), coalesce(left_alone, 'healed')) as line
    from routing_drifts order by id`)
  ).map(({ line }) => line);
/** Somebody's automation, that puts back what it thinks is right whenever it runs. */
const others = async (times: number, primary = 30, backup = 70) => {
  const reports = [];
  for (let index = 0; index < times; index += 1) {
    world.dns.put(name, primary, backup);
    reports.push(...(await rounds(3)));
  }
  return reports;
};
const contested = async () =>
  (await world.sql<{ contested: boolean }>("select contested_at is not null as contested from domain_routing"))[0]?.contested;
const freeze = (untilMs: number | null) =>
  world.sql("update settings set freeze_reason = 'incident', freeze_actor = 'admin', freeze_set_at = now(), freeze_until = $1", [
    untilMs === null ? null : new Date(untilMs),
  ]);
const storm = () => {
  world.prober.say("a.cdn.net", 503);
};

const start = async (steering = "auto") => {
  world.dns.put(name);
  const seeded = await world.seed({ steering });
  await rounds(4);
  return seeded;
};

describe("drift", () => {
  it("is recorded with what was known, wanted and found, and healed", async () => {
    await start();
    await others(1);
    expect(await drifts()).toEqual(["30/70 for 100/0, wanted 100/0: healed"]);
    expect(world.dns.weights(name)).toBe("100/0");
  });

  it("is recorded and left alone while the service is frozen", async () => {
    const { serviceId } = await start();
    await world.override(serviceId, "frozen");
    await others(4);
    expect(new Set(await drifts())).toEqual(new Set(["30/70 for 100/0, wanted nothing: frozen"]));
    expect([world.dns.weights(name), await contested()]).toEqual(["30/70", false]);
  });

  it("is recorded and left alone while everything is frozen", async () => {
    const { serviceId } = await start();
    await freeze(null);
    await others(1);
    expect(await drifts()).toEqual(["30/70 for 100/0, wanted nothing: global_freeze"]);
    expect(await world.routing(serviceId)).toMatchObject({ state: "frozen", reason: "global_freeze" });
    expect(world.dns.weights(name)).toBe("30/70");
  });

  it("is recorded and left alone in shadow mode", async () => {
    await start("shadow");
    await others(1);
    expect(await drifts()).toEqual(["30/70 for 100/0, wanted 100/0: shadow"]);
    expect([world.dns.weights(name), world.dns.changes]).toEqual(["30/70", []]);
  });

  it("to what tranche wants anyway is no reason to do anything", async () => {
    await start();
    storm();
    world.dns.put(name, 0, 100);
    await rounds(1);
    const before = world.dns.made.length;
    await rounds(3);
    expect(await drifts()).toEqual(["0/100 for 100/0, wanted 0/100: as_desired"]);
    expect(world.dns.made.length).toBe(before);
  });

  it("found by a switch that came too late is recorded, too", async () => {
    await start();
    storm();
    world.dns.put(name, 90, 10);
    await world.roundsOf(2);
    expect(await drifts()).toEqual(["90/10 for 100/0, wanted 0/100: healed"]);
    expect(await world.history()).toEqual(["100/0>0/100 storm superseded", "90/10>0/100 storm accepted"]);
  });
});

describe("a fight over the weights", () => {
  it("is given up at the third same drift within an hour, with an alert, and the other side's weights stay", async () => {
    const { domainIds, serviceId } = await start();
    const reports = await others(5);
    expect(await drifts()).toEqual([
      "30/70 for 100/0, wanted 100/0: healed",
      "30/70 for 100/0, wanted 100/0: healed",
      "30/70 for 100/0, wanted 100/0: contested",
    ]);
    expect(reports.flatMap((report) => report.contested)).toEqual([{ serviceId, domainId: domainIds[0], name }]);
    expect([world.dns.weights(name), world.dns.made.length, await contested()]).toEqual(["30/70", 2, true]);
    await rounds(20);
    expect(world.dns.made).toHaveLength(2);
  });

  it("does not stop a storm's switch, which is made once, nor the way back from it", async () => {
    await start();
    await others(4);
    storm();
    await rounds(3);
    expect(world.dns.weights(name), "insurance first").toBe("0/100");
    await others(4);
    expect(world.dns.weights(name), "but no fight during it either").toBe("30/70");
    expect(world.dns.made).toHaveLength(3);
    expect(await contested()).toBe(true);
    world.prober.say("a.cdn.net", 200);
    await rounds(14);
    expect([world.dns.weights(name), world.dns.made.length], "what somebody else put there is not tranche's to undo").toEqual(["30/70", 3]);
  });

  it("lets tranche come back from where it put the weights itself", async () => {
    await start();
    await others(4);
    storm();
    await rounds(3);
    world.prober.say("a.cdn.net", 200);
    await rounds(14);
    expect([world.dns.weights(name), world.dns.made.length]).toEqual(["100/0", 4]);
    expect(await contested(), "and is still one").toBe(true);
  });

  it("is over when an operator says so", async () => {
    await start();
    await others(4);
    await world.sql("update domain_routing set contested_at = null, drift_resumed_at = $1", [new Date(world.clock.nowMs())]);
    await rounds(1);
    expect(world.dns.weights(name)).toBe("100/0");
    await others(1);
    expect(world.dns.weights(name), "and counts from the beginning").toBe("100/0");
  });

  it("is over after an hour in which all stood as desired", async () => {
    await start();
    await others(3);
    world.dns.put(name, 100, 0);
    await rounds(3);
    expect(await contested()).toBe(true);
    await world.clock.advance(3_500_000);
    await rounds(4);
    expect(await contested(), "not yet an hour").toBe(true);
    await world.clock.advance(200_000);
    await rounds(6);
    expect(await contested()).toBe(false);
  });

  it("is none where each change is another one, or they are hours apart", async () => {
    await start();
    for (const primary of [10, 20, 30, 40]) await others(1, primary);
    expect(await contested()).toBe(false);
    for (let index = 0; index < 4; index += 1) {
      await world.clock.advance(1_800_001);
      await others(1);
    }
    expect(await contested()).toBe(false);
    expect(world.dns.weights(name)).toBe("100/0");
  });
});

describe("the freeze of everything", () => {
  it("holds every service through a storm, whatever its override says, and lets go when it runs out", async () => {
    const { serviceId } = await start();
    const { serviceId: second } = await world.seed({ customer: "other", domains: [{ name: "two.example.test" }] });
    world.dns.put("two.example.test");
    await world.override(second, "backup");
    await freeze(world.clock.nowMs() + 65_000);
    storm();
    await rounds(4);
    expect(await world.storms()).toHaveLength(2);
    for (const id of [serviceId, second]) expect(await world.routing(id)).toMatchObject({ state: "frozen", reason: "global_freeze" });
    expect([world.dns.weights(name), world.dns.weights("two.example.test"), world.dns.changes]).toEqual(["100/0", "100/0", []]);
    await rounds(5);
    expect([world.dns.weights(name), world.dns.weights("two.example.test")]).toEqual(["0/100", "0/100"]);
  });

  it("costs no round trip", async () => {
    await start();
    await rounds(2);
    const before = world.count.trips;
    await rounds(1);
    const calm = world.count.trips - before;
    await freeze(null);
    await rounds(1);
    const frozen = world.count.trips;
    await rounds(1);
    expect(world.count.trips - frozen).toBe(calm);
  });
});

describe("DNS", () => {
  it("is not asked a thing between two checks once all is in sync", async () => {
    const { dns, roundsOf, seed } = world;
    dns.put(name);
    await seed();
    await roundsOf(4);
    storm();
    await roundsOf(2);
    dns.settle();
    await roundsOf(2);
    const counted = { reads: dns.reads.length, changes: dns.changes.length };
    const status = dns.dns.status;
    let polls = 0;
    dns.dns.status = async (...asked) => {
      polls += 1;
      return await status(...asked);
    };
    await roundsOf(20);
    expect({ reads: dns.reads.length, changes: dns.changes.length, polls }).toEqual({ ...counted, polls: 0 });
  });

  it("is believed when it answers in time, by a clock that wakes who need not sleep any longer", async () => {
    const { dns, roundsOf, round, seed, history, clock } = world;
    dns.put(name);
    await seed();
    await roundsOf(4);
    storm();
    await roundsOf(1);
    dns.settle();
    const waking = {
      ...clock,
      sleep: async (ms: number, until?: AbortSignal) =>
        await Promise.race([clock.sleep(ms), new Promise<void>((wake) => until?.addEventListener("abort", () => wake()))]),
    };
    await round({ clock: waking });
    expect(await history()).toEqual(["100/0>0/100 storm insync"]);
  });

  it("that has forgotten a change leaves it unconfirmed, and is not asked again", async () => {
    const { dns, roundsOf, seed, history } = world;
    dns.put(name);
    await seed();
    await roundsOf(4);
    storm();
    await roundsOf(2);
    dns.forget();
    await roundsOf(1);
    expect(await history()).toEqual(["100/0>0/100 storm unconfirmed"]);
    expect(await world.sql("select insync_at, accepted_at is not null as accepted from routing_changes")).toEqual([
      { insync_at: null, accepted: true },
    ]);
  });
});
