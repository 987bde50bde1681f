import { afterEach, describe, expect, it } from "vitest";
import { startCloudflareApi } from "../../../../local/cdn/cloudflare-api.ts";
import type { CloudflareApi, CloudflareApiOptions } from "../../../../local/cdn/cloudflare-api.ts";
import { createCloudflareUsage } from "../../../../src/adapters/cdn/cloudflare/cloudflare-usage.ts";
import type { CloudflareUsageOptions } from "../../../../src/adapters/cdn/cloudflare/cloudflare-usage.ts";
import { zoneNameForHost } from "../../../../src/adapters/cdn/cloudflare/zones.ts";
import { UsageSourceError } from "../../../../src/adapters/ports/metering/usage.ts";
import type { UsageSource } from "../../../../src/adapters/ports/metering/usage.ts";

const TOKEN = "sEcReT-token-of-a-test";
const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 10, 18, 12);
const START_MS = NOW_MS - 2 * HOUR_MS;
const running: CloudflareApi[] = [];

type Bench = { api: CloudflareApi; usage: UsageSource; sleptMs: number[]; at: (nowMs: number) => void };

async function bench(server: Partial<CloudflareApiOptions> = {}, adapter: Partial<CloudflareUsageOptions> = {}): Promise<Bench> {
  let nowMs = NOW_MS;
  const now = (): number => nowMs;
  const api = await startCloudflareApi({
    apiToken: TOKEN,
    accountId: "acc",
    zones: [{ id: "z-example", name: "example.com" }],
    bytes: (_zoneId, _host, fromMs, toMs) => toMs - fromMs,
    now,
    ...server,
  });
  running.push(api);
  const sleptMs: number[] = [];
  const usage = createCloudflareUsage({
    accountId: "acc",
    apiToken: TOKEN,
    graphqlEndpoint: api.graphqlUrl,
    fetch,
    sleep: async (ms) => void sleptMs.push(ms),
    random: () => 0.5,
    now,
    ...adapter,
  });
  return { api, usage, sleptMs, at: (ms) => (nowMs = ms) };
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((api) => api.close()));
});

function windowsOf(count: number, lengthMs = HOUR_MS): { startMs: number; endMs: number }[] {
  return Array.from({ length: count }, (_, i) => ({
    startMs: START_MS + i * lengthMs,
    endMs: START_MS + (i + 1) * lengthMs,
  }));
}

/** Those that ask for bytes, not for the limits of the zones. */
const usageQueries = (api: CloudflareApi) => api.queries.filter(({ query }) => !query.includes("settings"));

const one = { hosts: ["app.example.com"], windows: windowsOf(1) };

async function failureOf(reading: Promise<unknown>): Promise<UsageSourceError> {
  const error = await reading.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof UsageSourceError)) throw new Error("no UsageSourceError", { cause: error });
  return error;
}

