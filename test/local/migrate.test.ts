import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { checkMigrations } from "../../local/check-migrations.ts";
import { migrate } from "../../local/migrate.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";

const journal = JSON.parse(await readFile("drizzle/meta/_journal.json", "utf8")) as { entries: { tag: string }[] };
const everyTag = journal.entries.map((entry) => entry.tag);

let base: TestDatabase;
let created = 0;

beforeAll(async () => {
  base = await freshDatabase();
});
afterAll(() => base.close());

/** A database without any table, beside the migrated one of the harness. */
const empty = async (): Promise<string> => {
  created += 1;
  const url = new URL(base.url);
  url.pathname = `${url.pathname}_empty_${created}`;
  await base.sql(`create database ${url.pathname.slice(1)} template template0`);
  return url.href;
};

const drop = (url: string) => base.sql(`drop database ${new URL(url).pathname.slice(1)} with (force)`);

const shape = async (url: string): Promise<unknown[]> => {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query(`
    select table_name, column_name, data_type, is_nullable from information_schema.columns where table_schema = 'public'
    union all select event_object_table, trigger_name, event_manipulation, '' from information_schema.triggers
    order by 1, 2, 3`);
  await client.end();
  return rows;
};

describe("migrate", () => {
  it("builds the schema once, in order, and then has nothing to do", async () => {
    const url = await empty();
    expect(await migrate(url)).toEqual(everyTag);
    expect(await migrate(url)).toEqual([]);
    const built = await shape(url);
    expect(built.length).toBeGreaterThan(100);
    expect(built).toEqual(await shape(base.url));
    await drop(url);
  });

  it("may run several times at once: one applies, the others find it done", async () => {
    const url = await empty();
    const results = await Promise.all([migrate(url), migrate(url), migrate(url), migrate(url)]);
    expect(results.map((tags) => tags.length).toSorted((a, b) => a - b)).toEqual([0, 0, 0, everyTag.length]);
    await drop(url);
  });

  it("refuses a database whose applied migrations differ from the files", async () => {
    const url = await empty();
    await migrate(url);
    const client = new pg.Client(url);
    await client.connect();
    await client.query("update drizzle.__drizzle_migrations set hash = 'other' where id = 2");
    await client.end();
    await expect(migrate(url)).rejects.toThrow("0001_guards in drizzle/ is not the one that this database has");
    await drop(url);
  });
});

describe("npm run db:migrate", () => {
  const run = (databaseUrl: string | undefined) =>
    new Promise<{ code: unknown; out: string }>((done) => {
      const { DATABASE_URL: _, ...env } = process.env;
      const set = databaseUrl === undefined ? env : { ...env, DATABASE_URL: databaseUrl };
      execFile(process.execPath, ["local/migrate.ts"], { env: set }, (error, stdout, stderr) =>
        done({ code: error?.code ?? 0, out: stdout + stderr }),
      );
    });

  it("says what it applied, and then that nothing is left", async () => {
    const url = await empty();
    const first = await run(url);
    expect(first.code).toBe(0);
    for (const tag of everyTag) expect(first.out).toContain(`applied ${tag}\n`);
    const second = await run(url);
    expect(second).toEqual({ code: 0, out: expect.stringMatching(/ is up to date\n$/) });
    const { password } = new URL(url);
    expect(first.out + second.out).not.toContain(password);
    await drop(url);
  });

  it.each([
    [undefined, "DATABASE_URL is not set"],
    ["", "DATABASE_URL is not set"],
    ["localhost:5432/x", "DATABASE_URL is not of the form"],
    ["mysql://me:hunter2@127.0.0.1/x", "DATABASE_URL is not of the form"],
    ["postgresql://me:hunter2@127.0.0.1", "DATABASE_URL is not of the form"],
    ["postgresql://me:hunter2@127.0.0.1:1/x", "DATABASE_URL (127.0.0.1:1/x): connect ECONNREFUSED"],
  ])("refuses %s by name, without its password", async (databaseUrl, message) => {
    const { code, out } = await run(databaseUrl);
    expect(code).toBe(1);
    expect(out).toContain(message);
    expect(out).not.toContain("hunter2");
  });
});

