import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import type { Database } from "../../src/adapters/db/platform/client.ts";

/** A plan as EXPLAIN gives it in JSON. */
export type Plan = Readonly<Record<string, unknown>> & { readonly Plans?: readonly Plan[] };

/** What a statement touched: blocks of 8 KiB, and rows that were looked at, be it only to be passed over. */
export type Touched = { readonly blocks: number; readonly rows: number };

const number = (plan: Plan, name: string): number => Number(plan[name] ?? 0);

const rowsOf = (plan: Plan): number =>
  (number(plan, "Actual Rows") + number(plan, "Rows Removed by Filter") + number(plan, "Rows Removed by Join Filter")) *
    number(plan, "Actual Loops") +
  (plan.Plans ?? []).reduce((sum, inner) => sum + rowsOf(inner), 0);

export const touchedBy = (plan: Plan): Touched => ({
  blocks: number(plan, "Shared Hit Blocks") + number(plan, "Shared Read Blocks"),
  rows: Math.round(rowsOf(plan)),
});

/** A database that remembers its statements, so that one can be run again by EXPLAIN (ANALYZE, BUFFERS). */
export const explaining = (db: Database) => {
  const dialect = new PgDialect();
  const sent: SQL[] = [];
  const remembering: Database = {
    rows: async (query) => {
      sent.push(query);
      return await db.rows(query);
    },
    batch: async (queries) => {
      sent.push(...queries);
      return await db.batch(queries);
    },
  };
  /** Of the latest statement that contains this text, were it run now. Whatever it writes stays written. */
  const touched = async (text: string): Promise<Touched> => {
    const query = sent.findLast((one) => dialect.sqlToQuery(one).sql.includes(text));
    if (query === undefined) throw new Error(`no statement with "${text}" was sent`);
    const [row] = await db.rows<{ "QUERY PLAN": readonly { readonly Plan: Plan }[] }>(
      sql`explain (analyze, buffers, format json) ${query}`,
    );
    return touchedBy(row?.["QUERY PLAN"][0]?.Plan ?? {});
  };
  return { db: remembering, sent, touched };
};