describe("Cloudflare usage: figures", () => {
  it("reads bytes by host and window; silence is 0, a host outside the account is unknown", async () => {
    const { usage, api } = await bench({
      bytes: (_zone, host, fromMs) => (host === "app.example.com" && fromMs === START_MS ? 5_000_000_000 : 0),
    });
    const windows = windowsOf(2);
    const [first, second] = windows;
    expect(await usage.read({ hosts: ["app.example.com", "else.org", "www.example.com"], windows })).toEqual({
      rows: [
        { host: "app.example.com", ...first, bytes: 5_000_000_000 },
        { host: "app.example.com", ...second, bytes: 0 },
        { host: "www.example.com", ...first, bytes: 0 },
        { host: "www.example.com", ...second, bytes: 0 },
      ],
      unreadable: [{ host: "else.org", reason: "no Cloudflare zone of this account covers the host" }],
      unknownHosts: ["else.org"],
    });
    expect(usage.cdn).toBe("cloudflare");
    expect(usageQueries(api)).toHaveLength(1);
    expect(usageQueries(api)[0]?.query).toContain('requestSource: "eyeball"');
    expect(api.queries.some(({ query }) => query.includes("example"))).toBe(false);
  });

  it("asks nothing when nothing is wanted or no host is known", async () => {
    const { usage, api } = await bench();
    const nothing = { rows: [], unreadable: [], unknownHosts: [] };
    expect(await usage.read({ hosts: [], windows: windowsOf(1) })).toEqual(nothing);
    expect(await usage.read({ hosts: ["app.example.com"], windows: [] })).toEqual(nothing);
    expect(api.zoneLists).toEqual([]);
    expect(await usage.read({ hosts: ["else.org"], windows: windowsOf(1) })).toMatchObject({ rows: [], unknownHosts: ["else.org"] });
    expect(api.queries).toEqual([]);
  });

  it("takes a host's bytes from its own zone only", async () => {
    const { usage } = await bench({
      zones: [
        { id: "z-parent", name: "example.com" },
        { id: "z-child", name: "eu.example.com" },
        { id: "z-pending", name: "app.eu.example.com", status: "pending" },
      ],
      bytes: (zoneId) => (zoneId === "z-child" ? 7 : 1_000),
    });
    const { rows } = await usage.read({ hosts: ["app.eu.example.com", "app.example.com"], windows: windowsOf(1) });
    expect(rows.map(({ host, bytes }) => [host, bytes])).toEqual([
      ["app.eu.example.com", 7],
      ["app.example.com", 1_000],
    ]);
  });

  it("matches zones at label boundaries, longest first", () => {
    const zones = new Map([
      ["ample.com", "1"],
      ["example.org", "2"],
      ["eu.example.org", "3"],
    ]);
    const found = ["example.com", "www.example.com", "ample.com", "a.eu.example.org", "neu.example.org", "example.org"];
    const names = found.map((host) => zoneNameForHost(zones, host));
    expect(names).toEqual([undefined, undefined, "ample.com", "eu.example.org", "example.org", "example.org"]);
    expect(zoneNameForHost(zones, "WWW.Ample.COM")).toBe("ample.com");
    expect(zoneNameForHost(zones, "com")).toBeUndefined();
  });
});

