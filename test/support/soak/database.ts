import type { SQL } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import pg from "pg";
import type { Database } from "../../../src/adapters/db/platform/client.ts";
import type { SoakClock } from "./clock.ts";

/** PostgreSQL with the simulation's time as its own. */
export type SoakDatabase = {
  readonly db: Database;
  /** For the referee: pg's own types but for int8, which is a number. Takes no simulated time. */
  readonly sql: <Row>(text: string, params?: readonly unknown[]) => Promise<Row[]>;
  readonly count: { trips: number };
  readonly close: () => Promise<void>;
};

const toMs = (text: string): number => Date.parse(text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00"));
const asText = (text: string): string => text;

/** As the application's client reads them (`adapters/db/platform/client.ts`). */
const typesOfClient = (): pg.TypeOverrides => {
  const types = new pg.TypeOverrides();
  const textArray = types.getTypeParser(1009) as unknown as (text: string) => (string | null)[];
  const each = (parse: (text: string) => unknown) => (text: string) => textArray(text).map((item) => (item === null ? null : parse(item)));
  types.setTypeParser(20, Number);
  types.setTypeParser(1016, each(Number));
  types.setTypeParser(1184, toMs);
  types.setTypeParser(1185, each(toMs));
  types.setTypeParser(1082, asText);
  types.setTypeParser(1114, asText);
  return types;
};

/**
 * Stands before PostgreSQL's own functions in the search path: whatever asks for the time, statement or trigger, is told the
 * simulation's. Leases lapse, samples come from the future and providers fall silent by that time.
 */
const simulatedTime = `
  create schema simulated;
  create function simulated.clock_timestamp() returns timestamptz language sql volatile as $$ select current_setting('simulated.now')::timestamptz $$;
  create function simulated.now() returns timestamptz language sql volatile as $$ select current_setting('simulated.now')::timestamptz $$;`;

/**
 * One connection, which does one thing after the other in the order in which it was asked: what a run comes to depends on its
 * seed and on nothing else.
 */
export const openSoakDatabase = async (url: string, clock: SoakClock): Promise<SoakDatabase> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(simulatedTime);
  await client.query("set search_path = simulated, pg_catalog, public");
  await client.query("set jit = off");
  await client.query("set max_parallel_workers_per_gather = 0");
  const dialect = new PgDialect();
  const types = typesOfClient();
  const names = new Map<string, string>();
  const count = { trips: 0 };
  let toldMs = Number.NaN;
  let line: Promise<unknown> = Promise.resolve();

  const inLine = <T>(work: () => Promise<T>): Promise<T> =>
    clock.during(async () => {
      const before = line;
      const own = Promise.withResolvers<void>();
      line = own.promise;
      await before;
      try {
        if (toldMs !== clock.nowMs()) await client.query(`set simulated.now = '${new Date(clock.nowMs()).toISOString()}'`);
        toldMs = clock.nowMs();
        return await work();
      } finally {
        own.resolve();
      }
    });

  const prepared = (query: SQL): pg.QueryConfig => {
    const { sql: text, params } = dialect.sqlToQuery(query);
    const name = names.get(text) ?? `statement_${names.size + 1}`;
    names.set(text, name);
    return { name, text, values: params, types };
  };

  const db: Database = {
    rows: async <Row>(query: SQL) => {
      count.trips += 1;
      return await inLine(async () => (await client.query(prepared(query))).rows as Row[]);
    },
    batch: async <Results extends readonly unknown[][]>(queries: readonly SQL[]) => {
      count.trips += 1;
      return await inLine(async () => {
        try {
          await client.query("begin");
          const results: unknown[][] = [];
          for (const query of queries) results.push((await client.query(prepared(query))).rows);
          await client.query("commit");
          return results as unknown as Results;
        } catch (error) {
          await client.query("rollback");
          throw error;
        }
      });
    },
  };
  const ownTypes = new pg.TypeOverrides();
  ownTypes.setTypeParser(20, Number);
  return {
    db,
    count,
    sql: async <Row>(text: string, params: readonly unknown[] = []) =>
      await inLine(async () => (await client.query({ text, values: [...params], types: ownTypes })).rows as Row[]),
    close: () => client.end(),
  };
};
