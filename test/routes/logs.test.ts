import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createApp } from "../../src/app.ts";
import { parseConfig } from "../../src/config.ts";
import { buildDeps } from "../../src/deps.ts";
import { freshEnv } from "../support/worker-env.ts";

type Line = { level: string; event: string; [field: string]: unknown };

const adminToken = "admin/token+for~logs-0123456789abcdef";
const secrets = { metrics: "metrics-token-of-the-test", jwt: "a shared secret of 32 bytes or more!", cron: "cron-secret-of-the-test" };
const printed: string[] = [];
const lines = (): Line[] => printed.map((line) => JSON.parse(line) as Line);

let app: ReturnType<typeof createApp>;
let deps: ReturnType<typeof buildDeps>;
let customer: { id: number; token: string };

const call = async (method: string, path: string, headers: Record<string, string> = {}, body?: unknown) =>
  await app.request(path, {
    method,
    headers: { authorization: `Bearer ${adminToken}`, ...(body !== undefined && { "content-type": "application/json" }), ...headers },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });

const last = () => lines().findLast(({ event }) => event === "request");

beforeAll(async () => {
  for (const method of ["log", "warn", "error"] as const) {
    vi.spyOn(console, method).mockImplementation((line: unknown) => void printed.push(String(line)));
  }
  const env = await freshEnv({
    ADMIN_TOKEN: adminToken,
    METRICS_TOKEN: secrets.metrics,
    AUTH_JWT_SECRET: secrets.jwt,
    CRON_SECRET: secrets.cron,
  });
  deps = buildDeps(parseConfig(env));
  app = createApp(deps);
  const { id } = (await (await call("POST", "/v1/customers", {}, { name: "acme" })).json()) as { id: number };
  const made = await call("POST", `/v1/customers/${id}/tokens`, {}, { name: "ci", role: "editor" });
  customer = { id, token: ((await made.json()) as { token: string }).token };
});

afterAll(() => vi.restoreAllMocks());

describe("a request that is refused, fails or writes", () => {
  it("is one line: who, what, how, how long", async () => {
    const before = printed.length;
    const headers = { authorization: `Bearer ${customer.token}`, "x-request-id": "r-17" };
    await call("GET", "/v1/services/4711?customer_id=", headers);
    expect(printed.length).toBe(before + 1);
    expect(last()).toMatchObject({
      level: "info",
      clientRequestId: "r-17",
      requestId: expect.stringMatching(/^[0-9a-f]{32}$/),
      method: "GET",
      route: "/v1/services/:id",
      status: 403,
      provider: "local",
    });
    await call("GET", "/v1/services/4711", headers);
    expect(last()).toMatchObject({ status: 404, customerId: customer.id });
    expect(last()?.["durationMs"]).toBeGreaterThanOrEqual(0);
    expect(printed.at(-1)).not.toContain("4711");
  });

  it("is told from a read that went well, which leaves none", async () => {
    const before = printed.length;
    await call("GET", "/v1/customers");
    await call("HEAD", "/healthz");
    await call("OPTIONS", "/v1/services");
    expect(printed.length).toBe(before);
    await call("POST", "/v1/customers", {}, { name: "told" });
    expect(last()).toMatchObject({ method: "POST", route: "/v1/customers", status: 201 });
  });

  it("is a line too where nothing is found, allowed or meant", async () => {
    for (const [method, path, route, status] of [
      ["GET", "/v1/nowhere", "unrouted", 404],
      ["PUT", "/v1/services", "unrouted", 405],
      ["HEAD", "/v1/services/0", "/v1/services/:id", 400],
      ["PROPFIND", "/v1/services", "unrouted", 405],
    ] as const) {
      await call(method, path);
      expect(last()).toMatchObject({ route, status, method: method === "PROPFIND" ? "other" : method });
    }
  });
});

describe("secrets", () => {
  it("never stand in a line, wherever they were put", async () => {
    const { token } = customer;
    const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJjdXN0b21lcl9pZCI6MX0.c2lnbmF0dXJlLXNpZ25hdHVyZQ";
    const marks = ["body-mark-4242", "query-mark-4242", "path-mark-4242", "header-mark-4242"];
    const asked: [string, string, Record<string, string>?, unknown?][] = [
      ["GET", "/v1/services", { authorization: `Bearer ${token}` }],
      ["GET", "/v1/services", { authorization: `Bearer ${jwt}` }],
      ["GET", "/v1/services", { "x-api-key": token, authorization: "" }],
      ["GET", "/v1/services", { "x-request-id": token }],
      ["GET", "/v1/services", { "x-request-id": secrets.metrics }],
      ["GET", "/v1/services", { "x-customer-id": adminToken }],
      ["GET", `/v1/services?token=${token}&mark=query-mark-4242`],
      ["GET", `/v1/services/${token}`],
      ["GET", `/${encodeURIComponent(adminToken)}/path-mark-4242`],
      ["GET", "/metrics", { authorization: `Bearer ${secrets.metrics}` }],
      ["GET", "/metrics", { authorization: `Bearer ${secrets.metrics}x` }],
      ["POST", "/v1/customers", {}, { name: `body-mark-4242 ${token}` }],
      ["POST", "/v1/customers", {}, `{"name": "body-mark-4242 ${token}`],
      ["POST", "/v1/customers", { "idempotency-key": token, "x-other": "header-mark-4242" }, { name: "body-mark-4242" }],
      ["POST", "/v1/customers", {}, { name: "body-mark-4242" }],
      ["POST", `/v1/customers/${customer.id}/tokens`, {}, { name: "again", role: "viewer" }],
    ];
    for (const [method, path, headers, body] of asked) await call(method, path, headers, body);
    const failures = [
      new Error(`connect postgresql://user:hunter2@db.example.com/x with ${adminToken}`),
      new Error("outer", { cause: new Error(`inner ${token} ${secrets.jwt} ${jwt}`) }),
      Object.assign(new Error(`duplicate key value (name)=(body-mark-4242 ${token})`), { code: "23505", constraint: "customers_name_key" }),
      `a string with ${token}`,
    ];
    for (const failure of failures) {
      const failing = createApp({ ...deps, customers: { ...deps.customers, list: () => Promise.reject(failure) } });
      const response = await failing.request("/v1/customers", { headers: { authorization: `Bearer ${adminToken}` } });
      expect(response.status).toBe(500);
    }
    const all = printed.join("\n");
    const forbidden = [
      adminToken,
      token,
      jwt,
      "hunter2",
      "postgresql://",
      ...Object.values(secrets),
      ...marks,
      encodeURIComponent(adminToken),
    ];
    for (const text of forbidden) expect(all).not.toContain(text);
    expect(all).not.toMatch(/trn_/);
    expect(lines().filter(({ event }) => event === "request").length).toBeGreaterThanOrEqual(asked.length);
    expect(lines().filter(({ event }) => event === "request_failed")).toHaveLength(failures.length);
    for (const line of printed) expect(line).not.toContain("\n");
  });
});