describe("Cloudflare usage: zones and batches", () => {
  const many = Array.from({ length: 123 }, (_, i) => ({ id: `z${i}`, name: `site${i}.com` }));

  it("lists all pages of zones, once in ten minutes, and again after a failure", async () => {
    const { usage, api, at } = await bench({ zones: many });
    api.setFault({ kind: "http_500_html", on: "zones" });
    await failureOf(usage.read({ hosts: ["www.site122.com"], windows: windowsOf(1) }));
    api.setFault("healthy");
    const before = api.zoneLists.length;
    const read = () => usage.read({ hosts: ["www.site122.com"], windows: windowsOf(1) });
    expect((await read()).rows).toHaveLength(1);
    await read();
    at(NOW_MS + 599_999);
    await read();
    const pages = api.zoneLists.slice(before).map((path) => new URLSearchParams(path.split("?")[1]));
    expect(pages.map((page) => page.get("page"))).toEqual(["1", "2", "3"]);
    expect(pages.every((page) => page.get("account.id") === "acc" && page.get("per_page") === "50")).toBe(true);
    at(NOW_MS + 600_000);
    await read();
    expect(api.zoneLists.slice(before)).toHaveLength(6);
  });

  it("asks ten zones and five windows a query, as many fields as the plan allows, and loses no row", async () => {
    const hosts = many.slice(0, 23).map(({ name }) => `www.${name}`);
    const { usage, api } = await bench({
      zones: many,
      bytes: (zoneId, host, fromMs) =>
        host === `www.site${zoneId.slice(1)}.com` ? Number(zoneId.slice(1)) * 1_000 + (fromMs - START_MS) / 1_000 : 0,
    });
    const windows = windowsOf(13, 60_000);
    const { rows, unknownHosts } = await usage.read({ hosts, windows });
    expect(unknownHosts).toEqual([]);
    expect(usageQueries(api)).toHaveLength(9);
    expect(api.queries).toHaveLength(12);
    const expected = hosts.flatMap((host, zone) => windows.map((window, i) => ({ host, ...window, bytes: zone * 1_000 + i * 60 })));
    const order = (row: { host: string; startMs: number }) => `${row.host} ${row.startMs}`;
    const sorted = (list: typeof expected) => list.toSorted((a, b) => order(a).localeCompare(order(b)));
    expect(sorted([...rows])).toEqual(sorted(expected));
  });

  it("asks once for a host named twice, and splits the hosts of one large zone", async () => {
    const hosts = Array.from({ length: 250 }, (_, i) => `h${i}.example.com`);
    const { usage, api } = await bench({ bytes: (_zone, host) => Number(/^h(\d+)/.exec(host)?.[1]) });
    const { rows } = await usage.read({ hosts: [...hosts, "h0.example.com"], windows: windowsOf(1) });
    expect(rows.map(({ bytes }) => bytes)).toEqual(hosts.map((_, i) => i));
    expect(usageQueries(api)).toHaveLength(1);
  });

  it.each(["ok", "documented"] as const)("keeps one unreadable zone from spoiling the rest (%s)", async (status) => {
    const { usage } = await bench({
      refusalStatus: status,
      zones: many.slice(0, 9).map((zone, i) => ({ ...zone, analytics: i !== 3 })),
    });
    const filler = Array.from({ length: 150 }, (_, i) => `h${i}.site4.com`);
    const hosts = [...many.slice(0, 9).map(({ name }) => `www.${name}`), ...filler];
    const { rows, unknownHosts } = await usage.read({ hosts, windows: windowsOf(2, 60_000) });
    expect(unknownHosts).toEqual(["www.site3.com"]);
    expect(rows).toHaveLength((8 + 150) * 2);
    expect(rows.every(({ bytes }) => bytes === 60_000)).toBe(true);
  });
});

