import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLeaseStore } from "../../../src/adapters/db/coordination/leases.ts";
import type { Fence } from "../../../src/adapters/ports/coordination/lease.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { createPooledDatabase } from "../../support/pooled-database.ts";
import type { PooledDatabase } from "../../support/pooled-database.ts";
import { fencedWrites } from "./fencing/cases.ts";
import { allowedUnfenced, databasePorts, otherPorts, pipelineMethods, portsOfPipeline, requestFiles } from "./fencing/methods.ts";
import { unfencedIn, unfencedWrites } from "./fencing/statements.ts";
import { createTenant } from "./fencing/tenant.ts";

let database: TestDatabase;
/** In which every fence is good. */
let unfenced: PooledDatabase;
let digests: string;
let names = 0;

beforeAll(async () => {
  database = await freshDatabase();
  unfenced = createPooledDatabase(database.url, 2, (text) =>
    text.replaceAll(
      /from leases where name = (\$\d+) and epoch = (\$\d+) and expires_at > clock_timestamp\(\) for share/g,
      "where $1::text is not null and $2::bigint is not null",
    ),
  );
  const tables = await database.sql<{ name: string }>("select tablename as name from pg_tables where schemaname = 'public' order by 1");
  // A row that is written again, if only as it was, is another row version: of another transaction, and elsewhere.
  digests = tables
    .map(({ name }) => `select '${name}' as name, coalesce(sum(hashtextextended(ctid || ' ' || xmin, 0)), 0)::text as rows from ${name}`)
    .join(" union all ");
});
afterAll(async () => {
  await unfenced.close();
  await database.close();
});

/** The tables that have changed since. */
const changesSince = async (): Promise<() => Promise<string[]>> => {
  const read = async () => new Map((await database.sql<{ name: string; rows: string }>(digests)).map(({ name, rows }) => [name, rows]));
  const before = await read();
  return async () => [...(await read())].flatMap(([name, rows]) => (before.get(name) === rows ? [] : [name])).toSorted();
};

const leased = async (): Promise<Fence> => {
  names += 1;
  const fence = await createLeaseStore(database.db).acquire(`job:${names}`, "cloudflare", "cloudflare:first");
  if (fence === null) throw new Error("the lease is taken");
  return fence;
};
const lapse = async ({ name }: Fence) =>
  void (await database.sql("update leases set expires_at = clock_timestamp() - interval '1 second' where name = $1", [name]));

/** Fences that are good no more, all under epoch 1 as the good one is. */
const badFences: Readonly<Record<string, () => Promise<Fence>>> = {
  "a stale epoch": async () => {
    const fence = await leased();
    await lapse(fence);
    expect(await createLeaseStore(database.db).acquire(fence.name, "vercel", "vercel:second")).toMatchObject({ epoch: 2 });
    return fence;
  },
  "a lease that has lapsed, which nobody else has taken": async () => {
    const fence = await leased();
    await lapse(fence);
    return fence;
  },
  "a lease that was released": async () => {
    const fence = await leased();
    await createLeaseStore(database.db).release(fence);
    return fence;
  },
  "a lease that there is not": async () => ({ name: "job:none", epoch: 1 }),
};

/** The outbox is written by triggers: what a case is not about in it goes with what it changes. */
const isWanted =
  (writes: readonly string[]) =>
  (table: string): boolean =>
    table !== "notifications" || writes.includes(table);

describe.each(fencedWrites)("$method, $what", ({ prepare, writes, refused }) => {
  it("writes under a good fence, and nothing under any other", async () => {
    const call = await prepare({ db: database.db, sql: database.sql, tenant: await createTenant(database) });
    for (const [name, make] of Object.entries(badFences)) {
      const fence = await make();
      const changes = await changesSince();
      expect(await call(fence), name).toEqual(refused);
      expect(await changes(), name).toEqual([]);
    }
    const fence = await leased();
    const changes = await changesSince();
    await call(fence);
    expect((await changes()).filter(isWanted(writes))).toEqual(writes);
  });

  it("would write all the same, were it not for the fence", async () => {
    const call = await prepare({ db: unfenced, sql: database.sql, tenant: await createTenant(database) });
    const changes = await changesSince();
    await call({ name: "job:none", epoch: 1 });
    expect((await changes()).filter(isWanted(writes))).toEqual(writes);
  });
});

describe("what rounds and jobs have of the database", () => {
  it("is known, port by port", async () => {
    expect(await portsOfPipeline()).toEqual([...databasePorts, ...otherPorts].toSorted());
  });

  it("is fenced wherever it decides something", () => {
    const fenced = Object.entries(pipelineMethods).flatMap(([store, methods]) =>
      Object.entries(methods).flatMap(([method, kind]) => (kind === "fenced" ? [`${store}.${method}`] : [])),
    );
    expect([...new Set(fencedWrites.map(({ method }) => method))].toSorted()).toEqual(fenced.toSorted());
  });

  it("would be noticed: a statement that writes without a fence", () => {
    const fenced = "sql`with ${fenceCte(fence)} update leases set epoch = 1 where exists (select from fence)`";
    const harmless = '// `delete from x`\nconst a = "`"; const b = sql`select ${column} from updates`;';
    expect(unfencedIn(`${harmless} ${fenced}`)).toBe(0);
    const part = "sql`insert into x ${ids.map((id) => { return sql`(${id})`; })}`";
    expect(unfencedIn(`${fenced} ${part} ${harmless} sql\`update leases as l set epoch = 1\``)).toBe(2);
  });

  it("has no statement that writes without a fence, but for those that are named here", async () => {
    const found = await unfencedWrites();
    for (const file of requestFiles) expect(found, `${file} writes nothing: it need not be named`).toHaveProperty([file]);
    const others = Object.fromEntries(Object.entries(found).filter(([file]) => !requestFiles.includes(file)));
    expect(others).toEqual(Object.fromEntries(Object.entries(allowedUnfenced).map(([file, [count]]) => [file, count])));
  });
});
