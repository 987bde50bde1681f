import { beforeAll, describe, expect, it } from "vitest";
import { startApi } from "../support/api.ts";
import type { Api } from "../support/api.ts";

let api: Api;

beforeAll(async () => {
  api = await startApi({ CORS_ORIGINS: "https://console.example.com, http://localhost:5173" });
});

const preflight = (origin: string, path = "/v1/services") =>
  api.call("OPTIONS", path, {
    token: null,
    headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type" },
  });

const granted = (headers: Headers) => [...headers.keys()].filter((name) => name.startsWith("access-control-"));

describe("CORS", () => {
  it("answers a preflight of a listed origin", async () => {
    for (const origin of ["https://console.example.com", "http://localhost:5173"]) {
      const { status, headers } = await preflight(origin);
      expect([status, headers.get("access-control-allow-origin"), headers.get("vary")]).toEqual([204, origin, "Origin"]);
      expect(headers.get("access-control-allow-methods")).toBe("GET, HEAD, OPTIONS, POST");
      const allowed = headers.get("access-control-allow-headers")?.split(", ");
      expect(allowed).toEqual(expect.arrayContaining(["Authorization", "X-API-Key", "X-Customer-ID", "Idempotency-Key", "Content-Type"]));
      expect(headers.get("access-control-allow-credentials")).toBeNull();
    }
  });

  it("lets a listed origin read answers, problems included", async () => {
    for (const [path, token, expected] of [
      ["/v1/customers", api.env.ADMIN_TOKEN, 200],
      ["/v1/customers", null, 401],
      ["/v1/x", null, 404],
    ] as const) {
      const { status, headers } = await api.call("GET", path, { token, headers: { origin: "https://console.example.com" } });
      expect([status, headers.get("access-control-allow-origin")]).toEqual([expected, "https://console.example.com"]);
      expect(headers.get("access-control-expose-headers")?.split(", ")).toEqual([
        "Link",
        "X-Request-Id",
        "Idempotency-Replayed",
        "Retry-After",
      ]);
      expect(headers.get("vary")).toBe("Origin");
    }
  });

  it.each([
    "https://console.example.com.evil.test",
    "https://console.example.com:8443",
    "http://console.example.com",
    "HTTPS://CONSOLE.EXAMPLE.COM",
    "https://example.com",
    "null",
  ])("grants %s nothing, and still varies by origin", async (origin) => {
    const answers = [await preflight(origin), await api.call("GET", "/healthz", { headers: { origin } })];
    for (const { headers } of answers) expect([granted(headers), headers.get("vary")]).toEqual([[], "Origin"]);
  });

  it("is off unless origins are configured", async () => {
    const closed = await startApi();
    const { headers } = await closed.call("GET", "/healthz", { headers: { origin: "https://console.example.com" } });
    expect([granted(headers), headers.get("vary")]).toEqual([[], null]);
  });

  it.each(["*", "console.example.com", "https://console.example.com/", "https://console.example.com/path", "null"])(
    "refuses to start with CORS_ORIGINS=%s",
    async (origins) => {
      await expect(startApi({ CORS_ORIGINS: origins })).rejects.toThrow(/CORS_ORIGINS/);
    },
  );
});
