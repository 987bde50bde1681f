import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import pg from "pg";
import type { SqlEndpoint } from "../local/sql-endpoint.ts";
import { parseRequest, readBody } from "../local/sql/request.ts";
import type { SqlRequest, Statement } from "../local/sql/request.ts";
import { touchedBy } from "../test/support/explain.ts";
import type { Plan } from "../test/support/explain.ts";

/** What one statement did when it was sent: rows it looked at, blocks it needed, and the tables that most rows were of. */
export type Asked = {
  readonly caller: string;
  readonly statement: string;
  readonly rows: number;
  readonly blocks: number;
  readonly tables: readonly string[];
};

const requestBytes = 10 * 1_048_576;
const explainable = /^\s*(select|with|insert|update|delete|merge|values|table)\b/i;
const endsTransaction = /^\s*(commit|rollback|begin)\b/i;

/** Statements that differ only in how many values a list has are one. */
const nameless = (query: string): string =>
  query
    .replace(/\s+/g, " ")
    .trim()
    .replace(/\$\d+/g, "$")
    .replace(/\$(?:, ?\$)+/g, "$, …")
    .replace(/(\(\$[^()]*\))(?:, ?\(\$[^()]*\))+/g, "$1, …");

type Counts = ReadonlyMap<string, number>;

/** Rows read of each table by this transaction: including triggers and functions, which no plan shows. */
const tableReads = async (client: pg.ClientBase): Promise<Counts> => {
  const { rows } = await client.query<{ relname: string; n: string }>(
    "select relname, seq_tup_read + coalesce(idx_tup_fetch, 0) as n from pg_stat_xact_user_tables where seq_tup_read > 0 or idx_tup_fetch > 0",
  );
  return new Map(rows.map(({ relname, n }) => [relname, Number(n)]));
};

const differences = (before: Counts, after: Counts): readonly (readonly [table: string, rows: number])[] =>
  [...after]
    .map(([table, rows]) => [table, rows - (before.get(table) ?? 0)] as const)
    .filter(([, rows]) => rows > 0)
    .toSorted((a, b) => b[1] - a[1]);

/** Of a plan whose reads were all of indexes alone. */
const relationsOf = (plan: Plan): readonly string[] => [
  ...(typeof plan["Relation Name"] === "string" ? [plan["Relation Name"]] : []),
  ...(plan.Plans ?? []).flatMap(relationsOf),
];

const explain = async (
  client: pg.ClientBase,
  { query, params }: Statement,
  caller: string,
  before: Counts,
): Promise<{ asked: Asked; after: Counts }> => {
  const {
    rows: [row],
  } = await client.query<{ "QUERY PLAN": readonly { readonly Plan: Plan }[] }>(
    `explain (analyze, buffers, timing off, format json) ${query}`,
    params,
  );
  const plan = row?.["QUERY PLAN"][0]?.Plan ?? {};
  const after = await tableReads(client);
  const reads = differences(before, after);
  const { rows, blocks } = touchedBy(plan);
  const tables = reads.length > 0 ? reads.map(([table]) => table) : [...new Set(relationsOf(plan))];
  return {
    asked: {
      caller,
      statement: nameless(query),
      rows: Math.max(
        rows,
        reads.reduce((sum, [, read]) => sum + read, 0),
      ),
      blocks,
      tables: tables.slice(0, 3),
    },
    after,
  };
};

/**
 * Stands before the local SQL endpoint: whatever is sent is first run on a connection of its own by EXPLAIN (ANALYZE, BUFFERS),
 * with its parameters and in its transaction, and rolled back; then it is passed on as it came.
 */
export const startHistoryProxy = async (endpoint: SqlEndpoint) => {
  const pools = new Map<string, pg.Pool>();
  const asked: Asked[] = [];
  const refused = new Map<string, string>();
  const who = { caller: "nobody" };

  const poolOf = (connectionString: string): pg.Pool => {
    const pool = pools.get(connectionString) ?? new pg.Pool({ connectionString, max: 8 });
    if (!pools.has(connectionString)) pool.on("error", () => undefined);
    pools.set(connectionString, pool);
    return pool;
  };

  const explainAll = async ({ connectionString, begin, statements }: SqlRequest, caller: string): Promise<void> => {
    const client = await poolOf(connectionString).connect();
    try {
      await client.query(begin ?? "begin");
      // What is compiled has the same plan.
      await client.query("set local jit = off");
      let before = await tableReads(client);
      for (const statement of statements) {
        if (explainable.test(statement.query)) {
          const one = await explain(client, statement, caller, before);
          asked.push(one.asked);
          before = one.after;
        } else if (!endsTransaction.test(statement.query)) {
          await client.query(statement.query, statement.params);
        }
      }
    } catch (error) {
      // The application gets the same error from its own execution.
      refused.set(caller, error instanceof Error ? error.message : "failed");
    } finally {
      await client.query("rollback").catch(() => undefined);
      client.release();
    }
  };

  const pass = async (request: IncomingMessage): Promise<{ status: number; text: string }> => {
    const { caller } = who;
    const body = await readBody(request, requestBytes);
    await explainAll(parseRequest(request.headers, body), caller);
    const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
      name.startsWith("neon-") && typeof value === "string" ? [[name, value]] : [],
    );
    const answer = await fetch(endpoint.url, { method: "POST", headers: Object.fromEntries(headers), body: new Uint8Array(body) });
    return { status: answer.status, text: await answer.text() };
  };

  const server = createServer((request, response) => {
    pass(request).then(
      ({ status, text }) => response.writeHead(status, { "content-type": "application/json" }).end(text),
      (error: unknown) => response.writeHead(500, { "content-type": "application/json" }).end(JSON.stringify({ message: String(error) })),
    );
  });
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sql`,
    asked,
    /** What EXPLAIN failed on, by who asked: what the database refuses, it refuses twice. */
    refused,
    /** Statements until this ends are attributed to `caller`. */
    as: async <Result>(caller: string, work: () => Promise<Result>): Promise<Result> => {
      who.caller = caller;
      try {
        return await work();
      } finally {
        who.caller = "nobody";
      }
    },
    /** Closes connections to a database that is about to be dropped. */
    letGo: async (connectionString: string) => {
      await pools.get(connectionString)?.end();
      pools.delete(connectionString);
      await endpoint.closeDatabase(connectionString);
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      for (const pool of pools.values()) await pool.end();
    },
  };
};

export type HistoryProxy = Awaited<ReturnType<typeof startHistoryProxy>>;
