import { afterEach, describe, expect, it } from "vitest";
import { startFastlyApi } from "../../../../local/cdn/fastly-api.ts";
import type { FastlyApi, FastlyApiOptions } from "../../../../local/cdn/fastly-api.ts";
import { createFastlyUsage } from "../../../../src/adapters/cdn/fastly/fastly-usage.ts";
import { createOwnerLookup } from "../../../../src/adapters/cdn/fastly/owner.ts";
import { UsageSourceError } from "../../../../src/adapters/ports/metering/usage.ts";

const token = "fAsTlY-token-of-a-test";
const hourMs = 3_600_000;
const noon = Date.UTC(2026, 10, 18, 12);
const running: FastlyApi[] = [];

const bench = async (server: Partial<FastlyApiOptions> = {}, adapter: { apiToken?: string; timeoutMs?: number } = {}) => {
  const time = { nowMs: noon + 20 * 60_000 };
  const api = await startFastlyApi({
    apiToken: token,
    services: [{ id: "s1", domains: ["app.example.com"] }],
    bytes: (_domain, fromMs, toMs) => toMs - fromMs,
    now: () => time.nowMs,
    ...server,
  });
  running.push(api);
  const sleptMs: number[] = [];
  const usage = createFastlyUsage({
    apiToken: token,
    endpoint: api.url,
    fetch,
    sleep: async (ms) => void sleptMs.push(ms),
    random: () => 0.5,
    now: () => time.nowMs,
    ...adapter,
  });
  return { api, usage, sleptMs, time };
};

afterEach(async () => {
  await Promise.all(running.splice(0).map((api) => api.close()));
});

const hours = (...ago: number[]) => ago.map((count) => ({ startMs: noon - count * hourMs, endMs: noon - (count - 1) * hourMs }));
const one = { hosts: ["app.example.com"], windows: hours(1) };

const failureOf = async (reading: Promise<unknown>): Promise<UsageSourceError> => {
  const error = await reading.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof UsageSourceError)) throw new Error("no UsageSourceError", { cause: error });
  return error;
};

describe("Fastly usage: figures", () => {
  it("takes what went to visitors of a service with a single domain from the historical stats", async () => {
    const { usage, api } = await bench({ bytes: (_domain, fromMs) => (fromMs === noon - hourMs ? 5_000_000_001 : 0) });
    const { rows, unknownHosts } = await usage.read({ hosts: ["App.example.com", "else.org"], windows: hours(2, 1) });
    expect(rows.map(({ host, bytes }) => [host, bytes])).toEqual([
      ["App.example.com", 0],
      ["App.example.com", 5_000_000_001],
    ]);
    expect([unknownHosts, usage.cdn]).toEqual([["else.org"], "fastly"]);
    expect(api.requests.filter((path) => path.startsWith("/stats"))).toEqual([
      `/stats/service/s1?from=${(noon - 2 * hourMs) / 1_000}&to=${noon / 1_000}&by=hour`,
    ]);
  });

  it("tells the domains of a service apart with Domain Inspector, page by page", async () => {
    const domains = Array.from({ length: 130 }, (_, index) => `h${index}.example.com`);
    const { usage, api } = await bench({
      services: [{ id: "s1", domains, inspector: true }],
      bytes: (domain) => Number(/\d+/.exec(domain)?.[0]),
    });
    const { rows } = await usage.read({ hosts: domains, windows: hours(1) });
    expect(rows.map(({ bytes }) => bytes)).toEqual(domains.map((_, index) => index));
    expect(api.requests.filter((path) => path.startsWith("/metrics"))).toHaveLength(3);
  });

  it("does not guess where Domain Inspector is not booked: those hosts are unknown, the others are read", async () => {
    const services = [
      { id: "s1", domains: ["a.com", "b.com"] },
      { id: "s2", domains: ["c.com"] },
      { id: "s3", domains: ["*.d.com"] },
    ];
    const { usage } = await bench({ services });
    const { rows, unknownHosts } = await usage.read({ hosts: ["a.com", "c.com", "x.d.com"], windows: hours(1) });
    expect(rows).toEqual([{ host: "c.com", ...hours(1)[0], bytes: hourMs }]);
    expect(unknownHosts).toEqual(["a.com", "x.d.com"]);
  });

  it("adds up minutes for windows that are not hours, and refuses shorter ones", async () => {
    const { usage, api } = await bench();
    const windows = [{ startMs: noon - 10 * 60_000, endMs: noon - 5 * 60_000 }];
    expect((await usage.read({ ...one, windows })).rows).toMatchObject([{ bytes: 5 * 60_000 }]);
    expect(api.requests.at(-1)).toContain("by=minute");
    const error = await failureOf(usage.read({ ...one, windows: [{ startMs: noon - 10_000, endMs: noon }] }));
    expect([error.retryable, error.message]).toEqual([false, expect.stringContaining("by the minute")]);
  });

  it("leaves out what has ended less than 15 minutes ago", async () => {
    const { usage, time, api } = await bench();
    time.nowMs = noon + 15 * 60_000 - 1;
    expect((await usage.read({ ...one, windows: hours(2, 1) })).rows).toHaveLength(1);
    expect((await usage.read({ ...one, windows: hours(1) })).rows).toEqual([]);
    time.nowMs += 1;
    expect((await usage.read({ ...one, windows: hours(2, 1) })).rows).toHaveLength(2);
    expect(api.requests.filter((path) => path.startsWith("/stats"))).toHaveLength(2);
  });

  it("lists the services once in ten minutes, all pages", async () => {
    const services = Array.from({ length: 101 }, (_, index) => ({ id: `s${index}`, domains: [`h${index}.com`] }));
    const { usage, api, time } = await bench({ services });
    await usage.read({ hosts: ["h100.com"], windows: hours(1) });
    const listed = () => api.requests.filter((path) => path.startsWith("/service?")).length;
    expect([listed(), api.requests.length]).toEqual([2, 105]);
    time.nowMs += 599_999;
    await usage.read({ hosts: ["h100.com"], windows: hours(1) });
    expect(listed()).toBe(2);
    time.nowMs += 1;
    await usage.read({ hosts: ["h100.com"], windows: hours(1) });
    expect(listed()).toBe(4);
  });

  it("prefers the exact domain to a wildcard, and never matches across labels", () => {
    const service = (id: string, ...domains: string[]) => ({ id, isActive: true, former: [], domains });
    const ownerOf = createOwnerLookup({
      services: [service("w", "*.example.com"), service("e", "app.example.com")],
      versionless: [],
      gaps: [],
    });
    const found = ["app.example.com", "www.EXAMPLE.com", "a.b.example.com", "example.com"].map(ownerOf);
    expect(found.map((owner) => (owner.kind === "service" ? owner.serviceId : owner.kind))).toEqual(["e", "w", "absent", "absent"]);
  });
});