describe("npm run db:migrate -- --role", () => {
  const role = `tranche_test_${process.pid}`;
  const run = (url: string, ...args: string[]) =>
    new Promise<{ code: unknown; out: string; err: string }>((done) => {
      execFile(process.execPath, ["local/migrate.ts", ...args], { env: { ...process.env, DATABASE_URL: url } }, (error, out, err) =>
        done({ code: error?.code ?? 0, out, err }),
      );
    });
  const asked = async (url: string, text: string) => {
    const client = new pg.Client(url);
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  };
  afterAll(async () => {
    await base.sql(`drop role if exists ${role}`);
  });

  it("makes a login that may work and owns nothing, and prints where it logs in, once", async () => {
    const made = await run(base.url, "--role", role);
    expect([made.code, made.err]).toEqual([0, ""]);
    const url = made.out.trim().split("\n").at(-1) ?? "";
    expect(await asked(url, "select shards from settings")).toEqual([{ shards: 1 }]);
    await expect(asked(url, "drop table settings")).rejects.toThrow(/must be owner/);
    await expect(asked(url, "update evidence set body = '{}'")).rejects.toThrow(/permission denied/);
    const again = await run(base.url, "--role", role);
    expect([again.code, again.out]).toEqual([0, expect.stringContaining(`${role} is there already, and keeps its password`)]);
    expect(again.out).not.toContain("://");
    expect(await asked(url, "select 1 as one")).toEqual([{ one: 1 }]);
    const renewed = await run(base.url, "--role", role, "--new-password");
    await expect(asked(url, "select 1")).rejects.toThrow(/password authentication failed/);
    expect(await asked(renewed.out.trim().split("\n").at(-1) ?? "", "select 1 as one")).toEqual([{ one: 1 }]);
    expect((await run(base.url, "--role", role, "--lock")).out).toContain(`${role} may not log in any more`);
    await expect(asked(renewed.out.trim().split("\n").at(-1) ?? "", "select 1")).rejects.toThrow(/not permitted to log in/);
    expect((await run(base.url, "--role", role, "--unlock")).out).toContain(`${role} may log in again`);
  });

  it("takes a word of SQL for a name", async () => {
    const words = ["user", "current_user"];
    const all = await Promise.all(words.map((word) => run(base.url, "--role", word)));
    await base.sql(`drop role if exists "user", "current_user"`);
    expect(all.map(({ code, out }) => [code, /is made, in the role tranche_app/.test(out)])).toEqual(words.map(() => [0, true]));
  });

  it("takes nobody for a deployment that may do more, and says what is wrong", async () => {
    const owner = new URL(base.url).username;
    for (const [args, says] of [
      [["--role", owner], "may do more than a deployment"],
      [["--role", "tranche_app"], "--role must not be tranche_app"],
      [["--role", 'x"; drop table services; --'], "--role must be 1 to 63"],
      [["--role", "public"], "--role must not be public"],
      [["--role", "pg_monitor"], "--role must not begin with pg_"],
      [["--role"], "--role must be 1 to 63"],
      [["--role", role, "--drop"], "it takes --role NAME"],
      [["--roles", role], "it takes --role NAME"],
      [["--role", "tranche_nobody", "--lock"], "there is no role tranche_nobody"],
    ] as const) {
      const { code, err } = await run(base.url, ...args);
      expect([code, err]).toEqual([1, expect.stringContaining(says)]);
    }
  });
});

describe("schema and migrations", () => {
  const dirs: string[] = [];
  const copy = async () => {
    const dir = await mkdtemp(join(tmpdir(), "tranche-test-"));
    dirs.push(dir);
    await cp("drizzle", dir, { recursive: true });
    return dir;
  };
  afterEach(async () => {
    for (const dir of dirs.splice(0)) await rm(dir, { recursive: true });
  });
  const schema = "./src/adapters/db/schema/*.ts";

  it("agree", async () => {
    expect(await checkMigrations("drizzle", schema)).toBeNull();
  });

  it("do not agree when a column is missing from the migrations", async () => {
    const dir = await copy();
    const last = journal.entries.length - 1;
    const file = join(dir, "meta", `${String(last).padStart(4, "0")}_snapshot.json`);
    const snapshot = JSON.parse(await readFile(file, "utf8")) as {
      tables: Record<string, { columns: Record<string, unknown> }>;
    };
    delete snapshot.tables["public.customers"]?.columns["created_at"];
    await writeFile(file, JSON.stringify(snapshot));
    expect(await checkMigrations(dir, schema)).toContain("npm run db:generate");
  });

  it("do not agree when two migrations have the same ancestor", async () => {
    const dir = await copy();
    const text = await readFile(join(dir, "meta", "0001_snapshot.json"), "utf8");
    const first = JSON.parse(await readFile(join(dir, "meta", "0000_snapshot.json"), "utf8")) as { prevId: string };
    await writeFile(join(dir, "meta", "0001_snapshot.json"), JSON.stringify({ ...JSON.parse(text), prevId: first.prevId }));
    expect(await checkMigrations(dir, schema)).toContain("drizzle-kit check failed");
  });
});
