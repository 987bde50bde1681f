import { NeonDbError, neon, neonConfig, types } from "@neondatabase/serverless";
import { sql as statement } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import { CasingCache } from "drizzle-orm/casing";
import { faultError, faultKind } from "./faults.ts";

/**
 * Postgres over HTTP. A query is one round trip, a batch one round trip and one transaction.
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

/** What the template needs of drizzle's PgDialect; the dialect itself would pull every query builder into the bundle. */
const toPostgres: Parameters<SQL["toQuery"]>[0] = {
  casing: new CasingCache(),
  escapeName: (name) => `"${name.replaceAll('"', '""')}"`,
  escapeParam: (index) => `$${index + 1}`,
  escapeString: (text) => `'${text.replaceAll("'", "''")}'`,
};

const toInteger = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError("an int8 from the database exceeds 2^53 - 1");
  return value;
};

const toEpochMs = (text: string): number => {
  const ms = Date.parse(text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00"));
  if (Number.isNaN(ms)) throw new RangeError("a timestamp from the database is not finite");
  return ms;
};

type Parse = (text: string) => unknown;

const asText: Parse = (text) => text;
const textArrayOid = 1009;
const eachOf =
  (parse: Parse): Parse =>
  (text) =>
    (types.getTypeParser(textArrayOid)(text) as (string | null)[]).map((item) => (item === null ? null : parse(item)));

/** By type oid (pg_type.dat): int8, timestamptz, their arrays, and what the driver would read in a local time zone. */
const own: Readonly<Record<number, Parse>> = {
  20: toInteger,
  1016: eachOf(toInteger),
  1184: toEpochMs,
  1185: eachOf(toEpochMs),
  1082: asText,
  1114: asText,
};

const parsers = {
  getTypeParser: (oid: number, format?: "text" | "binary") => own[oid] ?? types.getTypeParser(oid, format),
} as typeof types;

const answered = async <Answer>(answer: Promise<Answer>): Promise<Answer> => {
  try {
    return await answer;
  } catch (error) {
    const kind = faultKind(error);
    throw kind === null ? error : faultError(kind, error);
  }
};

/**
 * @param fetchEndpoint the SQL-over-HTTP URL of a local stack; null for Neon's own, derived from the database URL. The
 *   driver keeps it in one global, so the latest call decides for all.
 */
export const connect = (databaseUrl: string, fetchEndpoint: string | null): Database => {
  if (fetchEndpoint !== null) neonConfig.fetchEndpoint = fetchEndpoint;
  const client = neon(databaseUrl);
  const deadline = () => ({ signal: AbortSignal.timeout(answerTimeoutMs) });
  const prepare = (query: SQL, fetchOptions: object) => {
    const { sql, params } = query.toQuery(toPostgres);
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
