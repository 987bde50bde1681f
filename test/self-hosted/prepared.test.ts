import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { sql } from "drizzle-orm";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openDatabase } from "../../self-hosted/database.ts";
import type { ConnectedDatabase } from "../../self-hosted/database.ts";
import { createPrepared } from "../../self-hosted/prepared.ts";
import { commitSoFar } from "../../src/adapters/db/platform/client.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase();
  await database.sql("create table things (id bigint primary key, size int4)");
  await database.sql("grant all on things to tranche_app");
});
afterAll(() => database.close());

describe("which statements get a name", () => {
  it("gives one to what is sent for the third time, and always the same to the same text", () => {
    const [one, other] = [createPrepared(), createPrepared()];
    expect([1, 2, 3, 4].map(() => one.nameOf("select 1") !== null)).toEqual([false, false, true, true]);
    for (const prepared of [one, other]) for (let times = 0; times < 3; times += 1) prepared.nameOf("select 2");
    expect(one.nameOf("select 2")).toBe(other.nameOf("select 2"));
    expect(one.nameOf("select 2")).not.toBe(one.nameOf("select 1"));
    // Postgres would cut a longer one, and then two could be the same.
    expect(one.nameOf("select 1")?.length).toBeLessThan(64);
  });

  it("gives so many at most, whatever comes", () => {
    const prepared = createPrepared({ most: 20 });
    const named = new Set<string | null>();
    for (let at = 0; at < 500; at += 1) for (let times = 0; times < 4; times += 1) named.add(prepared.nameOf(`select ${at}`));
    named.delete(null);
    expect(named.size).toBe(20);
  });

  it("decides anew every minute, so that what came often once keeps nobody else from a name", () => {
    let atMs = 0;
    const prepared = createPrepared({ after: 1, most: 1, nowMs: () => atMs });
    expect([prepared.nameOf("select 1"), prepared.nameOf("select 2")]).toEqual([expect.any(String), null]);
    atMs = 59_999;
    expect(prepared.nameOf("select 2")).toBeNull();
    atMs = 60_000;
    expect([prepared.nameOf("select 2"), prepared.nameOf("select 1")]).toEqual([expect.any(String), null]);
  });

  it("gives none to a text that is long: it would be kept, here and at the server", () => {
    const prepared = createPrepared({ after: 1 });
    expect(prepared.nameOf(`select '${"x".repeat(20_000)}'`)).toBeNull();
  });

  it("does not remember texts without end", () => {
    const prepared = createPrepared({ after: 2 });
    prepared.nameOf("select 'often'");
    for (let at = 0; at < 5_000; at += 1) prepared.nameOf(`select ${at}`);
    // It was forgotten among the others, and counts anew.
    expect([prepared.nameOf("select 'often'"), prepared.nameOf("select 'often'")]).toEqual([null, expect.any(String)]);
  });
});

describe("a connection that keeps plans", () => {
  let db: ConnectedDatabase;
  beforeEach(async () => {
    db = openDatabase(database.appUrl, { connections: 1, prepared: { after: 2 } });
    await database.sql("truncate things");
    await database.sql("insert into things values (1, 10)");
  });
  afterEach(() => db.close());

  const size = sql`select size from things where id = ${1}`;
  const kept = async (): Promise<string[]> =>
    (await db.rows<{ statement: string }>(sql`select statement from pg_prepared_statements order by 1`)).map(({ statement }) => statement);
  const backend = async (): Promise<number> => (await db.rows<{ pid: number }>(sql`select pg_backend_pid() as pid`))[0]?.pid ?? 0;

  it("has one for what is sent again, with other values", async () => {
    for (const id of [1, 1, 2]) await db.rows(sql`select size from things where id = ${id}`);
    expect((await kept()).filter((statement) => statement.includes("things"))).toEqual(["select size from things where id = $1"]);
  });

  it("reads what a migration has given another type", async () => {
    for (let times = 0; times < 3; times += 1) expect(await db.rows(size)).toEqual([{ size: 10 }]);
    const before = await backend();
    await database.sql("alter table things alter column size type text using size || ' m'");
    try {
      expect(await db.rows(size)).toEqual([{ size: "10 m" }]);
      expect(await backend()).not.toBe(before);
      for (let times = 0; times < 3; times += 1) expect(await db.rows(size)).toEqual([{ size: "10 m" }]);
      expect(await kept()).toContain("select size from things where id = $1");
    } finally {
      await database.sql("alter table things alter column size type int4 using replace(size, ' m', '')::int4");
    }
  });

  it("names nothing in a transaction: what precedes a commit in it has been done when a name fails", async () => {
    const insert = sql`insert into things values ((select max(id) + 1 from things), 0)`;
    for (let times = 0; times < 4; times += 1) await db.batch([insert, commitSoFar, size]);
    expect((await kept()).filter((statement) => statement.includes("things"))).toEqual([]);
    await database.sql("truncate things; alter table things alter column size type bigint");
    await db.batch([sql`insert into things values (7, 0)`, commitSoFar, size]);
    expect(await database.sql("select id from things")).toHaveLength(1);
    await database.sql("alter table things alter column size type int4");
  });

  it("goes on without names where the connection is not its own: there is a pooler between", async () => {
    for (let times = 0; times < 3; times += 1) await db.rows(size);
    await db.rows(sql`deallocate all`);
    expect(await db.rows(size)).toEqual([{ size: 10 }]);
    for (let times = 0; times < 5; times += 1) expect(await db.rows(size)).toEqual([{ size: 10 }]);
    expect(await kept()).toEqual([]);
  });

  it("goes on without names where another process has given the same one on that connection", async () => {
    const name = createPrepared({ after: 1 }).nameOf("select size from things where id = $1");
    await db.rows(sql.raw(`prepare ${name} (bigint) as select size from things where id = $1`));
    for (let times = 0; times < 5; times += 1) expect(await db.rows(size)).toEqual([{ size: 10 }]);
    expect((await kept()).filter((statement) => !statement.startsWith("prepare"))).toEqual([]);
  });

  it("does nothing twice for a fault that is the statement's own", async () => {
    const insert = sql`insert into things values (${5}, ${1})`;
    await db.rows(insert);
    for (let times = 0; times < 3; times += 1) await expect(db.rows(insert)).rejects.toMatchObject({ code: "23505" });
    const before = await backend();
    await expect(db.rows(sql`select * from things for update of nothing`)).rejects.toMatchObject({ code: "42P01" });
    expect(await backend()).toBe(before);
  });
});

describe("a statement that ends at its time limit", () => {
  it("never costs the next one its connection", async () => {
    const db = openDatabase(database.appUrl, { connections: 1, statementMs: 300 });
    try {
      for (let time = 0; time < 30; time += 1) {
        // Around the limit: some end before it, some at it, some are ended.
        await db.rows(sql`select pg_sleep(${0.292 + (time % 15) / 1_000}::float8)::text`).catch(() => null);
        // A machine that stands still may make it late itself; "restarting" is one that somebody else has ended.
        const innocent = await db.rows(sql`select pg_sleep(0.03)::text`).then(
          () => "done",
          (error: { readonly kind?: string }) => error.kind,
        );
        expect(["done", "too_slow"], String(time)).toContain(innocent);
      }
    } finally {
      await db.close();
    }
  });
});

it("no migration gives a column another type: open connections would send values of the one before", () => {
  const folder = fileURLToPath(new URL("../../drizzle/", import.meta.url));
  const changed = readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .filter((name) => /alter\s+column\s+\S+\s+(set\s+data\s+)?type\b/i.test(readFileSync(`${folder}${name}`, "utf8")));
  expect(changed).toEqual([]);
});
