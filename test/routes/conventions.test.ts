import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { createApp } from "../../src/app.ts";
import { pointers, startApi } from "../support/api.ts";
import type { Api } from "../support/api.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;

beforeAll(async () => {
  api = await startApi();
  acme = await api.onboard("acme");
});

const newService = { name: "conv", primary_cdn: "cloudflare", backup_cdn: "fastly" };

describe("every answer", () => {
  it("carries the headers of semantics §1", async () => {
    for (const path of ["/healthz", "/v1/services", "/v1/nothing"]) {
      const { headers } = await api.call("GET", path, { token: acme.viewer });
      expect(headers.get("x-request-id")).toMatch(/^[0-9a-f]{32}$/);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("cache-control")).toBe(path.startsWith("/v1") ? "no-store" : null);
    }
  });

  it("has a request id of its own, whatever the caller sends", async () => {
    for (const sent of ["a.B-c_1", "a b", "0".repeat(32)]) {
      const answer = await api.call("GET", "/v1/services/999", { token: acme.viewer, headers: { "x-request-id": sent } });
      const requestId = answer.headers.get("x-request-id");
      expect(requestId).toMatch(/^[0-9a-f]{32}$/);
      expect(requestId).not.toBe(sent);
      expect(answer.body["instance"]).toBe(requestId);
    }
  });
});

describe("paths and methods", () => {
  it("answers 404 for an unknown path, as a problem", async () => {
    const answer = await api.call("GET", "/v1/nothing");
    expect(answer.status).toBe(404);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.body).toMatchObject({ type: "about:blank", title: "Not found", status: 404 });
  });

  it.each([
    ["PUT", "/v1/services", "GET, HEAD, OPTIONS, POST"],
    ["POST", "/v1/services/7", "DELETE, GET, HEAD, OPTIONS, PATCH"],
    ["GET", "/v1/services/7/domains/8", "DELETE, OPTIONS, PATCH"],
    ["DELETE", "/v1/services/7/usage", "GET, HEAD, OPTIONS, PUT"],
    ["POST", "/healthz", "GET, HEAD, OPTIONS"],
  ])("%s %s is a 405 that allows %s", async (method, path, allow) => {
    const answer = await api.call(method, path, { token: acme.editor });
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe(allow);
    expect(answer.body["status"]).toBe(405);
  });

  it("answers OPTIONS on a known path with 204 and Allow, else 404", async () => {
    const known = await api.call("OPTIONS", "/v1/services/1", { token: null });
    expect([known.status, known.headers.get("allow"), known.text]).toEqual([204, "DELETE, GET, HEAD, OPTIONS, PATCH", ""]);
    expect((await api.call("OPTIONS", "/v1/nothing", { token: null })).status).toBe(404);
  });

  it("answers HEAD as GET without a body", async () => {
    const head = await api.call("HEAD", "/v1/services", { token: acme.viewer });
    expect([head.status, head.text, head.headers.get("content-type")]).toEqual([200, "", "application/json"]);
    expect((await api.call("HEAD", "/v1/services/999", { token: acme.viewer })).status).toBe(404);
  });
});

describe("request bodies", () => {
  const post = (body: string | Uint8Array | ReadableStream, headers: Record<string, string> = {}) =>
    api.app.request("/v1/services", {
      method: "POST",
      headers: { authorization: `Bearer ${acme.editor}`, "content-type": "application/json", ...headers },
      body,
    });

  it.each([
    ["malformed", "{", [""]],
    ["empty", "", [""]],
    ["not an object", "[]", [""]],
    ["an unknown field", JSON.stringify({ ...newService, "a/b": 1 }), ["/a~1b"]],
    ["a missing field", JSON.stringify({ name: "x", primary_cdn: "a" }), ["/backup_cdn"]],
    ["a duplicate key", '{"name":"x","name":"y","primary_cdn":"a","backup_cdn":"b"}', ["/name"]],
    ["an escaped duplicate key", '{"name":"x","n\\u0061me":"y","primary_cdn":"a","backup_cdn":"b"}', ["/name"]],
    ["a NUL character", '{"name":"x\\u0000","primary_cdn":"a","backup_cdn":"b"}', ["/name"]],
    ["a lone surrogate", '{"name":"\\ud800","primary_cdn":"a","backup_cdn":"b"}', ["/name"]],
    ["depth", `{"name":${"[".repeat(40)}${"]".repeat(40)}}`, [""]],
    ["null", "null", [""]],
    ["a huge number", '{"name":1e400,"primary_cdn":"a","backup_cdn":"b"}', ["/name"]],
    ["a poisoned prototype", '{"name":"x","primary_cdn":"a","backup_cdn":"b","__proto__":{"x":1}}', ["/__proto__"]],
  ])("%s: 400 with a pointer", async (_, body, expected) => {
    const response = await post(body);
    const problem = (await response.json()) as { errors: { pointer: string }[] };
    expect([response.status, problem.errors?.map((error) => error.pointer)]).toEqual([400, expected]);
  });

  it("refuses invalid UTF-8", async () => {
    const response = await post(new Uint8Array([0x22, 0xff, 0x22]));
    expect(response.status).toBe(400);
  });

  it.each(["text/plain", "application/xml", "application/merge-patch+json", "application/json; charset=latin1"])(
    "refuses %s with 415",
    async (type) => {
      expect((await post(JSON.stringify(newService), { "content-type": type })).status).toBe(415);
    },
  );

  it("refuses a body without a content type with 415", async () => {
    const response = await api.app.request("/v1/services", {
      method: "POST",
      headers: { authorization: `Bearer ${acme.editor}` },
      body: new TextEncoder().encode(JSON.stringify(newService)),
    });
    expect(response.status).toBe(415);
  });

  it("refuses more than 1 MiB, declared or streamed", async () => {
    const declared = await post("{}", { "content-length": String(1024 * 1024 + 1) });
    expect(declared.status).toBe(413);
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += 1;
        controller.enqueue(new Uint8Array(64 * 1024).fill(0x20));
      },
    });
    const streamed = await post(endless);
    expect(streamed.status).toBe(413);
    expect(sent).toBeLessThan(40);
  });

  it("takes a body of almost 1 MiB", async () => {
    const response = await post(JSON.stringify({ ...newService, name: "large" }) + " ".repeat(1024 * 1024 - 200));
    expect(response.status).toBe(201);
  });

  it("stores nothing of what it refuses", async () => {
    const [row] = await api.db.rows<{ count: number }>(sql`select count(*) as count from services where name <> 'large'`);
    expect(row?.count).toBe(0);
  });
});

