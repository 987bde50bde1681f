import pg from "pg";
import { inject } from "vitest";
import { connect } from "../../src/adapters/db/platform/client.ts";
import type { Database } from "../../src/adapters/db/platform/client.ts";

/** An own, migrated, otherwise empty database. */
export interface TestDatabase {
  url: string;
  /** Of the login that the application has: it owns nothing. */
  appUrl: string;
  fetchEndpoint: string;
  /** As the application reaches it: over HTTP. */
  db: Database;
  /** As a referee reaches it: plain pg, pg's own types (int8 as text, timestamptz as Date). */
  sql<Row = Record<string, unknown>>(text: string, params?: readonly unknown[]): Promise<Row[]>;
  /** Drops the database. */
  close(): Promise<void>;
}

/** For tests in the Node project, about 50 ms: call it once per file in `beforeAll`, and `close()` in `afterAll`. */
export const freshDatabase = async (): Promise<TestDatabase> => {
  const { control, fetchEndpoint } = inject("database");
  const { url, appUrl } = await ask(control, "POST");
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  pool.on("error", () => undefined);
  return {
    url,
    fetchEndpoint,
    db: connect(appUrl, fetchEndpoint),
    appUrl,
    sql: async <Row>(text: string, params: readonly unknown[] = []) => (await pool.query(text, [...params])).rows as Row[],
    close: async () => {
      await pool.end();
      await ask(`${control}?url=${encodeURIComponent(url)}`, "DELETE");
    },
  };
};

const ask = async (control: string, method: "POST" | "DELETE"): Promise<{ url: string; appUrl: string }> => {
  const response = await fetch(control, { method });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as { url: string; appUrl: string };
};
