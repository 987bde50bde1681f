import { neonConfig } from "@neondatabase/serverless";
import { sql } from "drizzle-orm";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { startSqlEndpoint } from "../../../local/sql-endpoint.ts";
import { connect } from "../../../src/adapters/db/platform/client.ts";
import { faultKind } from "../../../src/adapters/db/platform/faults.ts";
import type { FaultKind } from "../../../src/adapters/db/platform/faults.ts";
import { AppError } from "../../../src/errors.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await freshDatabase();
});
afterEach(() => {
  neonConfig.fetchEndpoint = database.fetchEndpoint;
  vi.restoreAllMocks();
});
afterAll(() => database.close());

const caught = async (promise: Promise<unknown>): Promise<unknown> =>
  await promise.then(
    () => "no error",
    (error: unknown) => error,
  );

/** What a statement comes to when the proxy answers so. */
const answeredWith = async (status: number, body: unknown): Promise<unknown> => {
  vi.spyOn(globalThis, "fetch").mockImplementation(
    async () => new Response(typeof body === "string" ? body : JSON.stringify(body), { status }),
  );
  return await caught(connect(database.url, database.fetchEndpoint).rows(sql`select 1`));
};

const secret = "role neondb_owner at ep-cool-1 has host 10.1.2.3";

describe("a database that refuses is named as what it is", () => {
  it.each<[string, number, unknown, FaultKind, string | null]>([
    ["its plan's quota", 402, { message: `Your project has exceeded the data transfer quota. ${secret}` }, "quota", "300"],
    [
      "a quota under another status",
      400,
      { message: "Your account or project has exceeded the compute time quota.", code: "" },
      "quota",
      "300",
    ],
    ["a quota under a code", 400, { message: "Your project has exceeded the active time quota", code: "53300" }, "quota", "300"],
    ["an answer that is too large", 507, { message: `response is too large (max is 10485760 bytes) ${secret}` }, "answer_too_large", null],
    ["a request that is too large", 413, { message: "request is too large" }, "request_too_large", null],
    ["a full disk", 400, { message: `could not extend file: ${secret}`, code: "53100" }, "disk_full", "300"],
    ["no memory", 400, { message: secret, code: "53200" }, "out_of_memory", "5"],
    ["no connection free", 400, { message: secret, code: "53300" }, "too_many_connections", "5"],
    ["a replica or a read-only session", 400, { message: secret, code: "25006" }, "read_only", "300"],
    ["a wrong password", 400, { message: secret, code: "28P01" }, "refused_credentials", "300"],
    ["a database that is not there", 400, { message: secret, code: "3D000" }, "missing_database", "300"],
    ["a start", 400, { message: secret, code: "57P03" }, "restarting", "5"],
    ["a shutdown", 400, { message: secret, code: "57P01" }, "restarting", "5"],
    ["a broken disk", 400, { message: secret, code: "58030" }, "storage_error", "300"],
    ["a statement over 15 s", 400, { message: "Query cancelled, connection was terminated", code: "08P01" }, "too_slow", "5"],
    ["a lost connection", 400, { message: secret, code: "08006" }, "unreachable", "5"],
    ["too many requests", 429, secret, "rate_limited", "5"],
    ["credentials that the proxy refuses", 403, secret, "refused_credentials", "300"],
    ["anything else of the proxy", 500, secret, "unreachable", "5"],
    ["a refusal without a code", 400, { message: secret, code: null }, "unreachable", "5"],
  ])("%s", async (_, status, body, kind, retryAfter) => {
    const error = await answeredWith(status, body);
    if (!(error instanceof AppError)) throw new Error(`not an AppError: ${String(error)}`);
    expect([error.code, error.kind]).toEqual([retryAfter === null ? "internal" : "unavailable", kind]);
    expect(error.headers["retry-after"]).toBe(retryAfter ?? undefined);
    expect(error.message).not.toMatch(/neondb_owner|ep-cool|10\.1\.2\.3|\d{4}/);
  });

  it.each(["23505", "42601", "40001", "57014", "22003"])("but a statement's own mistake (%s) stays what it is", async (code) => {
    const error = await answeredWith(400, { message: "mistake", code });
    expect(error).toMatchObject({ name: "NeonDbError", code });
    expect(faultKind(error)).toBeNull();
  });

  it("who does not answer, and who is not there", async () => {
    vi.spyOn(globalThis, "fetch").mockImplementation(async () => {
      throw new DOMException("timed out", "TimeoutError");
    });
    expect(await caught(connect(database.url, database.fetchEndpoint).rows(sql`select 1`))).toMatchObject({ kind: "no_answer" });
    vi.spyOn(globalThis, "fetch").mockImplementation(async () => {
      throw new TypeError("fetch failed");
    });
    expect(await caught(connect(database.url, database.fetchEndpoint).rows(sql`select 1`))).toMatchObject({ kind: "unreachable" });
    expect(faultKind(new RangeError("an int8 from the database exceeds 2^53 - 1"))).toBeNull();
  });
});

describe("the local endpoint says what Neon's says", () => {
  it("of answers, requests and statements beyond its limits, and of a session that may not write", async () => {
    const small = await startSqlEndpoint({ limits: { requestBytes: 10_000, responseBytes: 10_000, statementMs: 300 } });
    const db = connect(database.url, small.url);
    expect(await caught(db.rows(sql`select repeat('x', 20000) as x`))).toMatchObject({ kind: "answer_too_large", code: "internal" });
    expect(await caught(db.rows(sql`select ${"x".repeat(20_000)}::text as x`))).toMatchObject({
      kind: "request_too_large",
      code: "internal",
    });
    expect(await caught(db.rows(sql`select pg_sleep(5)`))).toMatchObject({ kind: "too_slow" });
    expect(await caught(db.batch([sql`set transaction read only`, sql`create table t (x int)`]))).toMatchObject({
      kind: "read_only",
      code: "unavailable",
    });
    await small.closeDatabase(database.url);
    await small.close();
  });
});
