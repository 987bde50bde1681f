import { NeonDbError } from "@neondatabase/serverless";
import type { SQL } from "drizzle-orm";
import pg from "pg";
import type { Database } from "../src/adapters/db/platform/client.ts";
import { answered, parsers, toStatement } from "../src/adapters/db/platform/wire.ts";
import { createPrepared, planSeconds } from "./prepared.ts";
import type { PreparedOptions } from "./prepared.ts";

/** The limits of Neon's proxy, which everything above was built for: what is too large there is too large here. */
export const neonLimits = { requestBytes: 10 * 1_048_576, responseBytes: 10 * 1_048_576, statementMs: 15_000 };

export type DatabaseOptions = Partial<typeof neonLimits> & {
  /** Connections at most; default 10. Who finds none free waits for `waitMs`. */
  readonly connections?: number;
  /** How long a connection may take to be had; default 5 s. */
  readonly waitMs?: number;
  readonly prepared?: PreparedOptions;
};

/** A database that is connected to, and can be left. */
export type ConnectedDatabase = Database & { readonly close: () => Promise<void> };

/** How long Postgres may take to end what it was asked to end. */
const endingMs = 1_000;

const copied = [
  "code",
  "detail",
  "hint",
  "position",
  "severity",
  "where",
  "table",
  "column",
  "schema",
  "dataType",
  "constraint",
  "routine",
] as const;

/** Every driver's errors are of one class, so that nothing above knows which one there is (decision 82). */
const asError = (error: unknown, code?: string): unknown => {
  if (!(error instanceof Error) || error instanceof RangeError || error instanceof NeonDbError) return error;
  const told = new NeonDbError(error.message);
  if (error instanceof pg.DatabaseError) {
    Object.assign(told, Object.fromEntries(copied.flatMap((name) => (error[name] === undefined ? [] : [[name, error[name]]]))));
  } else {
    told.sourceError = error;
    if (code !== undefined) told.code = code;
  }
  return told;
};

/** Of a shutdown or a crash (class 57P) Postgres tells before the connection ends: whoever took it next would only see that. */
const leavesUsable = (error: unknown): boolean =>
  error instanceof NeonDbError || (error instanceof pg.DatabaseError && error.code?.startsWith("57P") !== true);

/** The words and the status of Neon's proxy (faults.ts knows them). */
const tooLarge = (status: 413 | 507, what: string): Error => new NeonDbError(`Server error (HTTP status ${status}): ${what} is too large`);

const cancelled = (): Error => Object.assign(new NeonDbError("Query cancelled, connection was terminated"), { code: "08P01" });

const silent = (): Error => {
  const error = new NeonDbError("the database does not answer");
  error.sourceError = new DOMException("timed out", "TimeoutError");
  return error;
};

type Statement = ReturnType<typeof toStatement>;

const sizeOf = ({ sql, params }: Statement): number =>
  params.reduce<number>((sum, value) => sum + (typeof value === "string" ? Buffer.byteLength(value) : 8), Buffer.byteLength(sql));

/** Text, as it came: it is weighed before it is parsed. */
const asText = { getTypeParser: () => (text: unknown) => text } as unknown as pg.CustomTypesConfig;

/** What an answer may still weigh. Of one that is too large nothing more is kept, and the connection stays usable. */
type Scale = { bytesLeft: number };

/** Rows as texts, and how each is read. They are read once all is over: what can not be told was done all the same, as over HTTP. */
type Answer = { readonly rows: readonly (string | null)[][]; readonly fields: readonly pg.FieldDef[] };

type NameOf = (sql: string) => string | null;

const run = (client: pg.ClientBase, { sql, params }: Statement, scale: Scale, nameOf: NameOf): Promise<Answer> =>
  new Promise((resolve, reject) => {
    // The extended protocol, even without parameters: a text with two statements is refused, as over HTTP.
    const name = nameOf(sql);
    const config = {
      ...(name !== null && { name }),
      text: sql,
      values: params,
      rowMode: "array",
      types: asText,
      queryMode: "extended",
    } as pg.QueryArrayConfig;
    const rows: (string | null)[][] = [];
    const query = new pg.Query<(string | null)[]>(config as never);
    query.on("row", (row: (string | null)[]) => {
      // By characters: to count the bytes of each value would cost as much as all else that is done with it.
      for (const text of row) scale.bytesLeft -= text === null ? 4 : text.length + 3;
      if (scale.bytesLeft >= 0) rows.push(row);
    });
    query.on("error", reject);
    query.on("end", ({ fields }) => (scale.bytesLeft < 0 ? reject(tooLarge(507, "response")) : resolve({ rows, fields })));
    client.query(query);
  });

/** @throws RangeError for what no number or time can say */
const read = ({ rows, fields }: Answer): unknown[] => {
  const names = fields.map(({ name }) => name);
  const parse = fields.map(({ dataTypeID }) => parsers.getTypeParser(dataTypeID, "text") as (text: string) => unknown);
  return rows.map((texts) => {
    // A loop, as this is done with every value that there is.
    const row: Record<string, unknown> = {};
    for (let at = 0; at < names.length; at += 1) {
      const text = texts[at] ?? null;
      row[names[at] ?? ""] = text === null ? null : parse[at]?.(text);
    }
    return row;
  });
};

