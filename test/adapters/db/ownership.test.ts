import { beforeEach, expect, it } from "vitest";
import { createOwnershipStore } from "../../../src/adapters/db/tenants/ownership.ts";
import type { OwnershipStore } from "../../../src/adapters/ports/tenants/ownership.ts";
import { afterLook } from "../../../src/domain/tenants/ownership.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";

let database: TestDatabase;
let store: OwnershipStore;
const author = { actor: "tranche", requestId: null };

beforeEach(async () => {
  database = await freshDatabase();
  store = createOwnershipStore(database.db);
});

/** @returns the domain's id */
const seed = async (
  customer: string,
  name: string,
  over = "verified_at = now(), proof_due_at = now() - interval '1 hour'",
): Promise<number> => {
  const [row] = await database.sql<{ id: string }>(
    `with c as (insert into customers (name) values ($1) on conflict (name) do update set name = excluded.name returning id),
     s as (insert into services (customer_id, name, primary_cdn, backup_cdn) select id, $2, 'a', 'b' from c returning id, customer_id)
     insert into service_domains (service_id, customer_id, name, challenge_token) select id, customer_id, $2, 'token' from s returning id`,
    [customer, name],
  );
  await database.sql(`update service_domains set ${over} where id = $1`, [row?.id]);
  return Number(row?.id);
};

it("has due claims looked up round-robin over customers, and leaves out those without need of proof", async () => {
  for (let at = 0; at < 5; at += 1)
    await seed("mallory", `m${at}.test`, `verified_at = now(), proof_due_at = now() - interval '${9 - at} days'`);
  await seed("acme", "app.test");
  await seed("acme", "unproven.test", "proof_due_at = now() - interval '1 day'");
  await seed("acme", "off.test", "verified_at = now(), verified_by = 'off', proof_due_at = now() - interval '1 day'");
  await seed("acme", "later.test", "verified_at = now(), proof_due_at = now() + interval '1 hour'");
  await seed("globex", "rival.test", "disputed_at = now(), proof_due_at = now() - interval '2 hours'");
  const due = async (limit: number) => (await store.due(Date.now(), limit)).map(({ name }) => name);
  expect(await due(4)).toEqual(["m0.test", "rival.test", "app.test", "m1.test"]);
  expect(await due(50)).toHaveLength(7);
});

it("writes nothing that was decided by what is not true any more, nor under a lease that is lost", async () => {
  const [owner, rival] = [await seed("acme", "app.test"), await seed("globex", "app.test", "disputed_at = now()")];
  const [before, old] = [await store.claims(owner), await store.claims(owner)];
  if (before === null || old === null) throw new Error("no claims");
  expect(before.claims.map(({ id }) => id)).toEqual([owner, rival]);
  const missing = afterLook(before.claims, owner, "missing", Date.now());
  const fence = { name: "job:check-ownership", holder: "nobody", epoch: 7 } as never;
  expect(await store.save(before, owner, missing, { ...author, fence })).toBe(false);
  expect(await store.save(before, owner, missing, author)).toBe(true);
  expect(await store.save(old, owner, afterLook(old.claims, owner, "missing", Date.now()), author)).toBe(false);
  // A claim that was only looked at counts as well: the newcomer has withdrawn meanwhile.
  const again = await store.claims(owner);
  await database.sql("update service_domains set deleted_at = now() where id = $1", [rival]);
  expect(again !== null && (await store.save(again, owner, afterLook(again.claims, owner, "missing", Date.now()), author))).toBe(false);
  const [row] = await database.sql("select absences from service_domains where id = $1", [owner]);
  expect(row).toEqual({ absences: 1 });
});

it("hands a name over in one transaction, in which nobody else can have it", async () => {
  const owner = await seed(
    "acme",
    "app.test",
    "verified_at = now() - interval '30 days', lapsed_at = now() - interval '8 days', absences = 9",
  );
  const newcomers = [await seed("globex", "app.test", "absences = 0"), await seed("initech", "app.test", "absences = 0")];
  const read = await Promise.all(newcomers.map(async (id) => ({ id, named: await store.claims(id) })));
  const saved = await Promise.all(
    read.map(
      async ({ id, named }) => named !== null && (await store.save(named, id, afterLook(named.claims, id, "seen", Date.now()), author)),
    ),
  );
  expect(saved.filter(Boolean)).toHaveLength(1);
  const rows = await database.sql<{ id: string; verified: boolean; rotated: boolean; lost: boolean }>(
    "select id, verified_at is not null as verified, challenge_token <> 'token' as rotated, lost_at is not null as lost from service_domains order by id",
  );
  expect(rows.map(({ verified, rotated, lost }) => [verified, rotated, lost])[0]).toEqual([false, true, true]);
  expect(rows.filter(({ verified }) => verified)).toHaveLength(1);
  const tenures = await database.sql("select domain_id = $1 as former, to_at is null as open from domain_tenures order by id", [owner]);
  expect(tenures).toEqual([
    { former: true, open: false },
    { former: false, open: true },
  ]);
});
