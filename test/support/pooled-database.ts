import type { SQL } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import pg from "pg";
import type { Database } from "../../src/adapters/db/platform/client.ts";

/** A database over plain connections: the same statements, five times as many a second as over HTTP. */
export type PooledDatabase = Database & { close(): Promise<void> };

const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.INT8, Number);

/**
 * @param edit changes the text of every statement before it is sent; parameters keep their numbers
 * @param connections at most so many at once; the cluster has a hundred for all tests together
 */
export const createPooledDatabase = (url: string, connections: number, edit: (text: string) => string = (text) => text): PooledDatabase => {
  const dialect = new PgDialect();
  const pool = new pg.Pool({ connectionString: url, max: connections });
  pool.on("error", () => undefined);
  // Named, so that each connection plans a statement once.
  const names = new Map<string, string>();
  const prepare = (query: SQL): pg.QueryConfig => {
    const { sql, params } = dialect.sqlToQuery(query);
    const text = edit(sql);
    const name = names.get(text) ?? `statement_${names.size + 1}`;
    names.set(text, name);
    return { name, text, values: params, types };
  };
  return {
    rows: async <Row>(query: SQL) => (await pool.query(prepare(query))).rows as Row[],
    batch: async <Results extends readonly unknown[][]>(queries: readonly SQL[]) => {
      const client = await pool.connect();
      try {
        await client.query("begin");
        const results: unknown[][] = [];
        for (const query of queries) results.push((await client.query(prepare(query))).rows);
        await client.query("commit");
        client.release();
        return results as unknown as Results;
      } catch (error) {
        client.release(true);
        throw error;
      }
    },
    close: () => pool.end(),
  };
};
