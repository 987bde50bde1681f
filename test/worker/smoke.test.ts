import { sql } from "drizzle-orm";
import { expect, it } from "vitest";
import { connect } from "../../src/adapters/db/platform/client.ts";
import { freshEnv } from "../support/worker-env.ts";

it("asks the database from inside workerd", async () => {
  expect(navigator.userAgent).toBe("Cloudflare-Workers");
  const env = await freshEnv();
  const db = connect(env.DATABASE_URL, env.NEON_FETCH_ENDPOINT);
  const rows = await db.rows<{ shards: number; big: number; at: number }>(
    sql`select shards, 9007199254740991::int8 as big, '2026-01-02 03:04:05+00'::timestamptz as at from settings`,
  );
  expect(rows).toEqual([{ shards: 1, big: 9_007_199_254_740_991, at: Date.UTC(2026, 0, 2, 3, 4, 5) }]);
});

it("gives every caller a database of its own", async () => {
  const [first, second] = await Promise.all([freshEnv(), freshEnv({ PROBE_PATH: "/up" })]);
  expect(first.DATABASE_URL).not.toBe(second.DATABASE_URL);
  expect(second["PROBE_PATH"]).toBe("/up");
  await connect(first.DATABASE_URL, first.NEON_FETCH_ENDPOINT).rows(sql`insert into customers (name) values ('a')`);
  const rows = await connect(second.DATABASE_URL, second.NEON_FETCH_ENDPOINT).rows(sql`select 1 from customers`);
  expect(rows).toEqual([]);
});
