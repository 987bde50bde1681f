import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { explaining } from "../support/explain.ts";
import { createWorld, startMs } from "../support/round-world.ts";
import type { World } from "../support/round-world.ts";

let database: TestDatabase;
let world: World;
let touched: ReturnType<typeof explaining>["touched"];

beforeEach(async () => {
  database = await freshDatabase();
  const explained = explaining(database.db);
  touched = explained.touched;
  world = await createWorld({ ...database, db: explained.db });
});
afterEach(async () => {
  await database.close();
});

const domains = Array.from({ length: 10 }, (_, index) => ({ name: `d${index}.example.test` }));
const evaluation = "from storm_policies";

/** A storm that has been on for so long, with a sample in each slot since, and a vantage that has said nothing in all that time. */
const oldStorm = async (hours: number) => {
  const { seed, sql, round, prober } = world;
  await seed({ domains, policies: [{ window: 60 }] });
  prober.say("a.cdn.net", 503);
  await round();
  await sql("insert into vantages (name, last_heard_at) values ('vercel', $1)", [new Date(startMs - hours * 3_600_000)]);
  await sql("update storm_events set started_at = $1", [new Date(startMs - hours * 3_600_000)]);
  await sql(
    `insert into probe_samples (service_id, domain_id, path, vantage, round_at, attempt, probed_at, ok, status, latency_ms, error)
     select d.service_id, d.id, p.path, 'local', slot, 0, slot + interval '1 second', p.path = 'backup', 503, 20, case p.path when 'primary' then 'http_status' end
     from service_domains d cross join (values ('primary'), ('backup')) p(path)
     cross join generate_series($1::timestamptz, $2, interval '10 seconds') slot`,
    [new Date(startMs - hours * 3_600_000), new Date(startMs - 10_000)],
  );
  await sql("vacuum analyze");
  await round();
  expect(await sql("select from storm_events where ended_at is null")).toHaveLength(1);
  return await touched(evaluation);
};

describe("what a round reads of its samples", () => {
  it("does not grow with the age of a storm, nor with the silence of a vantage", async () => {
    const young = await oldStorm(0.25);
    await database.close();
    database = await freshDatabase();
    const explained = explaining(database.db);
    touched = explained.touched;
    world = await createWorld({ ...database, db: explained.db });
    const old = await oldStorm(6);
    expect(old.rows).toBeLessThan(young.rows * 1.1);
    expect(old.blocks).toBeLessThan(young.blocks * 2);
    expect(old.rows / domains.length, "rows a domain: those of its window, each seen a few times").toBeLessThan(1_000);
  });

  it("is kept however the reading fares: one that fails", async () => {
    const { seed, sql, round } = world;
    await seed();
    await sql("alter table storm_policy_versions rename to gone");
    await expect(round()).rejects.toThrow("storm_policy_versions");
    expect(await sql("select path from probe_samples order by path")).toEqual([{ path: "backup" }, { path: "primary" }]);
    expect(await sql("select name from vantages")).toEqual([{ name: "local" }]);
    await sql("alter table gone rename to storm_policy_versions");
    expect(await round()).toMatchObject({ held: true, samples: 2 });
  });

  it("is kept however the reading fares: one that takes long", async () => {
    const { seed, sql, round } = world;
    await seed();
    const blocker = database.sql("begin; lock table storm_policy_versions; select pg_sleep(2); commit");
    for (let locks = 0; locks === 0;)
      locks = (
        await sql("select from pg_locks where relation = 'storm_policy_versions'::regclass and mode = 'AccessExclusiveLock' and granted")
      ).length;
    const waiting = round();
    const isWaiting = async () =>
      (await sql("select from pg_locks where relation = 'storm_policy_versions'::regclass and not granted")).length > 0;
    while (!(await isWaiting())) await new Promise((done) => setTimeout(done, 5));
    expect(await sql("select path from probe_samples"), "while it waits").toHaveLength(2);
    await blocker;
    expect(await waiting).toMatchObject({ held: true });
  });
});
