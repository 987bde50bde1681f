import { neon, NeonDbError, neonConfig } from "@neondatabase/serverless";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startSqlEndpoint } from "../../local/sql-endpoint.ts";
import type { SqlEndpoint } from "../../local/sql-endpoint.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";

let database: TestDatabase;
let endpoint: SqlEndpoint;
let driver: ReturnType<typeof neon<false, false>>;

beforeAll(async () => {
  database = await freshDatabase();
  endpoint = await startSqlEndpoint();
  await database.sql("create table t (id bigint primary key, name text constraint t_name_key unique, check (id > 0))");
  driver = neon(database.url);
});
beforeEach(() => {
  neonConfig.fetchEndpoint = endpoint.url;
});
afterAll(async () => {
  await endpoint.closeDatabase(database.url);
  await database.close();
  await endpoint.close();
});

const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "no error",
    (error: unknown) => error,
  );

describe("values, through the driver and beside it through pg", () => {
  it.each<[string, unknown[]]>([
    ["select $1::text as v", ["plain"]],
    ["select $1::text as v", ["quotes \" and ' and \\ and é☃🙂\n"]],
    ["select $1::text as v", [""]],
    ["select $1::text as v", [null]],
    ["select $1::int8 as v", [9_007_199_254_740_993n.toString()]],
    ["select $1::int as v", [-5]],
    ["select $1::float8 as v", [0.1]],
    ["select $1::boolean as v", [true]],
    ["select $1::numeric as v", ["123456789012345678901234567890.123456789"]],
    ["select $1::jsonb as v", [{ a: [1, null, { b: "c" }], d: 'quoted "' }]],
    ["select $1::text[] as v", [["a", null, "b,c", '"', "\\", "{}", ""]]],
    [
      "select $1::int[] as v",
      [
        [
          [1, 2],
          [3, 4],
        ],
      ],
    ],
    ["select $1::bytea as v", [Buffer.from([0, 1, 2, 255])]],
    ["select $1::timestamptz as v", ["2026-03-04 05:06:07.089012+02"]],
    ["select 1 as a, 2 as b, null as c, now() > 'epoch' as d", []],
    ["select 1 as same, 2 as same", []],
    ["select n from generate_series(1, $1) n", [1_000]],
    ["select 1 as v where false", []],
    ["", []],
    ["set local statement_timeout = 1", []],
  ])("%s %j", async (text, params) => {
    const mine = await driver.query(text, params, { fullResults: true });
    const client = new pg.Client(database.url);
    await client.connect();
    const referee = await client.query(text, params);
    await client.end();
    expect(mine.rows).toEqual(referee.rows);
    expect(mine.rowCount).toBe(referee.rowCount);
    expect(mine.command).toBe(referee.command ?? "");
    expect(mine.fields).toEqual(referee.fields.map((field) => ({ ...field })));
  });

  it("answers as arrays where asked", async () => {
    expect(await driver.query("select 1 as a, 'x' as a", [], { arrayMode: true })).toEqual([[1, "x"]]);
  });

  it("counts what was written", async () => {
    const write = async (text: string) => {
      const { command, rowCount } = await driver.query(text, [], { fullResults: true });
      return [command, rowCount];
    };
    expect(await write("insert into t values (1, 'a'), (2, 'b')")).toEqual(["INSERT", 2]);
    expect(await write("update t set name = name || '!' where id = 2 returning id")).toEqual(["UPDATE", 1]);
    expect(await write("delete from t")).toEqual(["DELETE", 2]);
    expect(await write("create temporary table gone (a int)")).toEqual(["CREATE", null]);
  });
});

