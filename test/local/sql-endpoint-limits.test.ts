import { neon, neonConfig } from "@neondatabase/serverless";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startSqlEndpoint } from "../../local/sql-endpoint.ts";
import type { SqlEndpoint } from "../../local/sql-endpoint.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";

let database: TestDatabase;
let endpoint: SqlEndpoint;
let driver: ReturnType<typeof neon<false, false>>;

beforeAll(async () => {
  database = await freshDatabase();
  endpoint = await startSqlEndpoint({ recordRequests: 3 });
  await database.sql("create table t (id bigint primary key, name text)");
  driver = neon(database.url);
});
beforeEach(() => {
  neonConfig.fetchEndpoint = endpoint.url;
});
afterAll(async () => {
  await endpoint.closeDatabase(database.url);
  await database.close();
  await endpoint.close();
});

const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "no error",
    (error: unknown) => error,
  );

describe("limits", () => {
  it("cancels a statement that runs too long, and what it did", async () => {
    const hasty = await startSqlEndpoint({ limits: { statementMs: 500 } });
    neonConfig.fetchEndpoint = hasty.url;
    const startedAt = performance.now();
    const error = await caught(driver.transaction([driver.query("insert into t values (5, 'slow')"), driver.query("select pg_sleep(20)")]));
    expect(error).toMatchObject({ message: "Query cancelled, connection was terminated", code: "08P01" });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(await database.sql("select * from t where id = 5")).toEqual([]);
    expect(await driver.query("select 1 as fine")).toEqual([{ fine: 1 }]);
    await hasty.close();
  });

  it("stops the statement of a caller who has gone", async () => {
    const gone = driver.query("select pg_sleep(14), 'gone'", [], {
      fetchOptions: { signal: AbortSignal.timeout(300) },
    });
    expect(await caught(gone)).toMatchObject({ sourceError: { name: "TimeoutError" } });
    const running = () => database.sql("select 1 from pg_stat_activity where query like 'select pg_sleep(14)%' and state = 'active'");
    await expect.poll(running, { timeout: 60_000 }).toEqual([]);
  });

  it("takes a request and gives an answer of nearly 10 MiB, and refuses larger ones", async () => {
    const size = 10 * 1_048_576;
    const [row] = await driver.query("select length($1::text) as n", ["x".repeat(size - 200)]);
    expect(row).toEqual({ n: size - 200 });
    expect(await caught(driver.query("select length($1::text) as n", ["x".repeat(size)]))).toMatchObject({
      message: expect.stringContaining("HTTP status 413"),
    });
    const [big] = (await driver.query("select repeat('y', $1) as v", [size - 400])) as { v: string }[];
    expect(big?.v).toHaveLength(size - 400);
    expect(await caught(driver.query("select repeat('y', $1) as v", [size]))).toMatchObject({
      message: expect.stringContaining("HTTP status 507"),
    });
  });

  it("rolls a batch back whose answer is too large", async () => {
    const failing = driver.transaction([
      driver.query("insert into t values (6, 'large')"),
      ...Array.from({ length: 3 }, () => driver.query("select repeat('z', 4000000) as v")),
    ]);
    expect(await caught(failing)).toMatchObject({ message: expect.stringContaining("HTTP status 507") });
    expect(await database.sql("select * from t where id = 6")).toEqual([]);
  });

  it("refuses a body that grows beyond the limit without saying so first", async () => {
    const chunk = new Uint8Array(1_048_576).fill(32);
    let sent = 0;
    const body = new ReadableStream({
      pull: (controller) => {
        sent += 1;
        if (sent > 12) controller.close();
        else controller.enqueue(chunk);
      },
    });
    const init = { method: "POST", body, duplex: "half", headers: headers() };
    const outcome = await fetch(endpoint.url, init as RequestInit).then(
      (response) => response.status,
      () => 413,
    );
    expect(outcome).toBe(413);
  });
});

const headers = (more: Record<string, string> = {}) => ({
  "Neon-Connection-String": database.url,
  "Neon-Raw-Text-Output": "true",
  "Neon-Array-Mode": "true",
  ...more,
});

