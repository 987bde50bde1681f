import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate as applyMissing } from "drizzle-orm/node-postgres/migrator";
import pg from "pg";

/** In the repository, and beside the bundle of an image. */
const migrationsFolder = [new URL("../drizzle", import.meta.url), new URL("./drizzle", import.meta.url)]
  .map((url) => fileURLToPath(url))
  .find((folder) => existsSync(`${folder}/meta/_journal.json`)) as string;

const lockPatienceMs = 3_000;
const lockAttempts = 10;

/** SQLSTATE 55P03; drizzle wraps what went wrong. */
const isLockTimeout = (error: unknown): boolean =>
  error instanceof Error && (("code" in error && error.code === "55P03") || isLockTimeout(error.cause));

/** Any number that nobody else locks: "tranche" on a telephone keypad. */
const lockKey = 8_726_243;

/**
 * Brings a database to the newest schema. Idempotent, and safe when several run at once: the lock is
 * held by a transaction of its own, since that works through a connection pooler too.
 * @param onWarning what a migration could not do, and continued without
 * @returns the tags of the migrations that were applied now, in order
 * @throws Error when a migration that this database already has was edited afterwards
 */
export const migrate = async (databaseUrl: string, onWarning?: (text: string) => void): Promise<string[]> => {
  const lock = await connected(databaseUrl);
  try {
    await lock.query("BEGIN");
    await lock.query("SELECT pg_advisory_xact_lock($1)", [lockKey]);
    return await applyLocked(databaseUrl, onWarning);
  } finally {
    await lock.end();
  }
};

const connected = async (connectionString: string): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 15_000 });
  client.on("error", () => undefined);
  await client.connect();
  return client;
};

const applyLocked = async (databaseUrl: string, onWarning?: (text: string) => void): Promise<string[]> => {
  const client = await connected(databaseUrl);
  client.on("notice", ({ severity, message }) => {
    if (severity === "WARNING" && message !== undefined) onWarning?.(message);
  });
  try {
    const known = await hashes(client);
    const files = readMigrationFiles({ migrationsFolder });
    const edited = known.findIndex((hash, at) => files[at] !== undefined && files[at].hash !== hash);
    if (edited >= 0) throw new Error(`${tags()[edited]} in drizzle/ is not the one that this database has`);
    // A lock that is waited for blocks every renewal of a lease after it: so give up early, and retry.
    await client.query(`SET lock_timeout = '${lockPatienceMs}ms'`);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await applyMissing(drizzle(client), { migrationsFolder });
        return tags().slice(known.length);
      } catch (error) {
        if (attempt === lockAttempts || !isLockTimeout(error)) throw error;
      }
      await sleep(lockPatienceMs);
    }
  } finally {
    await client.end();
  }
};

/** The migrations that a database has, oldest first, as drizzle noted them. */
const hashes = async (client: pg.Client): Promise<string[]> => {
  const table = await client.query<{ found: string | null }>("SELECT to_regclass('drizzle.__drizzle_migrations')::text AS found");
  if (table.rows[0]?.found === null) return [];
  const { rows } = await client.query<{ hash: string }>("SELECT hash FROM drizzle.__drizzle_migrations ORDER BY created_at");
  return rows.map((row) => row.hash);
};

const tags = (): string[] => {
  const journal = JSON.parse(readFileSync(`${migrationsFolder}/meta/_journal.json`, "utf8")) as {
    entries: { tag: string }[];
  };
  return journal.entries.map((entry) => entry.tag);
};
