import { afterEach, describe, expect, it } from "vitest";
import { startCloudflareApi } from "../../../local/cdn/cloudflare-api.ts";
import type { CloudflareApi, CloudflareApiOptions } from "../../../local/cdn/cloudflare-api.ts";
import type { ZoneFault } from "../../../local/cdn/cloudflare-zone-fault.ts";
import { createCloudflareUsage } from "../../../src/adapters/cdn/cloudflare/cloudflare-usage.ts";
import type { CloudflareUsageOptions } from "../../../src/adapters/cdn/cloudflare/cloudflare-usage.ts";
import type { UsageReading, UsageSpan } from "../../../src/adapters/ports/metering/usage.ts";

const hourMs = 3_600_000;
const minuteMs = 60_000;
const noon = Date.UTC(2026, 10, 18, 12);
/** Long for an answer from this machine. */
const hangMs = 300;
const running: CloudflareApi[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((api) => api.close()));
});

/** Zone z3 has www.site3.com, which delivers 4 bytes a second. */
const zones = Array.from({ length: 12 }, (_, index) => ({ id: `z${index}`, name: `site${index}.com` }));
const hosts = zones.map(({ name }) => `www.${name}`);
const perSecond = (host: string): number => Number(/\d+/.exec(host)?.[0]) + 1;

const bench = async (server: Partial<CloudflareApiOptions> = {}, adapter: Partial<CloudflareUsageOptions> = {}) => {
  const time = { nowMs: noon + 20 * minuteMs };
  const api = await startCloudflareApi({
    apiToken: "token",
    accountId: "acc",
    zones,
    now: () => time.nowMs,
    bytes: (zoneId, host, fromMs, toMs) => (host.endsWith(`site${zoneId.slice(1)}.com`) ? (perSecond(host) * (toMs - fromMs)) / 1_000 : 0),
    ...server,
  });
  running.push(api);
  const usage = createCloudflareUsage({
    accountId: "acc",
    apiToken: "token",
    graphqlEndpoint: api.graphqlUrl,
    fetch,
    sleep: async () => {},
    random: () => 0,
    now: () => time.nowMs,
    ...adapter,
  });
  const windows = [
    { startMs: noon - 2 * hourMs, endMs: noon - hourMs },
    { startMs: noon - hourMs, endMs: noon },
  ];
  const read = (names: readonly string[] = hosts, spans: readonly UsageSpan[] = windows) => usage.read({ hosts: names, windows: spans });
  /** A misbehaviour is met twice in a row, as by the two readings of a run. */
  const twice = async (names: readonly string[] = hosts): Promise<[UsageReading, UsageReading]> => [await read(names), await read(names)];
  return { api, time, read, twice };
};

/** Hosts with both of their hours, to the byte. */
const whole = ({ rows }: UsageReading): string[] =>
  hosts.filter((host) => rows.filter((row) => row.host === host && row.bytes === perSecond(host) * 3_600).length === 2);
const reasonOf = ({ unreadable }: UsageReading, host: string): string | undefined => unreadable.find((one) => one.host === host)?.reason;
const others = (...bad: number[]): string[] => hosts.filter((_, index) => !bad.includes(index));