describe("batches", () => {
  it.each(["ReadUncommitted", "ReadCommitted", "RepeatableRead", "Serializable"] as const)("run at %s", async (isolationLevel) => {
    const level = isolationLevel.replace(/(?!^)([A-Z])/, " $1").toLowerCase();
    const [first, second] = await driver.transaction(
      [driver.query("show transaction_isolation"), driver.query("select pg_current_xact_id() is not null as one")],
      { isolationLevel },
    );
    expect(first).toEqual([{ transaction_isolation: level }]);
    expect(second).toEqual([{ one: true }]);
  });

  it("can be read only and deferrable", async () => {
    const shows = [driver.query("show transaction_read_only"), driver.query("show transaction_deferrable")];
    const options = { isolationLevel: "Serializable", readOnly: true, deferrable: true } as const;
    expect(await driver.transaction(shows, options)).toEqual([[{ transaction_read_only: "on" }], [{ transaction_deferrable: "on" }]]);
    expect(await driver.transaction(shows)).toEqual([[{ transaction_read_only: "off" }], [{ transaction_deferrable: "off" }]]);
    const write = driver.transaction([driver.query("insert into t values (1, 'a')")], { readOnly: true });
    expect(await caught(write)).toMatchObject({ code: "25006" });
  });

  it("leave nothing behind when one statement fails", async () => {
    const failing = driver.transaction([
      driver.query("insert into t values (1, 'a')"),
      driver.query("insert into t values (2, 'a')"),
      driver.query("insert into t values (3, 'c')"),
    ]);
    expect(await caught(failing)).toMatchObject({ code: "23505", constraint: "t_name_key" });
    expect(await database.sql("select * from t")).toEqual([]);
    expect(await driver.transaction([driver.query("select 1 as still")])).toEqual([[{ still: 1 }]]);
  });

  it("tell what fails at commit", async () => {
    await database.sql("create table child (t bigint references t deferrable initially deferred)");
    const failing = driver.transaction([driver.query("insert into child values (77)"), driver.query("select 1")]);
    expect(await caught(failing)).toMatchObject({ code: "23503", constraint: "child_t_fkey" });
    expect(await database.sql("select * from child")).toEqual([]);
  });

  it("may be empty", async () => {
    expect(await driver.transaction([])).toEqual([]);
  });
});

describe("errors of Postgres", () => {
  it("arrive with every field that pg gets", async () => {
    const names = ["message", "code", "detail", "hint", "position", "internalPosition", "internalQuery", "severity", "where"];
    const more = ["table", "column", "schema", "dataType", "constraint", "file", "line", "routine"];
    const failing = [
      "insert into t values (-1, 'x')",
      "insert into t values (null, 'x')",
      "select nothing from t",
      "select 1 frm t x",
      "select 1 / 0",
      "do $$ begin execute 'select 1 frm t x'; end $$",
      `do $$ begin raise exception 'own'
         using errcode = 'P0042', detail = 'd', hint = 'h', constraint = 'c', column = 'o', datatype = 'y'; end $$`,
    ];
    for (const text of failing) {
      const mine = (await caught(driver.query(text))) as Record<string, unknown>;
      const referee = (await caught(database.sql(text))) as Record<string, unknown>;
      expect(mine).toBeInstanceOf(NeonDbError);
      for (const name of [...names, ...more]) expect([name, mine[name]]).toEqual([name, referee[name]]);
    }
  });

  it("refuse two statements in one text, as the extended protocol does", async () => {
    expect(await caught(driver.query("insert into t values (8, 'x'); select 1"))).toMatchObject({ code: "42601" });
    expect(await database.sql("select * from t where id = 8")).toEqual([]);
  });

  it("refuse a wrong password and a missing database", async () => {
    const wrong = new URL(database.url);
    wrong.password = "wrong";
    expect(await caught(neon(wrong.href).query("select 1"))).toMatchObject({ code: "28P01" });
    const missing = new URL(database.url);
    missing.pathname = "/missing";
    expect(await caught(neon(missing.href).query("select 1"))).toMatchObject({ code: "3D000" });
  });
});

describe("sessions", () => {
  it("leave nothing to the next request", async () => {
    await driver.query("set search_path = nowhere");
    await driver.query("begin");
    await driver.query("select pg_advisory_lock(1)");
    for (let round = 0; round < 20; round += 1) {
      expect(await driver.query("show search_path")).toEqual([{ search_path: '"$user", public' }]);
    }
    const locks = () => database.sql("select 1 from pg_locks where locktype = 'advisory'");
    await expect.poll(locks).toEqual([]);
    const open = () => database.sql("select 1 from pg_stat_activity where state like 'idle in transaction%'");
    await expect.poll(open).toEqual([]);
  });

  it("run side by side", async () => {
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: 8 }, () => driver.query("select pg_sleep(0.3)")));
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  it("recover from a connection that was killed", async () => {
    const other = await startSqlEndpoint();
    neonConfig.fetchEndpoint = other.url;
    const error = await caught(driver.query("select pg_terminate_backend(pg_backend_pid())"));
    expect(error).toMatchObject({ code: "57P01" });
    expect(await driver.query("select 1 as back")).toEqual([{ back: 1 }]);
    await other.close();
  });

  it("closes connections to a database that is to be dropped", async () => {
    const doomed = await freshDatabase();
    neonConfig.fetchEndpoint = endpoint.url;
    const client = neon(doomed.url);
    await client.query("select 1");
    await endpoint.closeDatabase(doomed.url);
    const sessions = () =>
      database.sql("select application_name from pg_stat_activity where datname = $1", [new URL(doomed.url).pathname.slice(1)]);
    await expect.poll(sessions).toEqual([]);
    expect(await client.query("select 1 as again")).toEqual([{ again: 1 }]);
    await endpoint.closeDatabase(doomed.url);
    await doomed.close();
  });
});