describe("strictness", () => {
  const post = async (body: unknown, send: Record<string, string> = headers()) => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const response = await fetch(endpoint.url, { method: "POST", headers: send, body: text });
    return [response.status, ((await response.json()) as { message?: string }).message];
  };
  const query = "select 1";

  it("accepts what it should", async () => {
    expect((await post({ query }))[0]).toBe(200);
    expect((await post({ query, params: [], arrayMode: false }))[0]).toBe(200);
    expect((await post({ queries: [{ query }, { query: "select $1::int", params: [1] }] }))[0]).toBe(200);
  });

  it.each<[string, unknown]>([
    ["not JSON", "{"],
    ["must be an object", []],
    ["must be an object", null],
    ['must have a text "query"', {}],
    ['must have a text "query"', { query: 1 }],
    ["unknown field: sql", { query, sql: "x" }],
    ["unknown field: query", { queries: [], query }],
    ["queries must be an array", { queries: { query } }],
    ["queries[1] must be an object", { queries: [{ query }, "select 1"] }],
    ["queries[0] has an unknown field: param", { queries: [{ query, param: [] }] }],
    ["params must be an array", { query, params: "x" }],
    ["params must be an array", { query, params: null }],
    ["arrayMode must be a boolean", { query, arrayMode: "yes" }],
    ["NUL", { query: "select '\0'" }],
  ])("refuses a body: %s", async (message, body) => {
    expect(await post(body)).toEqual([400, expect.stringContaining(message)]);
  });

  it.each<[string, string, string | null]>([
    ["missing header: Neon-Connection-String", "Neon-Connection-String", null],
    ["not a postgres URL", "Neon-Connection-String", "mysql://a:b@c/d"],
    ["not a postgres URL", "Neon-Connection-String", "nothing"],
    ["user or password missing", "Neon-Connection-String", "postgresql://127.0.0.1/x"],
    ["host or database missing", "Neon-Connection-String", "postgresql://a:b@127.0.0.1"],
    ["Neon-Raw-Text-Output must be true", "Neon-Raw-Text-Output", null],
    ["neon-array-mode must be true or false", "Neon-Array-Mode", "1"],
    ["invalid isolation level", "Neon-Batch-Isolation-Level", "read committed"],
    ["neon-batch-read-only must be true or false", "Neon-Batch-Read-Only", "yes"],
  ])("refuses headers: %s", async (message, name, value) => {
    const { [name]: _, ...rest } = headers() as Record<string, string>;
    expect(await post({ queries: [{ query }] }, value === null ? rest : { ...rest, [name]: value })).toEqual([
      400,
      expect.stringContaining(message),
    ]);
  });

  it("knows one path and one method", async () => {
    expect((await fetch(endpoint.url.replace("/sql", "/"), { method: "POST" })).status).toBe(404);
    expect((await fetch(endpoint.url)).status).toBe(405);
  });

  it("converts parameters as Neon does", async () => {
    const params = [1, true, { a: [1] }, [1, null, [true, 'x"y'], { b: 1 }], null];
    const response = await fetch(endpoint.url, {
      method: "POST",
      headers: headers(),
      body: JSON.stringify({ query: "select $1::text, $2::text, $3::text, $4::text, $5::text", params }),
    });
    const { rows } = (await response.json()) as { rows: unknown[] };
    expect(rows).toEqual([["1", "true", '{"a":[1]}', '{1,NULL,{true,"x\\"y"},"{\\"b\\":1}"}', null]]);
  });

  it("serves only what is allowed, and reports a database that is away", async () => {
    const other = await startSqlEndpoint({ allow: (url) => !url.includes("secret") });
    neonConfig.fetchEndpoint = other.url;
    expect(await caught(neon("postgresql://a:b@127.0.0.1:1/secret").query("select 1"))).toMatchObject({
      message: "this database is not served here",
    });
    expect(await caught(neon("postgresql://a:b@127.0.0.1:1/open").query("select 1"))).toMatchObject({
      message: expect.stringMatching(/HTTP status 500.*ECONNREFUSED/),
    });
    await other.close();
  });
});

describe("statistics", () => {
  it("count requests, statements and bytes, and keep the latest", async () => {
    endpoint.stats.reset();
    await driver.query("select 1 as a");
    await driver.transaction([driver.query("select 2"), driver.query("select $1::text", ["x".repeat(1_000)])]);
    await caught(driver.query("nonsense"));
    const { requests, statements, bytesIn, bytesOut, recent } = endpoint.stats;
    expect([requests, statements]).toEqual([3, 4]);
    expect(bytesIn).toBeGreaterThan(1_000);
    expect(bytesOut).toBeGreaterThan(1_000);
    expect(recent.map((request) => request.queries)).toEqual([["select 1 as a"], ["select 2", "select $1::text"], ["nonsense"]]);
    for (const { durationMs } of recent) expect(durationMs).toBeGreaterThan(0);
    await driver.query("select 3");
    expect(endpoint.stats.recent).toHaveLength(3);
    endpoint.stats.reset();
    expect([endpoint.stats.requests, endpoint.stats.bytesOut, endpoint.stats.recent]).toEqual([0, 0, []]);
  });
});
