import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openLogin } from "../../self-hosted/app-login.ts";
import { migrate } from "../../local/migrate.ts";
import { findMajor, majors, startMajor } from "../support/postgres-majors.ts";
import type { Installed } from "../support/postgres-majors.ts";
import { scratchDir } from "../support/scratch-dir.ts";

const journal = JSON.parse(await readFile("drizzle/meta/_journal.json", "utf8")) as { entries: { tag: string }[] };
const everyTag = journal.entries.map((entry) => entry.tag);

const found = await Promise.all(majors.map(async (major) => ({ major, installed: await findMajor(major) })));
for (const { major, installed } of found) {
  if (installed === null) process.stderr.write(`NOT TESTED: migrations on PostgreSQL ${major}, which is not here (.ci/postgres-majors)\n`);
  else if (installed.dump === null) process.stderr.write(`NOT TESTED: a dump of PostgreSQL ${major}, of which only the server is here\n`);
}

const asked = async (url: string, text: string): Promise<Record<string, unknown>[]> => {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
};

const databaseOf = (url: string, name: string): string => Object.assign(new URL(url), { pathname: `/${name}` }).href;

/**
 * Everything that a schema consists of: columns, constraints, indexes, triggers, functions, and who may do what with a table. Without
 * parentheses: a condition that is read again has fewer of them.
 */
const shape = (url: string): Promise<Record<string, unknown>[]> =>
  asked(
    url,
    `select kind, name, translate(what, '()', '') as what from (
     select 'column' as kind, table_name || '.' || column_name as name, data_type || is_nullable || coalesce(column_default, '') as what
       from information_schema.columns where table_schema = 'public'
     union all select 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) from pg_constraint
       where connamespace = 'public'::regnamespace and contype <> 'n'
     union all select 'index', indexname, indexdef from pg_indexes where schemaname = 'public'
     union all select 'trigger', tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
     union all select 'function', proname, md5(prosrc) || prosecdef from pg_proc where pronamespace = 'public'::regnamespace
     union all select 'grant', table_name || ' to ' || grantee, privilege_type from information_schema.role_table_grants
       where table_schema = 'public' and grantee = 'tranche_app'
     ) everything order by 1, 2, 3`,
  );

/** What the application may and may not do, by its own login. */
const expectGuarded = async (ownerUrl: string, login: string): Promise<void> => {
  const { url } = await openLogin(ownerUrl, login, "renew");
  expect(await asked(url ?? "", "select shards from settings")).toEqual([{ shards: 1 }]);
  expect(await asked(url ?? "", "select name from customers")).toEqual([{ name: "kept" }]);
  await expect(asked(url ?? "", "update evidence set body = '{}'")).rejects.toThrow(/permission denied/);
  await expect(asked(url ?? "", "drop table settings")).rejects.toThrow(/must be owner/);
};

const copyBetween = async ({ dump }: Installed, from: string, to: string): Promise<void> => {
  const dir = await mkdtemp(join(scratchDir(), "tranche-dump-"));
  const file = join(dir, "tranche.dump");
  try {
    await promisify(execFile)(join(dump ?? "", "pg_dump"), ["--format=custom", `--file=${file}`, from]);
    await promisify(execFile)(join(dump ?? "", "pg_restore"), ["--exit-on-error", "--no-owner", `--dbname=${to}`, file]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
};

const here = found.flatMap(({ installed }) => (installed === null ? [] : [installed]));

describe.each(here)("PostgreSQL $major", (installed) => {
  let first: Awaited<ReturnType<typeof startMajor>>;
  let url: string;
  beforeAll(async () => {
    first = await startMajor(installed);
    await asked(first.url, "create database tranche");
    url = databaseOf(first.url, "tranche");
  });
  afterAll(() => first.close());

  it("is the version that it is taken for", async () => {
    expect(String((await asked(first.url, "show server_version"))[0]?.["server_version"])).toMatch(new RegExp(`^${installed.major}\\.`));
  });

  it("takes every migration, and has nothing to do the second time", async () => {
    expect(await migrate(url)).toEqual(everyTag);
    const built = await shape(url);
    expect(built.length).toBeGreaterThan(1_000);
    expect(await migrate(url)).toEqual([]);
    expect(await shape(url)).toEqual(built);
    await asked(url, "insert into customers (name) values ('kept')");
    await expectGuarded(url, "tranche_first");
  });

  it.skipIf(installed.dump === null)("is the same after a dump and a restore on another machine", async () => {
    const second = await startMajor(installed);
    try {
      // Roles are the cluster's, and in no dump of a database.
      await asked(second.url, "create role tranche_app nologin");
      await asked(second.url, "create database tranche");
      const restored = databaseOf(second.url, "tranche");
      await copyBetween(installed, url, restored);
      expect(await shape(restored)).toEqual(await shape(url));
      expect(await migrate(restored)).toEqual([]);
      await expectGuarded(restored, "tranche_second");
    } finally {
      await second.close();
    }
  });
});

const [oldest, newest] = [here[0], here.filter(({ dump }) => dump !== null).at(-1)];

it.skipIf(oldest === undefined || newest === undefined || oldest.major === newest.major)(
  "moves from the oldest to the newest version by the newer one's dump",
  async () => {
    if (oldest === undefined || newest === undefined) return;
    const [before, after] = [await startMajor(oldest), await startMajor(newest)];
    try {
      for (const { url } of [before, after]) await asked(url, "create database tranche");
      const [from, to] = [databaseOf(before.url, "tranche"), databaseOf(after.url, "tranche")];
      await migrate(from);
      await asked(from, "insert into customers (name) values ('kept')");
      await asked(after.url, "create role tranche_app nologin");
      await copyBetween(newest, from, to);
      expect(await migrate(to)).toEqual([]);
      await expectGuarded(to, "tranche_moved");
    } finally {
      await before.close();
      await after.close();
    }
  },
);

it("has the version of Neon's and of this package in any case", () => {
  expect(here.map(({ major }) => major)).toContain(18);
});
