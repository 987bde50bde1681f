import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { createNotifyWorld } from "../../support/notify-world.ts";
import { createWorld } from "../../support/round-world.ts";
import type { World } from "../../support/round-world.ts";

let database: TestDatabase;
let world: World;

beforeEach(async () => {
  database = await freshDatabase();
  world = await createWorld(database);
});
afterEach(() => database.close());

const name = "app.example.test";

/** What takes a service out of an incident without any edge of its own. */
const ways: readonly [string, (serviceId: number) => Promise<unknown>][] = [
  ["its policies are deleted", (id) => world.sql("update storm_policies set deleted_at = now() where service_id = $1", [id])],
  ["its names are deleted", (id) => world.sql("update service_domains set deleted_at = now() where service_id = $1", [id])],
  ["it is deleted", (id) => world.sql("update services set deleted_at = now() where id = $1", [id])],
];

describe("an incident of backups ends", () => {
  it.each(ways)("where %s", async (_, away) => {
    const { roundsOf, dns, prober, seed } = world;
    dns.put(name);
    const { serviceId } = await seed();
    const notify = createNotifyWorld(world);
    await notify.channel({ customerId: await notify.customerOf(serviceId) });
    await roundsOf(4);
    prober.say("b.cdn.net", 503);
    await roundsOf(2);
    await notify.deliver();
    expect(notify.told()).toEqual(["trigger backup.down cdn-b does not answer as a backup: web"]);
    await away(serviceId);
    await roundsOf(2);
    await notify.deliver();
    expect(notify.told().slice(1)).toEqual(["resolve backup.up cdn-b is no longer down as a backup: web"]);
    expect(await world.sql("select count(*)::int as open from incidents where ended_at is null")).toEqual([{ open: 0 }]);
  });
});

describe("an incident of storms ends", () => {
  it("where its service is deleted in the middle of it, or is kept on its backup by hand", async () => {
    const { round, roundsOf, dns, prober, seed } = world;
    for (const host of ["a.example.test", "b.example.test"]) dns.put(host);
    const { serviceId: deleted } = await seed({ name: "deleted", domains: [{ name: "a.example.test" }] });
    const { serviceId: kept } = await seed({ name: "kept", domains: [{ name: "b.example.test" }] });
    const notify = createNotifyWorld(world);
    await notify.channel({ customerId: await notify.customerOf(kept), minSeverity: "critical" });
    await roundsOf(6);
    prober.say("a.cdn.net", 503);
    await round();
    await notify.deliver();
    expect(notify.told()).toEqual(["trigger storm.started cdn-a is failing: 2 services"]);
    await world.sql("update services set deleted_at = now() where id = $1", [deleted]);
    await world.sql("update storm_events set state = 'ended', ended_at = now(), ended_reason = 'service_deleted' where service_id = $1", [
      deleted,
    ]);
    await world.override(kept, "backup");
    prober.say("a.cdn.net", 200);
    await roundsOf(14);
    await notify.deliver();
    expect(notify.told().at(-1)).toBe("resolve storm.ended cdn-a is well again: 2 services");
  });
});
