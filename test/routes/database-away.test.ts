import { describe, expect, it } from "vitest";
import { createApp } from "../../src/app.ts";
import { startApi } from "../support/api.ts";

const away = async () => await startApi({ DATABASE_URL: "postgresql://user:hunter2@127.0.0.1:9/gone" });

describe("a database that can not be reached", () => {
  it("is a 503 with Retry-After, and no more", async () => {
    const api = await away();
    for (const [method, path, body] of [
      ["GET", "/v1/customers", undefined],
      ["GET", "/v1/services/1", undefined],
      ["POST", "/v1/customers", { name: "acme" }],
      ["GET", "/v1/invoices/1", undefined],
    ] as const) {
      const answer = await api.call(method, path, { customer: 1, body });
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
      expect(answer.body).toMatchObject({ title: "Service unavailable", detail: "the database can not be reached" });
      expect(answer.text).not.toMatch(/127\.0\.0\.1|hunter2|user/);
    }
    expect(api.lines.filter(({ event }) => event === "request_unserved")).toHaveLength(4);
    const token = await api.call("GET", "/v1/services", { token: `trn_${"A".repeat(43)}` });
    expect(token.status).toBe(503);
  });

  it.each(["40001", "40P01", "55P03", "57014"])("and a statement that lost (%s) may be sent again", async (code) => {
    const api = await startApi();
    const customers = { ...api.deps.customers, list: () => Promise.reject(Object.assign(new Error("secret detail"), { code })) };
    const response = await createApp({ ...api.deps, customers }).request("/v1/customers", {
      headers: { authorization: `Bearer ${api.env.ADMIN_TOKEN}` },
    });
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await response.text()).not.toContain("secret detail");
  });

  it.each([500, 503, 429])("is told by its proxy's %i, too", async (status) => {
    const api = await startApi();
    const real = globalThis.fetch;
    globalThis.fetch = async () => new Response("upstream says secret things", { status });
    const answer = await api.call("GET", "/v1/customers").finally(() => {
      globalThis.fetch = real;
    });
    expect([answer.status, answer.text.includes("secret things")]).toEqual([503, false]);
  });

  it.each([
    [402, "Your project has exceeded the compute time quota.", 503, "300", "the database refuses: its plan's quota is used up", "quota"],
    [
      507,
      "response is too large (max is 10485760 bytes)",
      500,
      null,
      "the answer is larger than the database sends: ask for less at once",
      "answer_too_large",
    ],
  ])(
    "is told from one that refuses with %i, to the caller and in the log",
    async (proxyStatus, message, status, retryAfter, detail, kind) => {
      const api = await startApi();
      const real = globalThis.fetch;
      globalThis.fetch = async () => Response.json({ message }, { status: proxyStatus });
      const [answer, ready] = await Promise.all([api.call("GET", "/v1/customers"), api.call("GET", "/readyz")]).finally(() => {
        globalThis.fetch = real;
      });
      expect([answer.status, answer.headers.get("retry-after"), answer.body["detail"]]).toEqual([status, retryAfter, detail]);
      expect([ready.status, ready.body["detail"]]).toEqual([503, detail]);
      const logged = api.lines.filter(({ event }) => event === (status === 500 ? "request_failed" : "request_unserved"));
      expect(logged.map(({ thrown }) => thrown)).toContainEqual(expect.objectContaining({ kind }));
    },
  );
});