describe("Cloudflare: one bad zone", () => {
  const garbled = (zone: Record<string, unknown>) => ({ ...zone, w1: [{ dimensions: {}, sum: {} }] });
  const doubled = (zone: Record<string, unknown>) => [zone, zone];
  const flooded = (zone: Record<string, unknown>) => ({
    ...zone,
    w0: hosts.map((_, index) => ({
      dimensions: { clientRequestHTTPHost: `stranger${index}.com` },
      sum: { edgeResponseBytes: 1 },
      avg: { sampleInterval: 1 },
    })),
  });
  const cases: [string, ZoneFault, RegExp][] = [
    ["whose settings are null", { kind: "null_settings" }, /^zone site3.com: the zone's settings could not be read$/],
    ["whose settings node is null", { kind: "null_node" }, /^zone site3.com: the zone's settings could not be read$/],
    ["whose plan has no analytics", { kind: "off" }, /^zone site3.com: analytics are off for this plan$/],
    [
      "whose settings make no sense",
      { kind: "body", on: "settings", change: (zone) => ({ ...zone, settings: { httpRequestsAdaptiveGroups: { enabled: "yes" } } }) },
      /settings could not be read/,
    ],
    [
      "whose limits are refused",
      { kind: "refused", on: "settings" },
      /^zone site3.com: its settings were refused: status 200: zone 'z3' cannot be asked that/,
    ],
    ["whose limits fail", { kind: "status", on: "settings", status: 500 }, /^zone site3.com: its settings could not be read: status 500/],
    [
      "whose limits are forbidden in words of their own",
      { kind: "status", on: "settings", status: 403 },
      /^zone site3.com: its settings were refused: status 403/,
    ],
    [
      "that the answer about limits leaves out",
      { kind: "left_out", on: "settings" },
      /^zone site3.com: its settings were refused: the zone is left out/,
    ],
    [
      "whose figures are refused",
      { kind: "refused", on: "usage", message: "not available for your plan. Upgrade to Pro" },
      /^zone site3.com: its analytics were refused: .*not available for your plan/,
    ],
    [
      "whose path is closed",
      { kind: "refused", on: "usage", message: "zone 'z3' does not have access to the path" },
      /^zone site3.com: its analytics were refused: .*does not have access/,
    ],
    ["whose figures fail", { kind: "status", on: "usage", status: 500 }, /^zone site3.com: its analytics could not be read: status 500/],
    ["that the answer leaves out", { kind: "left_out", on: "usage" }, /^zone site3.com: its analytics were refused: the zone is left out/],
    ["that comes twice", { kind: "body", on: "usage", change: doubled }, /its analytics could not be read: the zone comes twice/],
    ["whose rows are not ours", { kind: "body", on: "usage", change: flooded }, /full of hosts that were not asked for/],
    ["whose figures are garbled", { kind: "body", on: "usage", change: garbled }, /^zone site3.com: its analytics could not be read/],
  ];
  it.each(cases)("reads the others despite a zone %s", async (_name, fault, reason) => {
    const { twice, api } = await bench();
    api.setZoneFault("z3", fault);
    for (const reading of await twice()) {
      expect(whole(reading)).toEqual(others(3));
      expect(reading.unknownHosts).toEqual(["www.site3.com"]);
      expect(reasonOf(reading, "www.site3.com")).toMatch(reason);
      expect(reading.deferredHosts).toBeUndefined();
    }
  });

  it.each(["settings", "usage"] as const)(
    "reads the others despite a zone on which Cloudflare hangs (%s), and asks it apart from then on",
    async (on) => {
      const { twice, api } = await bench({}, { timeoutMs: hangMs });
      api.setZoneFault("z3", { kind: "hang", on });
      const [first, second] = await twice();
      for (const reading of [first, second]) {
        expect([whole(reading), reading.unknownHosts]).toEqual([others(3), ["www.site3.com"]]);
        expect(reasonOf(reading, "www.site3.com")).toMatch(
          /^zone site3.com: its (settings|analytics) could not be read: no answer within 300 ms/,
        );
      }
      const naming = api.queries.filter(
        ({ query, variables }) => query.includes("settings") === (on === "settings") && JSON.stringify(variables).includes('"z3"'),
      );
      expect(naming.at(-1)?.variables?.["zoneTags"]).toEqual(["z3"]);
    },
  );

  it("finds two bad zones, and gives the pieces of a third that it can", async () => {
    const { twice, api } = await bench({ limits: { maxNumberOfFields: 30 } });
    api.setZoneFault("z1", { kind: "status", on: "usage", status: 502 });
    api.setZoneFault("z8", { kind: "refused", on: "settings" });
    api.setZoneFault("z5", { kind: "body", on: "usage", change: (zone) => ({ ...zone, w1: "none" }) });
    for (const reading of await twice()) {
      expect(whole(reading)).toEqual(others(1, 5, 8));
      expect(reading.rows.filter(({ host }) => host === "www.site5.com").map(({ startMs }) => startMs)).toEqual([noon - 2 * hourMs]);
      expect(reading.unknownHosts).toEqual(["www.site1.com", "www.site5.com", "www.site8.com"]);
    }
  });

  it("asks a zone that is closed once a reading, however many queries its windows take", async () => {
    const { read, api } = await bench();
    const hours = Array.from({ length: 36 }, (_, index) => ({
      startMs: noon - (36 - index) * hourMs,
      endMs: noon - (35 - index) * hourMs,
    }));
    await read(hosts, hours);
    const before = api.queries.length;
    api.setZoneFault("z3", { kind: "status", on: "usage", status: 502 });
    const reading = await read(hosts, hours);
    expect([reading.rows.length, reading.unknownHosts]).toEqual([11 * 36, ["www.site3.com"]]);
    // Eight queries for each of the two batches; three attempts and four halvings, of which the half with z3 fails twice.
    expect(api.queries.length - before).toBeLessThanOrEqual(16 + 3 + 3 * 4);
  });

  it("gives the pieces of a window that are refused one by one", async () => {
    const { read, api } = await bench();
    await read();
    const early = `"${new Date(noon - 2 * hourMs).toISOString()}"`;
    const refusing: typeof fetch = async (input, init) =>
      String(init?.body).includes("z3") && String(init?.body).includes(early)
        ? Response.json({ data: null, errors: [{ message: "cannot request data older than 3600s" }] })
        : await fetch(input, init);
    const picky = createCloudflareUsage({
      accountId: "acc",
      apiToken: "token",
      graphqlEndpoint: api.graphqlUrl,
      fetch: refusing,
      sleep: async () => {},
      random: () => 0,
      now: () => noon + 20 * minuteMs,
    });
    const windows = [
      { startMs: noon - 2 * hourMs, endMs: noon - hourMs },
      { startMs: noon - hourMs, endMs: noon },
    ];
    const reading = await picky.read({ hosts, windows });
    expect(whole(reading)).toEqual(others(3));
    expect(reading.rows.filter(({ host }) => host === "www.site3.com").map(({ startMs }) => startMs)).toEqual([noon - hourMs]);
    expect(reasonOf(reading, "www.site3.com")).toMatch(/cannot request data older/);
  });

  it("returns figures again when the zone is fixed", async () => {
    const { read, api, time } = await bench();
    api.setZoneFault("z3", { kind: "off" });
    expect(whole(await read())).toEqual(others(3));
    api.setZoneFault("z3", null);
    time.nowMs += minuteMs;
    expect(whole(await read())).toEqual(hosts);
  });

  it("takes what the token no longer reaches for unreadable", async () => {
    const { read, twice, api, time } = await bench();
    expect(whole(await read())).toEqual(hosts);
    api.narrow(zones.filter(({ id }) => id !== "z3").map(({ id }) => id));
    for (const reading of await twice()) {
      expect(whole(reading)).toEqual(others(3));
      expect(reasonOf(reading, "www.site3.com")).toMatch(/^zone site3.com: its analytics were refused: .*not authorized/);
    }
    time.nowMs += 10 * minuteMs;
    for (const reading of await twice())
      expect(reasonOf(reading, "www.site3.com")).toBe("no Cloudflare zone of this account covers the host");
    api.narrow(null);
    time.nowMs += 10 * minuteMs;
    expect(whole(await read())).toEqual(hosts);
  });
});

describe("Cloudflare: plans", () => {
  it.each([
    [{ notOlderThanSeconds: 0 }, "zone site3.com: its plan keeps no analytics that can be asked for"],
    [{ maxDurationSeconds: 0 }, "zone site3.com: its plan keeps no analytics that can be asked for"],
    [{ maxPageSize: 0 }, "zone site3.com: its plan gives no rows"],
    [{ maxNumberOfFields: 2 }, "zone site3.com: its plan allows 2 fields a query, and a reading needs 3"],
  ])("cannot ask a plan of %o, and reads the others", async (limits, reason) => {
    const { twice, api } = await bench({ limitsByZone: { z3: limits } });
    for (const reading of await twice()) {
      expect([whole(reading), reasonOf(reading, "www.site3.com")]).toEqual([others(3), reason]);
      expect(reading.skipped).toEqual([{ item: "zone site3.com", reason: reason.slice("zone site3.com: ".length) }]);
    }
    expect(api.queries.some(({ query, variables }) => !query.includes("settings") && JSON.stringify(variables).includes('"z3"'))).toBe(
      false,
    );
  });

  it.each([3, 4, 5, 6])("asks within %i fields a query", async (maxNumberOfFields) => {
    const { read } = await bench({ limits: { maxNumberOfFields }, sampleInterval: () => 10 });
    const reading = await read();
    expect([whole(reading), reading.unreadable]).toEqual([hosts, []]);
    expect(reading.rows[0]?.sampling?.lowerBytes === null).toBe(maxNumberOfFields < 5);
  });

  it("never asks for more hosts than an answer has rows", async () => {
    const many = Array.from({ length: 25 }, (_, index) => `h${index}.site0.com`);
    const { read } = await bench({ limits: { maxPageSize: 10 } });
    const { rows, unreadable } = await read([...many, "www.site1.com"], [{ startMs: noon - hourMs, endMs: noon }]);
    expect([rows.map(({ bytes }) => bytes), unreadable]).toEqual([[...many.map((host) => perSecond(host) * 3_600), 2 * 3_600], []]);
  });

  it("leaves out spans that the plan no longer keeps, and reads parts of windows within it to the byte", async () => {
    const { read, api } = await bench();
    api.setLimits("z0", { maxDurationSeconds: 1_000 });
    const day = 24 * hourMs;
    const spans = [
      { startMs: noon - 31 * day, endMs: noon - 31 * day + hourMs },
      { startMs: noon - 6 * day, endMs: noon - 6 * day + 21 * minuteMs },
      { startMs: noon - hourMs, endMs: noon - hourMs + 39_000 },
      { startMs: noon - hourMs + 39_000, endMs: noon },
    ];
    const { rows, unreadable, deferredHosts } = await read(["www.site0.com"], spans);
    expect(rows).toEqual(
      spans.slice(1).map(({ startMs, endMs }) => ({ host: "www.site0.com", startMs, endMs, bytes: (endMs - startMs) / 1_000 })),
    );
    expect([unreadable, deferredHosts]).toEqual([[], undefined]);
    const bounds = api.queries.flatMap(({ variables }) =>
      Object.entries(variables ?? {})
        .filter(([name]) => /^(from|to)\d/.test(name))
        .map(([, value]) => String(value)),
    );
    expect(bounds.every((bound) => bound.endsWith(".000Z"))).toBe(true);
  });
});

describe("Cloudflare: the list of zones", () => {
  const many = Array.from({ length: 123 }, (_, index) => ({ id: `z${index}`, name: `site${index}.com` }));

  it("goes as far as it was told where a later page fails; what might be hidden in the rest is unreadable", async () => {
    const { twice, api } = await bench({ zones: many });
    api.setFault({ kind: "http_500_html", on: "zones", page: 2 });
    for (const reading of await twice(["www.site1.com", "site2.com", "www.site122.com"])) {
      expect(reading.rows.map(({ host }) => host)).toEqual(["site2.com", "site2.com"]);
      expect(reading.unknownHosts).toEqual(["www.site1.com", "www.site122.com"]);
      expect(reasonOf(reading, "www.site1.com")).toMatch(/not certain: the list of zones could not be read: status 500/);
      expect(reading.skipped).toMatchObject([{ item: "the list of zones" }]);
    }
  });

  it("ends where its pages do not", async () => {
    const { twice, api } = await bench({ zones: many });
    api.setFault("endless_pages");
    for (const reading of await twice(["site2.com", "www.site122.com"])) {
      expect(reading.rows).toHaveLength(2);
      expect(reasonOf(reading, "www.site122.com")).toMatch(/its pages do not end/);
    }
    expect(api.zoneLists).toHaveLength(2);
  });

  it("is asked for once by all who ask at the same time, and limits too", async () => {
    const { read, api } = await bench();
    await Promise.all([read(), read(hosts.slice(0, 3)), read(hosts.slice(5))]);
    expect(api.zoneLists).toHaveLength(1);
    expect(api.queries.filter(({ query }) => query.includes("settings"))).toHaveLength(2);
  });
});

describe("Cloudflare: the account as a whole", () => {
  it("counts its quota over all readings, keeps what it has read, and defers the rest", async () => {
    const { read, api } = await bench({}, { queryBudget: 5 });
    expect(whole(await read())).toEqual(hosts);
    const second = await read();
    const read10 = whole(second);
    expect([read10.length, second.deferredHosts?.length, second.unreadable]).toEqual([10, 2, []]);
    expect(api.queries).toHaveLength(5);
    await expect(read()).rejects.toThrow("waits for the next run");
  });

  it("does not ask for every zone apart when nothing answers", async () => {
    let asked = 0;
    const counting: typeof fetch = async (...request) => {
      asked += 1;
      return await fetch(...request);
    };
    const { read, api } = await bench({}, { fetch: counting });
    await read();
    asked = 0;
    api.setFault("http_500_html");
    await expect(read()).rejects.toThrow("cloudflare unavailable: status 500");
    // Three attempts with all, then two each with five parts: not with each of twelve zones.
    expect(asked).toBe(13);
    api.setFault("healthy");
    expect(whole(await read())).toEqual(hosts);
  });

  it("throws where every zone fails, and where no zone may be read", async () => {
    const { read, api } = await bench();
    for (const { id } of zones) api.setZoneFault(id, { kind: "status", on: "usage", status: 500 });
    await expect(read()).rejects.toThrow("cloudflare unavailable: status 500");
    for (const { id } of zones) api.setZoneFault(id, { kind: "left_out" });
    await expect(read()).rejects.toThrow("none of the zones");
  });

  it("ends when its time is up: what was read is given, the rest deferred", async () => {
    const { read, api } = await bench({}, { timeoutMs: 60_000, readTimeoutMs: 3_000 });
    await read();
    api.setZoneFault("z11", { kind: "hang", on: "usage" });
    const reading = await read();
    expect([whole(reading), reading.unreadable, reading.deferredHosts]).toEqual([others(10, 11), [], ["www.site10.com", "www.site11.com"]]);
  });
});
