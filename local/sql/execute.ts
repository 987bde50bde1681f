import pg from "pg";
import type { Pools } from "./pools.ts";
import { Refusal } from "./refusal.ts";
import type { SqlRequest, Statement } from "./request.ts";

interface Limits {
  responseBytes: number;
  statementMs: number;
}

/** Values stay as Postgres wrote them: the driver at the other end parses them. */
const asText = { getTypeParser: () => (text: unknown) => text } as unknown as pg.CustomTypesConfig;

/**
 * Runs one request: a single statement by itself, a batch in one transaction that is rolled back by the first failure.
 * Always the extended protocol with the unnamed statement, so a text with two statements is refused.
 * @param cancelled aborts when the caller is gone; the time limit counts from the first statement
 * @returns the JSON of the answer
 * @throws Refusal 507, or 400 when cancelled; pg.DatabaseError for what Postgres refuses
 */
export const execute = async (
  pools: Pools,
  request: SqlRequest,
  limits: Limits,
  cancelled: AbortSignal,
  onRows: OnRows,
): Promise<string> => {
  const client = await pools.acquire(request.connectionString);
  let broken = false;
  const canceller = cancelOn(AbortSignal.any([cancelled, AbortSignal.timeout(limits.statementMs)]), client, request);
  try {
    return request.begin === null
      ? await single(client, request, limits, onRows)
      : await batch(client, request.begin, request.statements, limits, onRows);
  } catch (error) {
    broken ||= !(error instanceof pg.DatabaseError) && !(error instanceof Refusal);
    if (!canceller.fired()) throw error;
    throw new Refusal(400, { message: "Query cancelled, connection was terminated", code: "08P01" });
  } finally {
    broken ||= canceller.fired();
    canceller.stop();
    pools.release(client, broken);
  }
};

/** Called with the number of rows of each statement. */
type OnRows = (rows: number) => void;

const single = async (client: pg.PoolClient, request: SqlRequest, limits: Limits, onRows: OnRows): Promise<string> => {
  const [statement] = request.statements;
  if (statement === undefined) throw new Refusal(400, { message: "no statement" });
  const answer = await run(client, statement, onRows);
  if (Buffer.byteLength(answer) > limits.responseBytes) throw tooLarge(limits);
  return answer;
};

const batch = async (client: pg.PoolClient, begin: string, statements: readonly Statement[], limits: Limits, onRows: OnRows) => {
  await client.query(begin);
  try {
    const results: string[] = [];
    let bytes = 0;
    for (const statement of statements) {
      const result = await run(client, statement, onRows);
      bytes += Buffer.byteLength(result) + 1;
      if (bytes > limits.responseBytes) throw tooLarge(limits);
      results.push(result);
    }
    await client.query("COMMIT");
    return `{"results":[${results.join(",")}]}`;
  } catch (error) {
    // On a lost connection there is nothing left to roll back, and the first error is the one to report.
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
};

const tooLarge = (limits: Limits) => new Refusal(507, { message: `response is too large (max is ${limits.responseBytes} bytes)` });

const run = async (client: pg.PoolClient, statement: Statement, onRows: OnRows): Promise<string> => {
  const config = { text: statement.query, values: statement.params, rowMode: "array", types: asText };
  const result = await client.query<(string | null)[]>({ ...config, queryMode: "extended" } as pg.QueryArrayConfig);
  onRows(result.rows.length);
  if (result.command === "COPY") throw new Refusal(400, { message: "unexpected message from server" });
  const fields = result.fields.map((field) => ({
    name: field.name,
    dataTypeID: field.dataTypeID,
    tableID: field.tableID,
    columnID: field.columnID,
    dataTypeSize: field.dataTypeSize,
    dataTypeModifier: field.dataTypeModifier,
    format: "text",
  }));
  const names = fields.map((field) => field.name);
  const rows = statement.arrayMode ? result.rows : result.rows.map((row) => Object.fromEntries(row.map((value, at) => [names[at], value])));
  // pg leaves the command of an empty query null, whatever its types say.
  const command = (result.command as string | null) ?? "";
  return JSON.stringify({ rowAsArray: statement.arrayMode, fields, rows, command, rowCount: result.rowCount });
};

/** Asks Postgres over a second connection to stop what the first one is doing. */
const cancelOn = (signal: AbortSignal, client: pg.PoolClient, request: SqlRequest) => {
  let fired = false;
  const { processID } = client as unknown as { processID: number };
  const cancel = () => {
    fired = true;
    const helper = new pg.Client({ connectionString: request.connectionString });
    helper.on("error", () => undefined);
    helper
      .connect()
      .then(() => helper.query("SELECT pg_terminate_backend($1)", [processID]))
      .catch(() => undefined)
      .finally(() => void helper.end().catch(() => undefined));
  };
  signal.addEventListener("abort", cancel, { once: true });
  return { fired: () => fired, stop: () => signal.removeEventListener("abort", cancel) };
};
