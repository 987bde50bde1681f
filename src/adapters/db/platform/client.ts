import { NeonDbError, neon, neonConfig } from "@neondatabase/serverless";
import { sql as statement } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import { answered, parsers, toStatement } from "./wire.ts";

/**
 * Postgres, over HTTP (below) or over a connection (`self-hosted/database.ts`): the same values, errors and limits. A query is one
 * round trip, a batch one transaction.
 * Rows come back with int8 as number, timestamptz as epoch milliseconds (microseconds cut off), arrays of both
 * likewise, json parsed; numeric, date and timestamp without zone stay text.
 */
export interface Database {
  /**
   * @throws NeonDbError with the SQLSTATE in `code`
   * @throws AppError `unavailable` when the database is unreachable or refuses, `internal` when request or
   *   answer is too large for it; its `kind` says which (faults.ts). What was sent may still have been committed
   * @throws RangeError for an int8 beyond 2^53 - 1 or an infinite timestamp: the statement has then been executed
   */
  rows<Row>(query: SQL): Promise<Row[]>;
  /** All or nothing, in order, at READ COMMITTED; what precedes a `commitSoFar` is committed separately. @throws as `rows` */
  batch<Results extends readonly unknown[][]>(queries: readonly SQL[]): Promise<Results>;
}

/**
 * A statement of a batch that commits what precedes it, whatever follows, and releases its locks. Neon
 * forwards the statements of a batch as they are, and ends the open transaction after the last.
 */
export const commitSoFar: SQL = statement`commit and chain`;

/** The database's time, as `nowMs`. */
export const databaseTime: SQL = statement`select clock_timestamp() as "nowMs"`;

/** Time-out of one request; Neon itself gives up at 15 s. */
const answerTimeoutMs = 15_000;

/**
 * @param fetchEndpoint the SQL-over-HTTP URL of a local stack; null for Neon's own, derived from the database URL. The
 *   driver keeps it in one global, so the latest call decides for all.
 */
export const connect = (databaseUrl: string, fetchEndpoint: string | null): Database => {
  if (fetchEndpoint !== null) neonConfig.fetchEndpoint = fetchEndpoint;
  const client = neon(databaseUrl);
  const deadline = () => ({ signal: AbortSignal.timeout(answerTimeoutMs) });
  const prepare = (query: SQL, fetchOptions: object) => {
    const { sql, params } = toStatement(query);
    return client.query(sql, params, { types: parsers, fetchOptions });
  };
  return {
    rows: async <Row>(query: SQL) => (await answered(prepare(query, deadline()))) as Row[],
    batch: async <Results extends readonly unknown[][]>(queries: readonly SQL[]) => {
      // The driver takes the parsers of a batch from its queries and the deadline from the batch.
      const prepared = queries.map((query) => prepare(query, {}));
      const options = { isolationLevel: "ReadCommitted", fetchOptions: deadline() } as const;
      return (await answered(client.transaction(prepared, options))) as unknown as Results;
    },
  };
};

/** True where a write failed on this constraint or unique index. */
export const violates = (error: unknown, constraint: string): boolean => error instanceof NeonDbError && error.constraint === constraint;

/** True where a transaction found that somebody else had changed what it had read (`require_unchanged` of drizzle/0059): nothing is written. */
export const isChanged = (error: unknown): boolean => error instanceof NeonDbError && error.code === "40001";