describe("Fastly usage: failures", () => {
  it("retries what may pass, three times, with full jitter", async () => {
    const { usage, api, sleptMs } = await bench();
    api.setFault({ kind: "status", status: 503, times: 2 }, { on: "services" });
    expect((await usage.read(one)).rows).toHaveLength(1);
    expect(sleptMs).toEqual([500, 1_000]);
    api.setFault({ kind: "status", status: 429, times: 9 });
    expect((await failureOf(usage.read(one))).retryable).toBe(true);
  });

  it("does not retry a token that is refused, and never prints it", async () => {
    const { usage, sleptMs } = await bench({}, { apiToken: `${token}x` });
    const error = await failureOf(usage.read(one));
    expect([error.retryable, sleptMs, error.message]).toEqual([false, [], expect.stringContaining("fastly auth: status 401")]);
    expect(JSON.stringify([error.message, error.stack])).not.toContain(token);
  });

  it("cuts off an answer that never comes, and reports a refused connection", async () => {
    const { usage, api } = await bench({}, { timeoutMs: 40 });
    api.setFault({ kind: "hang" });
    expect((await failureOf(usage.read(one))).message).toBe("fastly timeout: no answer within 40 ms");
    await api.close();
    expect((await failureOf(usage.read(one))).retryable).toBe(true);
  });

  it.each([
    ["no data", {}],
    ["negative bytes", { data: [{ start_time: 1, edge_resp_body_bytes: -1 }] }],
    ["bytes in words", { data: [{ start_time: 1, edge_resp_body_bytes: "12" }] }],
    ["a point without its time", { data: [{ edge_resp_body_bytes: 1 }] }],
  ])("refuses %s", async (_name, stats) => {
    const answers = async (input: unknown, init?: RequestInit): Promise<Response> => {
      if (init?.redirect !== "manual") throw new TypeError("would follow redirects with the token");
      const path = new URL(String(input)).pathname;
      if (path.startsWith("/domain-management")) return Response.json({ data: [], meta: { total: 0, limit: 100 } });
      return Response.json(path === "/service" ? [{ id: "s1" }] : path.endsWith("/domain") ? [{ name: "app.example.com" }] : stats);
    };
    const usage = createFastlyUsage({
      apiToken: token,
      endpoint: "https://api.fastly.test",
      sleep: async () => {},
      random: () => 0,
      now: () => noon + hourMs,
      fetch: answers as typeof fetch,
    });
    expect((await failureOf(usage.read(one))).message).toMatch(/^fastly malformed: /);
  });
});
