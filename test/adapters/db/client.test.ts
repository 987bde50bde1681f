import { NeonDbError } from "@neondatabase/serverless";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commitSoFar, violates } from "../../../src/adapters/db/platform/client.ts";
import type { Database } from "../../../src/adapters/db/platform/client.ts";
import { AppError } from "../../../src/errors.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import type { Driver } from "../../support/drivers.ts";
import { drivers } from "../../support/drivers.ts";

let database: TestDatabase;
let driver: Driver;
let db: Database;

// The one contract of both drivers: what holds over HTTP holds over a connection.
describe.each(drivers)("$name", (tried) => {
  beforeAll(async () => {
    database = await freshDatabase();
    await database.sql("create table things (id bigint primary key, name text constraint things_name_key unique)");
    await database.sql("grant all on things to tranche_app");
    driver = await tried.open(database);
    ({ db } = driver);
  });
  afterAll(async () => {
    await driver.close();
    await database.close();
  });

  const caught = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => "no error",
      (error: unknown) => error,
    );

  const one = async (query: ReturnType<typeof sql>): Promise<unknown> => {
    const rows = await db.rows<{ v: unknown }>(query);
    expect(rows).toHaveLength(1);
    return rows[0]?.v;
  };

  describe("values", () => {
    it.each([
      ["int8", sql`select 42::int8 as v`, 42],
      ["the greatest exact int8", sql`select 9007199254740991::int8 as v`, Number.MAX_SAFE_INTEGER],
      ["the least exact int8", sql`select (-9007199254740991)::int8 as v`, Number.MIN_SAFE_INTEGER],
      ["int4", sql`select 7 as v`, 7],
      ["boolean", sql`select true as v`, true],
      ["null", sql`select null::int8 as v`, null],
      ["text", sql`select 'é☃"' as v`, 'é☃"'],
      ["numeric, exactly", sql`select 0.10000000000000000000001::numeric as v`, "0.10000000000000000000001"],
      ["float8", sql`select 0.1::float8 as v`, 0.1],
      ["json", sql`select '{"a":[1,null,"x"]}'::json as v`, { a: [1, null, "x"] }],
      ["jsonb", sql`select '[{"b":9007199254740993}]'::jsonb->0->'b' as v`, 9_007_199_254_740_992],
      ["a list of int8", sql`select array[1, null, 3]::int8[] as v`, [1, null, 3]],
      ["a list of text", sql`select array['a,b', null, '"'] as v`, ["a,b", null, '"']],
      ["a list of times", sql`select array['1970-01-01 00:00:01+00', null]::timestamptz[] as v`, [1_000, null]],
      ["a time", sql`select '2026-03-04 05:06:07.089+00'::timestamptz as v`, Date.UTC(2026, 2, 4, 5, 6, 7, 89)],
      ["microseconds, cut off", sql`select '2026-03-04 05:06:07.089999+00'::timestamptz as v`, Date.UTC(2026, 2, 4, 5, 6, 7, 89)],
      ["one digit of a second", sql`select '2026-03-04 05:06:07.1+00'::timestamptz as v`, Date.UTC(2026, 2, 4, 5, 6, 7, 100)],
      ["a time of another zone", sql`select '2026-03-04 05:06:07+05:30'::timestamptz as v`, Date.UTC(2026, 2, 3, 23, 36, 7)],
      ["a time before 1970", sql`select '1969-12-31 23:59:59.5+00'::timestamptz as v`, -500],
      ["a date, as text", sql`select '2026-03-04'::date as v`, "2026-03-04"],
      ["a time without zone, as text", sql`select '2026-03-04 05:06:07'::timestamp as v`, "2026-03-04 05:06:07"],
    ])("reads %s", async (_, query, expected) => {
      expect(await one(query)).toEqual(expected);
    });

    it.each([
      ["Asia/Kolkata", "17:30:00.123+05:30"],
      ["America/St_Johns", "09:30:00.123-02:30"],
      ["Etc/GMT+12", "00:00:00.123-12"],
    ])("reads a time as a session in %s prints it", async (zone, printed) => {
      const [, rows] = await db.batch<[unknown[], { text: string; v: number }[]]>([
        sql`select set_config('timezone', ${zone}, true)`,
        sql`select t::text as text, t as v from (values ('2026-07-01 12:00:00.123+00'::timestamptz)) x(t)`,
      ]);
      expect(rows[0]?.text).toBe(`2026-07-01 ${printed}`);
      expect(rows[0]?.v).toBe(Date.UTC(2026, 6, 1, 12, 0, 0, 123));
    });

    it.each([
      ["an int8 over 2^53", sql`select 9007199254740992::int8 as v`],
      ["an int8 under -2^53", sql`select (-9007199254740992)::int8 as v`],
      ["one of a list over 2^53", sql`select array[1, 9007199254740992]::int8[] as v`],
      ["infinity", sql`select 'infinity'::timestamptz as v`],
      ["-infinity", sql`select '-infinity'::timestamptz as v`],
    ])("refuses %s instead of telling something else", async (_, query) => {
      await expect(one(query)).rejects.toThrow(RangeError);
    });

    it("sends and reads back what it was given", async () => {
      const text = fc.string({ unit: "grapheme" }).filter((value) => !value.includes("\0"));
      const row = fc.record({
        n: fc.maxSafeInteger(),
        t: text,
        b: fc.boolean(),
        ms: fc.date({ min: new Date("1000-01-01"), max: new Date("9999-12-31"), noInvalidDate: true }).map((date) => date.getTime()),
        list: fc.array(fc.record({ a: fc.integer(), s: text }), { maxLength: 5 }),
      });
      await fc.assert(
        fc.asyncProperty(row, async (given) => {
          const rows = await db.rows(sql`
          select ${given.n}::int8 as n, ${given.t}::text as t, ${given.b}::boolean as b,
            ${new Date(given.ms).toISOString()}::timestamptz as ms, (
              select coalesce(json_agg(x), '[]')
              from jsonb_to_recordset(${JSON.stringify(given.list)}::jsonb) as x(a bigint, s text)
            ) as list`);
          expect(rows).toEqual([given]);
        }),
        { numRuns: 60 },
      );
    });
  });

  describe("batch", () => {
    it("answers in order, with the same parsers", async () => {
      const results = await db.batch([
        sql`select 1::int8 as n`,
        sql`select '1970-01-01 00:00:00.005+00'::timestamptz as at from generate_series(1, 2)`,
        sql`select 1 where false`,
      ]);
      expect(results).toEqual([[{ n: 1 }], [{ at: 5 }, { at: 5 }], []]);
    });

    it("is one transaction at READ COMMITTED", async () => {
      const [first, second] = await db.batch<[{ id: string; level: string }[], { id: string }[]]>([
        sql`select pg_current_xact_id()::text as id, current_setting('transaction_isolation') as level`,
        sql`select pg_current_xact_id()::text as id`,
      ]);
      expect(first[0]?.level).toBe("read committed");
      expect(first[0]?.id).toBe(second[0]?.id);
    });

    it("does all or nothing", async () => {
      const failing = db.batch([
        sql`insert into things values (1, 'kept?')`,
        sql`insert into things values (2, 'kept?')`,
        sql`insert into things values (3, 'other')`,
      ]);
      await expect(failing).rejects.toMatchObject({ code: "23505", constraint: "things_name_key" });
      expect(await database.sql("select * from things")).toEqual([]);
      await db.batch([sql`insert into things values (4, 'four')`, sql`insert into things values (5, 'five')`]);
      expect(await database.sql("select id from things order by id")).toEqual([{ id: "4" }, { id: "5" }]);
      await database.sql("delete from things");
    });
  });

  describe("errors", () => {
    it("carry SQLSTATE and constraint, which violates() reads", async () => {
      await db.rows(sql`insert into things values (1, 'a')`);
      const error: unknown = await db.rows(sql`insert into things values (2, 'a')`).catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(NeonDbError);
      expect(error).toMatchObject({ code: "23505", table: "things", constraint: "things_name_key" });
      expect(violates(error, "things_name_key")).toBe(true);
      expect(violates(error, "things_pkey")).toBe(false);
      expect(violates(new Error("things_name_key"), "things_name_key")).toBe(false);
    });

    it("keep the parameters out of the statement", async () => {
      const name = "'); drop table things; --";
      await db.rows(sql`insert into things values (9, ${name})`);
      expect(await db.rows(sql`select name from things where id = 9`)).toEqual([{ name }]);
    });

    it("of a syntax error point at it", async () => {
      await expect(db.rows(sql`select 1 frm x y`)).rejects.toMatchObject({ code: "42601", position: "14" });
    });
  });

  describe("transactions", () => {
    it("keep what precedes a commitSoFar, whatever follows", async () => {
      await database.sql("delete from things");
      const failing = db.batch([sql`insert into things values (1, 'a')`, commitSoFar, sql`insert into things values (2, 'a')`]);
      await expect(failing).rejects.toMatchObject({ code: "23505" });
      expect(await database.sql("select id from things")).toEqual([{ id: "1" }]);
    });

    it("leave nothing behind for the next one: no setting, no lock, no transaction", async () => {
      await caught(
        db.batch([sql`set local lock_timeout = '7ms'`, sql`select set_config('timezone', 'Asia/Tokyo', true)`, sql`select 1 / 0`]),
      );
      await db.batch([sql`set local statement_timeout = '9s'`, sql`select pg_advisory_xact_lock(4711)`]);
      const rows = await db.rows(sql`select current_setting('lock_timeout') as l, current_setting('statement_timeout') as s,
        current_setting('timezone') as z, (select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())) as n`);
      expect(rows).toEqual([{ l: "0", s: "0", z: "UTC", n: 0 }]);
    });

    it("do side by side what does not wait for each other, and lose nothing", async () => {
      const found = await Promise.all(
        Array.from({ length: 60 }, (_, n) => db.rows(sql`select ${n}::int8 as v, pg_sleep(0.01)::text as s`)),
      );
      expect(found).toEqual(Array.from({ length: 60 }, (_, v) => [{ v, s: "" }]));
    });
  });

  describe("limits", () => {
    let small: Driver;
    beforeAll(async () => {
      small = await tried.open(database, { requestBytes: 10_000, responseBytes: 10_000, statementMs: 300 });
    });
    afterAll(() => small.close());

    it.each([
      ["an answer", () => small.db.rows(sql`select repeat('x', 200) as x from generate_series(1, 200)`), "internal", "answer_too_large"],
      ["a request", () => small.db.rows(sql`select ${"x".repeat(20_000)}::text as x`), "internal", "request_too_large"],
      [
        "the answers of a batch",
        () => small.db.batch([sql`select repeat('x', 6000) as x`, sql`select repeat('x', 6000) as x`]),
        "internal",
        "answer_too_large",
      ],
      ["a statement that takes too long", () => small.db.rows(sql`select pg_sleep(5)`), "unavailable", "too_slow"],
      [
        "a session that may not write",
        () => small.db.batch([sql`set transaction read only`, sql`insert into things values (77, 'x')`]),
        "unavailable",
        "read_only",
      ],
    ])("%s is refused as what it is, and the next one is served", async (_, ask, code, kind) => {
      const error = await caught(ask());
      expect(error).toBeInstanceOf(AppError);
      expect(error).toMatchObject({ code, kind });
      expect(await small.db.rows(sql`select 1 as v`)).toEqual([{ v: 1 }]);
    });

    it("nothing of a batch is kept whose answer was too large, and nothing goes on that was given up", async () => {
      await database.sql("delete from things");
      await caught(small.db.batch([sql`insert into things values (1, 'a')`, sql`select repeat('x', 20000) as x`]));
      await caught(small.db.batch([sql`insert into things values (2, 'b')`, sql`select pg_sleep(3)`]));
      expect(await database.sql("select id from things")).toEqual([]);
      // Who looks is one of them.
      await expect
        .poll(() =>
          database.sql(
            "select 1 from pg_stat_activity where datname = current_database() and query like '%pg_sleep(3)%' and state <> 'idle'",
          ),
        )
        .toHaveLength(1);
    });

    it.each([
      ["53100", "disk_full"],
      ["53200", "out_of_memory"],
      ["53300", "too_many_connections"],
      ["57P03", "restarting"],
      ["58030", "storage_error"],
      ["08006", "unreachable"],
    ])("what the database says by %s is told as %s", async (code, kind) => {
      const raised = sql.raw(`do $$ begin raise exception 'no words of ours' using errcode = '${code}'; end $$`);
      const errors = [await caught(db.rows(raised)), await caught(db.batch([sql`select 1`, raised]))];
      for (const error of errors) expect(error).toMatchObject({ code: "unavailable", kind });
    });

    it("a text with two statements is refused", async () => {
      await expect(db.rows(sql`select 1; select 2`)).rejects.toMatchObject({ code: "42601" });
    });
  });

  describe("a database that is not there", () => {
    it.each([
      ["nobody listens", { port: "9" }, "unreachable"],
      ["a wrong password", { password: "wrong" }, "refused_credentials"],
      ["no such database", { pathname: "/no_such" }, "missing_database"],
    ])("%s", async (_, wrong, fault) => {
      const other = await tried.open({ ...database, appUrl: Object.assign(new URL(database.appUrl), wrong).href });
      const error = await caught(other.db.rows(sql`select 1`));
      await other.close();
      expect(error).toMatchObject({ code: "unavailable", kind: fault });
      expect(String(error)).not.toMatch(/wrong|no_such|127\.0\.0\.1|tranche_worker/);
    });

    it("a connection that is ended in the middle fails what used it, and nothing later", async () => {
      const sleeping = caught(db.rows(sql`select pg_sleep(20)`));
      await expect
        .poll(() => database.sql("select pg_terminate_backend(pid) from pg_stat_activity where query like 'select pg_sleep(20)%'"))
        .toHaveLength(1);
      // Postgres says so, and then the connection ends: which of the two is heard first is the driver's.
      expect(await sleeping).toMatchObject({ code: "unavailable", kind: expect.stringMatching(/^(?:restarting|unreachable)$/) as string });
      expect(await db.rows(sql`select 1 as v`)).toEqual([{ v: 1 }]);
    });
  });
});