describe("Cloudflare usage: limits of the plan", () => {
  const day = 24 * HOUR_MS;

  it("does not ask for what the plan no longer knows, and leaves those windows out", async () => {
    const { usage } = await bench({ limits: { notOlderThanSeconds: 10_800 } });
    const windows = [4, 3, 2, 1].map((ago) => ({ startMs: NOW_MS - ago * HOUR_MS, endMs: NOW_MS - (ago - 1) * HOUR_MS }));
    const { rows, unknownHosts } = await usage.read({ hosts: ["app.example.com"], windows });
    expect([rows.map(({ startMs }) => (NOW_MS - startMs) / HOUR_MS), unknownHosts]).toEqual([[2, 1], []]);
    const none = await usage.read({ hosts: ["app.example.com"], windows: windows.slice(0, 1) });
    expect(none).toEqual({ rows: [], unreadable: [], unknownHosts: [] });
  });

  it("asks for a long window in pieces and adds them up", async () => {
    const { usage, api } = await bench({ limits: { maxDurationSeconds: 7 * 3_600 } });
    const window = { startMs: NOW_MS - day, endMs: NOW_MS };
    const { rows } = await usage.read({ hosts: ["app.example.com"], windows: [window] });
    expect(rows).toEqual([{ host: "app.example.com", ...window, bytes: day }]);
    expect(usageQueries(api)).toHaveLength(1);
  });

  it("asks zones of different plans apart, each within its own limits", async () => {
    const zones = [
      { id: "z-a", name: "a.com" },
      { id: "z-b", name: "b.com" },
    ];
    const { usage, api } = await bench({ zones, limitsByZone: { "z-b": { notOlderThanSeconds: 5_400, maxNumberOfFields: 6 } } });
    const windows = windowsOf(2);
    const { rows } = await usage.read({ hosts: ["www.a.com", "www.b.com"], windows });
    expect(rows.map(({ host, startMs }) => [host, (NOW_MS - startMs) / HOUR_MS])).toEqual([
      ["www.a.com", 2],
      ["www.a.com", 1],
      ["www.b.com", 1],
    ]);
    expect(usageQueries(api).map(({ variables }) => variables?.["zoneTags"])).toEqual([["z-a"], ["z-b"]]);
  });

  it("asks for the limits once in ten minutes", async () => {
    const { usage, api, at } = await bench();
    await usage.read(one);
    at(NOW_MS + 599_999);
    await usage.read(one);
    expect([api.queries.length, usageQueries(api).length]).toEqual([3, 2]);
    at(NOW_MS + 600_000);
    await usage.read(one);
    expect([api.queries.length, usageQueries(api).length]).toEqual([5, 3]);
  });

  it("stays within its budget, defers the rest, and begins elsewhere the next time", async () => {
    const zones = Array.from({ length: 40 }, (_, i) => ({ id: `z${i}`, name: `site${i}.com` }));
    const hosts = zones.map(({ name }) => `www.${name}`);
    const { usage, api, at } = await bench({ zones }, { queryBudget: 6 });
    const first = await usage.read({ hosts, windows: windowsOf(1) });
    expect([api.queries.length, first.rows.length, first.deferredHosts?.length]).toEqual([6, 20, 20]);
    expect(first.unknownHosts).toEqual([]);
    await expect(usage.read({ hosts, windows: windowsOf(1) })).rejects.toThrow("waits for the next run");
    at(NOW_MS + 300_000);
    const second = await usage.read({ hosts, windows: windowsOf(1) });
    expect([second.rows.length, second.deferredHosts ?? []]).toEqual([40, []]);
    const [firstAsked, ...later] = usageQueries(api).map(({ variables }) => variables?.["zoneTags"]);
    expect(later.slice(-4)[0]).not.toEqual(firstAsked);
  });
});

describe("Cloudflare usage: samples", () => {
  it("marks what is an estimate, with its interval where that is offered", async () => {
    const { usage } = await bench({ sampleInterval: (_zone, host) => (host === "app.example.com" ? 10 : 1), bytes: () => 1_005 });
    const { rows } = await usage.read({ hosts: ["app.example.com", "www.example.com"], windows: windowsOf(1) });
    expect(rows.map(({ sampling }) => sampling)).toEqual([{ interval: 10, lowerBytes: 904, upperBytes: 1_106 }, undefined]);
  });

  it("adds up the bounds of a window in pieces", async () => {
    const { usage } = await bench({ limits: { maxDurationSeconds: 1_800 }, sampleInterval: () => 100, bytes: () => 1_000 });
    const { rows } = await usage.read(one);
    expect(rows).toMatchObject([{ bytes: 2_000, sampling: { interval: 100, lowerBytes: 1_800, upperBytes: 2_200 } }]);
  });

  it("takes the bytes also where confidence is not offered", async () => {
    const { usage, api } = await bench({ sampleInterval: () => 10, bytes: () => 1_000, confidence: false });
    const sampling = { interval: 10, lowerBytes: null, upperBytes: null };
    expect((await usage.read(one)).rows).toMatchObject([{ bytes: 1_000, sampling }]);
    const before = usageQueries(api).length;
    expect((await usage.read(one)).rows).toMatchObject([{ bytes: 1_000, sampling }]);
    expect([before, usageQueries(api).length]).toEqual([2, 3]);
  });
});