/** In one transaction. What `work` throws is thrown, whatever becomes of the rollback. */
const transacted = async <Result>(client: pg.ClientBase, work: () => Promise<Result>): Promise<Result> => {
  await client.query("begin isolation level read committed");
  try {
    const result = await work();
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
};

/**
 * Postgres over connections of its own, for a process that stays: the same port as `connect` (client.ts), held to it by one suite of tests
 * over both. A statement leaves nothing of its session behind but its plan (prepared.ts) and what it sets for the session, and none of ours
 * does.
 */
export const openDatabase = (databaseUrl: string, options: DatabaseOptions = {}): ConnectedDatabase => {
  const { connections = 10, waitMs = 5_000, prepared: names, ...limits } = { ...neonLimits, ...options };
  const prepared = createPrepared(names);
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: connections,
    connectionTimeoutMillis: waitMs,
    idleTimeoutMillis: 30_000,
    // A plan keeps the types of its parameters, whatever a migration makes of the columns (prepared.ts), and memory at the server.
    maxLifetimeSeconds: planSeconds,
    keepAlive: true,
    application_name: "tranche",
  });
  // A connection may go at any time, as at a restart of Postgres. Who uses it sees its statement fail.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));

  const acquire = async (): Promise<pg.PoolClient> => {
    try {
      return await pool.connect();
    } catch (error) {
      const isFull = pool.totalCount >= connections && pool.idleCount === 0;
      throw asError(error, isFull && !(error instanceof pg.DatabaseError) ? "53300" : undefined);
    }
  };

  /** Over a connection beside the pool: all of its own may be in use. */
  const terminate = async (client: pg.PoolClient): Promise<void> => {
    const { processID } = client as unknown as { readonly processID: number | null };
    const helper = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: endingMs, query_timeout: endingMs });
    helper.on("error", () => undefined);
    try {
      await helper.connect();
      await helper.query("select pg_terminate_backend($1)", [processID]);
    } catch {
      // Nobody is there who could; the connection is given up all the same.
    } finally {
      await helper.end().catch(() => undefined);
    }
  };

  const within = async <Result>(limitMs: number, work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> => {
    const client = await acquire();
    const [late, ended] = [Promise.withResolvers<never>(), Promise.withResolvers<null>()];
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      // Postgres is asked to end it, so that nothing goes on behind our back; where it can not be asked, nobody waits for it.
      void Promise.race([terminate(client).then(() => ended.promise), new Promise((given) => setTimeout(given, endingMs, "silent"))]).then(
        (outcome) => late.reject(outcome === null ? cancelled() : silent()),
      );
    }, limitMs);
    let isBroken = false;
    const working = work(client).finally(() => ended.resolve(null));
    working.catch(() => undefined);
    try {
      return await Promise.race([
        working.catch((error: unknown) => {
          // Its own words would be those of a connection that was lost.
          if (isLate) return late.promise;
          throw error;
        }),
        late.promise,
      ]);
    } catch (error) {
      isBroken = prepared.failed(error) || !leavesUsable(error);
      throw asError(error);
    } finally {
      clearTimeout(timer);
      // Postgres was asked to end a late one, even where it has answered meanwhile: nobody else may have that connection.
      client.release(isBroken || isLate);
    }
  };

  type Send = (statement: Statement, nameOf?: NameOf) => Promise<Answer>;

  const ask = <Result>(
    statements: readonly Statement[],
    work: (send: Send, client: pg.PoolClient) => Promise<Result>,
    limitMs = limits.statementMs,
  ): Promise<Result> => {
    const bytes = statements.reduce((sum, statement) => sum + sizeOf(statement), 0);
    if (bytes > limits.requestBytes) return Promise.reject<Result>(tooLarge(413, "request"));
    return within(limitMs, (client) => {
      const scale = { bytesLeft: limits.responseBytes };
      return work((statement, nameOf = () => null) => run(client, statement, scale, nameOf), client);
    });
  };

  /** One statement, by its name where it has one. */
  const askOne = async (statement: Statement): Promise<Answer> => {
    const startedAtMs = performance.now();
    try {
      return await ask([statement], (send) => send(statement, prepared.nameOf));
    } catch (error) {
      if (!prepared.failed(error)) throw error;
      return await ask([statement], (send) => send(statement), limits.statementMs - (performance.now() - startedAtMs));
    }
  };

  return {
    rows: async <Row>(query: SQL) => {
      const statement = toStatement(query);
      return read(await answered(askOne(statement))) as Row[];
    },
    batch: async <Results extends readonly unknown[][]>(queries: readonly SQL[]) => {
      const statements = queries.map(toStatement);
      // Without names: what precedes a `commitSoFar` has been done when a name fails.
      const answers = await answered(
        ask(statements, (send, client) =>
          transacted(client, async () => {
            const told: Answer[] = [];
            for (const statement of statements) told.push(await send(statement));
            return told;
          }),
        ),
      );
      return answers.map(read) as unknown as Results;
    },
    close: () => pool.end(),
  };
};
