import * as worker from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { createClientAddress } from "../../src/adapters/platform/client-address.ts";
import { createRateLimits } from "../../src/adapters/platform/rate-limit.ts";
import { createApp } from "../../src/app.ts";
import { parseConfig } from "../../src/config.ts";
import { startApi } from "../support/api.ts";

type Limits = Parameters<typeof createRateLimits>[0];

const unlimited: Limits = { perAddress: 0, perCredential: 0, refusals: 0, sessions: 0 };

/** An API with two customers, and from then on these limits. */
const limited = async (limits: Partial<Limits>, provider: "cloudflare" | "local" = "cloudflare") => {
  const api = await startApi({ METRICS_TOKEN: "metrics-token-of-the-test" });
  const [acme, globex] = [await api.onboard("acme"), await api.onboard("globex")];
  const rateLimits = createRateLimits({ ...unlimited, ...limits }, {}, api.clock, api.log);
  const app = createApp({ ...api.deps, rateLimits, clientAddress: createClientAddress(provider) });
  Object.assign(api.app, { request: app.request });
  return { api, token: acme.viewer, other: globex.viewer };
};

const { env: bound } = worker as unknown as { env: Record<string, unknown> };

const from = (address: string) => ({ "cf-connecting-ip": address });

describe("per address", () => {
  it("is counted before anybody asks who it is, and spares others and /healthz", async () => {
    const { api, token } = await limited({ perAddress: 2 });
    const call = (path: string, address: string) => api.call("GET", path, { token, headers: from(address) });
    expect((await call("/v1/services", "192.0.2.1")).status).toBe(200);
    expect((await call("/v1/nothing", "192.0.2.1")).status).toBe(404);
    const refused = await call("/v1/services", "192.0.2.1");
    expect([refused.status, refused.headers.get("content-type"), refused.headers.get("retry-after")]).toEqual([
      429,
      "application/problem+json",
      "60",
    ]);
    expect(refused.body).toMatchObject({ title: "Too many requests", status: 429 });
    expect((await call("/healthz", "192.0.2.1")).status).toBe(200);
    expect((await call("/v1/services", "192.0.2.2")).status).toBe(200);
    api.time.nowMs += 60_000;
    expect((await call("/v1/services", "192.0.2.1")).status).toBe(200);
  });

  it("believes no header where the platform writes none", async () => {
    const { api, token } = await limited({ perAddress: 1 }, "local");
    const statuses = [];
    for (const address of ["192.0.2.1", "192.0.2.2"]) {
      const headers = { ...from(address), "x-real-ip": address, "x-forwarded-for": address };
      statuses.push((await api.call("GET", "/v1/services", { token, headers })).status);
    }
    expect(statuses).toEqual([200, 429]);
  });
});

describe("per credential", () => {
  it("counts each token by itself, from wherever it comes", async () => {
    const { api, token, other } = await limited({ perCredential: 2 });
    const call = (address: string, secret: string) => api.call("GET", "/v1/storms", { token: secret, headers: from(address) });
    expect((await call("192.0.2.1", token)).status).toBe(200);
    expect((await call("192.0.2.2", token)).status).toBe(200);
    expect((await call("192.0.2.3", token)).status).toBe(429);
    expect((await call("192.0.2.3", other)).status).toBe(200);
  });
});

describe("refused credentials", () => {
  it("turn into 429, but never hinder a neighbour with a good one", async () => {
    const { api, token } = await limited({ refusals: 2 });
    const guess = (path = "/v1/services", address = "192.0.2.1") =>
      api.call("GET", path, { token: `trn_${"A".repeat(43)}`, headers: from(address) });
    expect([(await guess()).status, (await guess("/metrics")).status]).toEqual([401, 401]);
    const waited = await guess();
    expect([waited.status, waited.headers.get("retry-after")]).toEqual([429, "60"]);
    expect((await guess("/metrics")).status).toBe(429);
    expect((await guess("/v1/services", "192.0.2.9")).status).toBe(401);
    expect((await api.call("GET", "/v1/services", { token, headers: from("192.0.2.1") })).status).toBe(200);
  });
});

describe("the platform's own limiter", () => {
  let limits: ReturnType<typeof createRateLimits>;

  beforeAll(() => {
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const clock = { nowMs: () => 0, sleep: async () => undefined };
    limits = createRateLimits({ perAddress: 0, perCredential: 0, refusals: 0, sessions: 0 }, bound, clock, log);
  });

  it("is bound by wrangler.toml under the names that the adapter looks for, and counts", async () => {
    const answers = [];
    for (let at = 0; at < 61; at += 1) answers.push(await limits.refusals.take("192.0.2.1"));
    expect(answers.slice(0, 60)).toEqual(Array.from({ length: 60 }, () => null));
    expect(answers[60]).toBe(60);
    expect(await limits.refusals.take("192.0.2.2")).toBeNull();
    for (const name of ["LIMIT_ADDRESS", "LIMIT_CREDENTIAL", "LIMIT_SESSIONS"]) expect(bound).toHaveProperty(name);
  });
});

describe("configured limits", () => {
  const limits = (env: Record<string, string>) => parseConfig({ DATABASE_URL: "postgresql://u:p@h/d", ...env }).rateLimits;

  it("are generous on a laptop, and can be set or lifted anywhere", () => {
    expect(limits({ PROVIDER: "vercel" })).toEqual({ perCredential: 1_200, perAddress: 2_400, refusals: 60, sessions: 120 });
    expect(limits({ PROVIDER: "local" }).perAddress).toBeGreaterThanOrEqual(1_000_000);
    expect(limits({ PROVIDER: "vercel", RATE_LIMIT_PER_ADDRESS: "5", RATE_LIMIT_REFUSALS: "0" })).toMatchObject({
      perAddress: 5,
      refusals: 0,
    });
    expect(() => limits({ PROVIDER: "local", RATE_LIMIT_PER_CREDENTIAL: "-1" })).toThrow(/RATE_LIMIT_PER_CREDENTIAL/);
  });
});