describe("parameters", () => {
  it.each(["0", "-1", "9223372036854775808", "1e3", "%00", "abc", "1.5", "9007199254740993"])(
    "path id %s is a 400 that points at it",
    async (id) => {
      const answer = await api.call("GET", `/v1/services/${id}`, { token: acme.viewer });
      expect([answer.status, pointers(answer)]).toEqual([400, ["id"]]);
    },
  );

  it.each([
    ["limit=0", "limit"],
    ["limit=201", "limit"],
    ["limit=1e1", "limit"],
    ["limit=1&limit=2", "limit"],
    ["cursor=%00", "cursor"],
    ["cursor=!!!!", "cursor"],
    ["unknown=1", "unknown"],
  ])("query %s is a 400", async (query, pointer) => {
    const answer = await api.call("GET", `/v1/services?${query}`, { token: acme.viewer });
    expect([answer.status, pointers(answer)]).toEqual([400, [pointer]]);
  });
});

describe("failures of our own", () => {
  it.each([
    ["an Error", new Error("postgres://u:p@h/secret")],
    ["a string", "boom"],
  ])("%s becomes a 500 that shows nothing of itself, and is logged", async (_, thrown) => {
    const services = { ...api.deps.services, list: () => Promise.reject(thrown) };
    const app = createApp({ ...api.deps, services });
    const response = await app.request("/v1/services", { headers: { authorization: `Bearer ${acme.viewer}` } });
    expect(response.status).toBe(500);
    expect(response.headers.get("x-request-id")).toBeTruthy();
    const text = await response.text();
    expect(text).toContain("something went wrong on our side");
    expect(text).not.toMatch(/secret|boom/);
    expect(api.lines.findLast(({ event }) => event !== "request")).toMatchObject({ event: "request_failed", thrown });
  });
});

describe("health", () => {
  it("answers without any credential", async () => {
    expect(await api.call("GET", "/healthz", { token: null })).toMatchObject({ status: 200, text: "ok" });
    expect(await api.call("GET", "/readyz", { token: null })).toMatchObject({ status: 200, text: "ok" });
  });

  it("is not ready where the schema is another, or the database does not answer", async () => {
    const other = await startApi();
    await other.db.rows(sql`
      delete from drizzle.__drizzle_migrations where id = (select max(id) from drizzle.__drizzle_migrations)`);
    const behind = await other.call("GET", "/readyz", { token: null });
    expect([behind.status, behind.body["title"]]).toEqual([503, "Service unavailable"]);
    const gone = await startApi({ DATABASE_URL: "postgresql://user:hunter2@127.0.0.1:9/gone" });
    const answer = await gone.call("GET", "/readyz", { token: null });
    expect(answer.status).toBe(503);
    expect(answer.text).not.toMatch(/127\.0\.0\.1|hunter2/);
  });
});

describe("/openapi.json", () => {
  it("describes every route", async () => {
    const { body } = await api.call("GET", "/openapi.json", { token: null });
    expect(body["openapi"]).toBe("3.1.0");
    const described = Object.entries(body["paths"] as Record<string, object>).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const registered = api.app.routes
      // `/internal` is between the providers and their operator, `/`, the console and the style of `/docs` are for people in a browser:
      // none is for clients.
      .filter(
        ({ method, path }) =>
          method !== "ALL" && path !== "/openapi.json" && !/^\/($|(?:internal|console|docs\/assets)(?:\/|$))/.test(path),
      )
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
    expect(new Set(described)).toEqual(new Set(registered));
  });
});

describe("round trips to the database", () => {
  it("are one to read and at most two to write, once the token is cached", async () => {
    const token = acme.editor;
    const service = await api.service(token, "counted");
    const path = `/v1/services/${service.id}`;
    const policy = await api.created(`${path}/storm-policies`, {}, { token });
    const window = { window_start: "2026-11-21T01:00:00Z", window_end: "2026-11-21T02:00:00Z", primary_bytes: 1 };
    const calls: [number, string, string, unknown?][] = [
      [1, "GET", "/v1/services"],
      [1, "GET", path],
      [1, "GET", `${path}/routing`],
      [1, "GET", `${path}/usage`],
      [1, "GET", "/v1/storms"],
      [1, "GET", "/v1/invoices"],
      [1, "GET", "/v1/invoices/1"],
      [1, "PUT", `${path}/usage`, [window]],
      [1, "PATCH", `${path}/storm-policies/${policy.id}`, { window_seconds: 30 }],
      [2, "POST", `${path}/domains`, { name: "counted.example.test" }],
      [1, "DELETE", path],
    ];
    const network = vi.spyOn(globalThis, "fetch");
    for (const [trips, method, at, body] of calls) {
      network.mockClear();
      await api.call(method, at, { token, body, headers: method === "POST" ? { "idempotency-key": "counted" } : {} });
      expect([method, at, network.mock.calls.length]).toEqual([method, at, trips]);
    }
    network.mockRestore();
  });
});