describe("Cloudflare usage: failures", () => {
  it("waits as long as Retry-After says, then succeeds", async () => {
    const { usage, api, sleptMs } = await bench();
    api.setFault({ kind: "rate_limited", on: "graphql", times: 2, retryAfterSeconds: 4 });
    expect((await usage.read(one)).rows).toHaveLength(1);
    expect(sleptMs).toEqual([4_000, 4_000]);
  });

  it("gives up after three attempts, retryable", async () => {
    const { usage, api, sleptMs } = await bench();
    api.setFault({ kind: "rate_limited", retryAfterSeconds: 1 });
    const error = await failureOf(usage.read(one));
    expect([error.retryable, error.message]).toEqual([true, expect.stringContaining("status 429")]);
    expect([api.zoneLists.length, sleptMs]).toEqual([3, [1_000, 1_000]]);
  });

  it("leaves a pause beyond half a minute to the next run", async () => {
    const { usage, api, sleptMs } = await bench();
    api.setFault({ kind: "rate_limited", retryAfterSeconds: 300 });
    expect((await failureOf(usage.read(one))).retryable).toBe(true);
    const words = "rate limiter budget depleted, try again after 5 minutes";
    api.setFault({ kind: "errors_in_200", on: "graphql", message: words });
    expect((await failureOf(usage.read(one))).retryable).toBe(true);
    expect(sleptMs).toEqual([]);
  });

  it("retries a 500 that is a web page, with full jitter", async () => {
    const { usage, api, sleptMs } = await bench({}, { random: () => 0.25 });
    api.setFault({ kind: "http_500_html", on: "graphql", times: 2 });
    expect((await usage.read(one)).rows).toHaveLength(1);
    expect(sleptMs).toEqual([250, 500]);
    api.setFault("http_500_html");
    const error = await failureOf(usage.read(one));
    expect([error.retryable, error.message]).toEqual([true, "cloudflare unavailable: status 500"]);
  });

  it("retries errors inside a 200 that will pass, and not those that will not", async () => {
    const { usage, api, sleptMs } = await bench();
    api.setFault({ kind: "errors_in_200", on: "graphql", times: 1 });
    expect((await usage.read(one)).rows).toHaveLength(1);
    expect(sleptMs).toHaveLength(1);
    const before = api.queries.length;
    api.setFault({ kind: "errors_in_200", on: "graphql", times: 1, message: "cannot request data older than 604800s" });
    const error = await failureOf(usage.read(one));
    expect([error.retryable, error.message]).toEqual([false, expect.stringContaining("cannot request data older")]);
    expect(api.queries).toHaveLength(before);
    api.setFault({ kind: "errors_in_200", on: "zones", message: "invalid account" });
    const fresh = createCloudflareUsage({
      accountId: "acc",
      apiToken: TOKEN,
      graphqlEndpoint: api.graphqlUrl,
      fetch,
      sleep: async () => {},
      random: () => 0,
    });
    expect((await failureOf(fresh.read(one))).retryable).toBe(false);
  });

  it("cuts off an answer that never comes", async () => {
    const { usage, api, sleptMs } = await bench({}, { timeoutMs: 40 });
    api.setFault("hang");
    const error = await failureOf(usage.read(one));
    expect([error.retryable, error.message]).toEqual([true, "cloudflare timeout: no answer within 40 ms"]);
    expect([api.zoneLists.length, sleptMs.length]).toEqual([3, 2]);
  });

  it("reports a connection that is refused as retryable", async () => {
    const { usage, api, sleptMs } = await bench();
    await api.close();
    expect((await failureOf(usage.read(one))).retryable).toBe(true);
    expect(sleptMs).toHaveLength(2);
  });

  it("does not retry a token that is refused, and never prints it", async () => {
    const wrong = `${TOKEN}x`;
    const { usage, sleptMs } = await bench({}, { apiToken: wrong });
    const error = await failureOf(usage.read(one));
    expect([error.retryable, sleptMs]).toEqual([false, []]);
    expect(error.message).toContain("Authentication error");
    expect(JSON.stringify([error.message, error.stack, String(error.cause)])).not.toContain(TOKEN);
  });

  it("takes zones left out of an answer for unreadable, never for silent", async () => {
    const { usage, api } = await bench();
    api.setFault({ kind: "empty_zones", on: "graphql" });
    const error = await failureOf(usage.read(one));
    expect([error.retryable, error.message]).toEqual([false, expect.stringContaining("none of the zones")]);
  });
});

