import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRoundStore } from "../../../src/adapters/db/round/rounds.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { explaining } from "../../support/explain.ts";
import { createWorld } from "../../support/round-world.ts";
import type { World } from "../../support/round-world.ts";

let database: TestDatabase;
let world: World;
let answers: unknown[][][];
const shard = { index: 0, count: 1 };

beforeAll(async () => {
  database = await freshDatabase();
  const { db } = explaining(database.db);
  const noting = {
    ...db,
    batch: async (queries: Parameters<typeof db.batch>[0]) => {
      const results = await db.batch<unknown[][]>(queries);
      answers.push(results);
      return results as never;
    },
  };
  world = await createWorld({ ...database, db: noting });
  for (let index = 0; index < 5; index += 1) {
    await world.seed({ name: `service ${index}`, domains: [{ name: `d${index}.example.test` }, { name: `e${index}.example.test` }] });
  }
});
afterAll(() => database.close());

describe("what a round reads of its shard", () => {
  it("is sent once, and then only changes: the result is the same as a full reading", async () => {
    const { held, sql } = world;
    const rounds = createRoundStore(world.db);
    const load = async () => {
      answers = [];
      const view = await rounds.load(held.fence, shard, 1, Date.now());
      const anew = await createRoundStore(world.db).load(held.fence, shard, 1, Date.now());
      expect(view).toEqual(anew);
      const sent = (answers[0]?.at(-1) ?? []) as { id: number; service: unknown }[];
      return sent.flatMap(({ id, service }) => (service === null ? [] : [id]));
    };
    expect(await load()).toEqual([1, 2, 3, 4, 5]);
    expect(await load()).toEqual([]);
    for (const change of [
      "update service_domains set expect_status = '204' where service_id = 2 and name like 'd%'",
      "insert into service_routing (service_id, override_mode) values (2, 'frozen')",
      "insert into domain_routing (domain_id, service_id, status, discovered_primary_target) values (3, 2, 'found', 'x.net')",
      "update domain_routing set discovered_primary_target = 'y.net' where domain_id = 3",
      "insert into routing_changes (service_id, domain_id, from_primary, from_backup, to_primary, to_backup, reason, actor, epoch, result, intended_at) values (2, 3, 100, 0, 0, 100, 'storm', 'tranche', 1, 'intent', now())",
      "update services set failback_step_seconds = 61 where id = 2",
      "update service_domains set deleted_at = now() where service_id = 2 and name like 'e%'",
    ]) {
      await sql(change);
      expect(await load(), change).toEqual([2]);
      expect(await load()).toEqual([]);
    }
    await sql("update services set deleted_at = now() where id = 4");
    expect(await load()).toEqual([]);
    await sql("update services set deleted_at = null where id = 4");
    expect(await load()).toEqual([4]);
  });

  it("is another for who holds no lease: of intents, none is theirs", async () => {
    const rounds = createRoundStore(world.db);
    const { name: lease, epoch } = world.held.fence;
    await world.sql("update routing_changes set lease = $1, epoch = $2", [lease, epoch]);
    const ours = (services: readonly { domains: readonly { openIntents: readonly { ours: boolean }[] }[] }[]) =>
      services.flatMap(({ domains }) => domains.flatMap(({ openIntents }) => openIntents.map((intent) => intent.ours)));
    expect(ours((await rounds.load(world.held.fence, shard, 1, Date.now()))?.services ?? [])).toEqual([true]);
    expect(ours(await rounds.survey(shard, 1))).toEqual([false]);
    expect(ours((await rounds.load(world.held.fence, shard, 1, Date.now()))?.services ?? [])).toEqual([true]);
  });
});
