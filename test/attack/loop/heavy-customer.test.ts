import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRoundStore } from "../../../src/adapters/db/round/rounds.ts";
import type { Database } from "../../../src/adapters/db/platform/client.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { createWorld } from "../../support/round-world.ts";
import type { World } from "../../support/round-world.ts";

/**
 * Hole 1: an editor fills its rows to the brim, so that a round reads more than an answer of the database may hold, or reads for
 * so long that everybody waits. It may cost the customer its own turns, and nobody else anything.
 */

let database: TestDatabase;
let world: World;
const shard = { index: 0, count: 1 };
const mib = 1_048_576;

/** A database that measures what it sends. */
const measured = (db: Database) => {
  const sent = { bytes: 0, largest: 0 };
  const note = <T>(rows: T): T => {
    const bytes = JSON.stringify(rows).length;
    sent.bytes += bytes;
    sent.largest = Math.max(sent.largest, bytes);
    return rows;
  };
  const watched: Database = {
    rows: async (query) => note(await db.rows(query)),
    batch: async (queries) => note(await db.batch(queries)),
  };
  return { db: watched, sent };
};

/** @param texts characters of each text that a domain has */
const fill = (customer: string, services: number, domains: number, error: number) =>
  world.sql(
    `with c as (insert into customers (name) values ($1) returning id),
   s as (insert into services (customer_id, name, primary_cdn, backup_cdn) select id, 'service ' || i, 'cdn-a', 'cdn-b' from c, generate_series(1, $2) i returning id, customer_id),
   d as (insert into service_domains (service_id, customer_id, name, primary_target, backup_target, probe_path, challenge_token, verified_at)
     select s.id, s.customer_id, repeat('n', 60) || '.' || repeat('n', 60) || '.' || repeat('n', 60) || '.' || s.id || '-' || i || '.example.com',
       repeat('t', 60) || '.' || repeat('t', 60) || '.' || repeat('t', 60) || '.cdn.net', repeat('b', 60) || '.' || repeat('b', 60) || '.cdn.net', '/' || repeat('p', 1023), 'token', now()
     from s, generate_series(1, $3) i returning id, service_id)
   insert into domain_routing (domain_id, service_id, status, last_error) select id, service_id, 'error', repeat('x', $4) from d`,
    [customer, services, domains, error],
  );

beforeAll(async () => {
  database = await freshDatabase();
  world = await createWorld(database);
  for (let at = 0; at < 5; at += 1) await world.seed({ customer: `small ${at}`, domains: [{ name: `small-${at}.example.com` }] });
});
afterAll(() => database.close());

const smallOnes = async () =>
  (await world.sql<{ id: string }>("select s.id from services s join customers c on c.id = s.customer_id where c.name like 'small%'")).map(
    ({ id }) => Number(id),
  );

describe("a customer with 2,000 domains, each as heavy as can be", () => {
  beforeAll(() => fill("heavy", 40, 50, 6_000));

  it("has its turns, and every round has everybody else", async () => {
    const { db, sent } = measured(database.db);
    const rounds = createRoundStore(db);
    const smalls = await smallOnes();
    const seen = new Set<number>();
    for (let round = 1; round <= 8; round += 1) {
      sent.bytes = 0;
      const view = await rounds.load(world.held.fence, shard, round, Date.now());
      const ids = view?.services.map(({ serviceId }) => serviceId) ?? [];
      expect(
        smalls.filter((id) => ids.includes(id)),
        "everybody else",
      ).toHaveLength(5);
      expect(view?.domainsLeftOut).toBeGreaterThan(0);
      expect(sent.bytes / mib, "what a round reads: two pages, and one in vain where the shard was not known to be so heavy").toBeLessThan(
        16,
      );
      for (const id of ids) seen.add(id);
    }
    expect(sent.largest / mib, "what one answer holds").toBeLessThan(9);
    expect(seen.size, "nor is the customer forgotten").toBe(45);
  });

  it("a round is completed, with the samples of all others", async () => {
    const report = await world.round();
    expect(report.held).toBe(true);
    const probed = new Set(
      (await world.sql<{ service_id: string }>("select distinct service_id from probe_samples")).map(({ service_id: id }) => Number(id)),
    );
    expect((await smallOnes()).filter((id) => probed.has(id))).toHaveLength(5);
  });

  it("one service of it that no answer can hold is left out, and only that", async () => {
    await fill("heavier", 1, 1_500, 6_000);
    const view = await createRoundStore(world.db).load(world.held.fence, shard, 20, Date.now());
    const ids = view?.services.map(({ serviceId }) => serviceId) ?? [];
    expect((await smallOnes()).filter((id) => ids.includes(id))).toHaveLength(5);
    const [giant] = await world.sql<{ id: string }>(
      "select s.id from services s join customers c on c.id = s.customer_id where c.name = 'heavier'",
    );
    expect(ids).not.toContain(Number(giant?.id));
    expect(ids.length).toBeGreaterThan(20);
  });
});