describe("Cloudflare usage: odd answers", () => {
  const zoneList = { success: true, result: [{ id: "z", name: "example.com" }], result_info: { total_pages: 1 } };

  const node = { enabled: true, maxDuration: 86_400, notOlderThan: 604_800, maxPageSize: 10_000, maxNumberOfFields: 30 };
  const limits = { zones: [{ zoneTag: "z", settings: { httpRequestsAdaptiveGroups: node } }] };

  async function failureWith(graphql: () => Response): Promise<{ error: UsageSourceError; calls: number }> {
    let calls = 0;
    const usage = createCloudflareUsage({
      accountId: "acc",
      apiToken: TOKEN,
      graphqlEndpoint: "https://api.cloudflare.test/client/v4/graphql",
      sleep: async () => {},
      random: () => 0,
      now: () => NOW_MS,
      async fetch(this: unknown, input: unknown, init?: RequestInit) {
        if (this !== undefined) throw new TypeError("Illegal invocation");
        if (init?.redirect !== "manual") throw new TypeError("would follow redirects with the token");
        if (String(input).includes("/client/v4/zones?")) return Response.json(zoneList);
        if (String(init.body).includes("settings")) return Response.json({ data: { viewer: limits }, errors: null });
        calls += 1;
        return graphql();
      },
    });
    return { error: await failureOf(usage.read(one)), calls };
  }

  const zone = (sum: object) => {
    const w0 = [{ dimensions: { clientRequestHTTPHost: "app.example.com" }, sum, avg: { sampleInterval: 1 } }];
    return { data: { viewer: { zones: [{ zoneTag: "z", w0 }] } }, errors: null };
  };

  it.each([
    ["no data", { data: null, errors: null }],
    ["negative bytes", zone({ edgeResponseBytes: -1 })],
    ["bytes in words", zone({ edgeResponseBytes: "12" })],
    ["more bytes than an integer holds", zone({ edgeResponseBytes: 2 ** 60 })],
    [
      "a group without its sampling",
      {
        data: {
          viewer: {
            zones: [{ zoneTag: "z", w0: [{ dimensions: { clientRequestHTTPHost: "app.example.com" }, sum: { edgeResponseBytes: 1 } }] }],
          },
        },
      },
    ],
    ["a zone without its window", { data: { viewer: { zones: [{ zoneTag: "z" }] } }, errors: null }],
  ])("refuses %s", async (_name, body) => {
    const { error, calls } = await failureWith(() => Response.json(body));
    expect([error.retryable, calls]).toEqual([false, 1]);
    expect(error.message).toMatch(/^cloudflare malformed: /);
  });

  it("does not follow a redirect", async () => {
    const { error, calls } = await failureWith(() => Response.redirect("https://elsewhere.test/"));
    expect([error.message, calls]).toEqual(["cloudflare refused: status 302", 1]);
  });

  it("redacts a token that the answer echoes", async () => {
    const body = { data: null, errors: [{ message: `bad token ${TOKEN}!` }] };
    const { error } = await failureWith(() => Response.json(body, { status: 403 }));
    expect(error.message).toBe("cloudflare auth: status 403: bad token [token]!");
  });

  it("understands a Retry-After that is a date", async () => {
    const headers = { "Retry-After": new Date(NOW_MS + 600_000).toUTCString() };
    const { error, calls } = await failureWith(() => new Response("busy", { status: 503, headers }));
    expect([error.retryable, calls]).toEqual([true, 1]);
  });

  it("wants an endpoint whose neighbour it can find", () => {
    const options = { accountId: "a", apiToken: TOKEN, fetch, sleep: async () => {}, random: () => 0 };
    expect(() => createCloudflareUsage({ ...options, graphqlEndpoint: "https://x.test/" })).toThrow(/graphql/);
  });
});
