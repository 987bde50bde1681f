import { afterEach, describe, expect, it } from "vitest";
import { startFastlyApi, steadyBytes } from "../../../local/cdn/fastly-api.ts";
import type { FastlyApi, FastlyApiOptions } from "../../../local/cdn/fastly-api.ts";
import type { FastlyFault, FastlyScope } from "../../../local/cdn/fastly-fault.ts";
import { createFastlyUsage } from "../../../src/adapters/cdn/fastly/fastly-usage.ts";
import type { FastlyUsageOptions } from "../../../src/adapters/cdn/fastly/fastly-usage.ts";
import type { UsageReading, UsageSpan } from "../../../src/adapters/ports/metering/usage.ts";

const hourMs = 3_600_000;
const minuteMs = 60_000;
const gib = 2 ** 30;
const noon = Date.UTC(2026, 10, 18, 12);
/** Long for an answer from this machine, three times in a row. */
const hangMs = 300;
const running: FastlyApi[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((api) => api.close()));
});

/** Each host's hundredth part of a GiB an hour, by the number in its name; an hour's bytes are told by the same. */
const hosts = ["h1.one.com", "h2.two.com", "h3.three.com"];
const perHour = Object.fromEntries(
  ["h1.one.com", "h2.two.com", "h3.three.com", "h4.two.com", "h5.wild.com"].map((host) => [host, Number(host[1]) * gib]),
);
const services = [
  { id: "s1", domains: ["h1.one.com"] },
  { id: "s2", domains: ["h2.two.com", "h4.two.com"], inspector: true },
  { id: "s3", domains: [], versionless: ["h3.three.com"] },
];

const bench = async (server: Partial<FastlyApiOptions> = {}, adapter: Partial<FastlyUsageOptions> = {}) => {
  const time = { nowMs: noon + 20 * minuteMs };
  const api = await startFastlyApi({ apiToken: "key", services, bytes: steadyBytes(perHour), now: () => time.nowMs, ...server });
  running.push(api);
  const usage = createFastlyUsage({
    apiToken: "key",
    endpoint: api.url,
    fetch,
    sleep: async () => {},
    random: () => 0,
    now: () => time.nowMs,
    ...adapter,
  });
  const windows = [{ startMs: noon - hourMs, endMs: noon }];
  const read = (names: readonly string[] = hosts, spans: readonly UsageSpan[] = windows) => usage.read({ hosts: names, windows: spans });
  /** A misbehaviour is met twice in a row, as by the two readings of a run. */
  const twice = async (names: readonly string[] = hosts): Promise<[UsageReading, UsageReading]> => [await read(names), await read(names)];
  return { api, time, read, twice };
};

/** GiB by host, and what is said of those that have no figures. */
const told = ({ rows, unreadable, deferredHosts = [] }: UsageReading) => ({
  gib: Object.fromEntries(rows.map(({ host, bytes }) => [host, bytes / gib])),
  why: Object.fromEntries(unreadable.map(({ host, reason }) => [host, reason])),
  later: deferredHosts,
});

describe("Fastly: domains without versions", () => {
  it("are read from the stats where they are the service's only domain, over both lists", async () => {
    const { read, api } = await bench();
    expect(told(await read())).toEqual({ gib: { "h1.one.com": 1, "h2.two.com": 2, "h3.three.com": 3 }, why: {}, later: [] });
    const asked = api.requests.filter((path) => path.startsWith("/stats")).map((path) => path.split("?")[0]);
    expect(new Set(asked)).toEqual(new Set(["/stats/service/s1", "/stats/service/s3"]));
  });

  it("share the figures of a service with its versioned ones: only Domain Inspector tells them apart", async () => {
    const mixed = (inspector: boolean) => [{ id: "s1", domains: ["h1.one.com"], versionless: ["h3.three.com"], inspector }];
    const booked = await bench({ services: mixed(true) });
    expect(told(await booked.read(["h1.one.com", "h3.three.com"])).gib).toEqual({ "h1.one.com": 1, "h3.three.com": 3 });
    const plain = await bench({ services: mixed(false) });
    const { gib: figures, why } = told(await plain.read(["h1.one.com", "h3.three.com"]));
    expect(figures).toEqual({});
    expect(why["h1.one.com"]).toMatch(
      /^Domain Inspector of Fastly service s1 was refused: status 403: .*; its domains share one figure otherwise$/,
    );
  });

  it("are listed page by page, and one that no service has is not read as a wildcard's", async () => {
    const names = Array.from({ length: 230 }, (_, index) => `n${index}.wild.com`);
    const looseDomains = [{ fqdn: "loose.wild.com" }, { fqdn: "routed.wild.com", routingConfigurationId: "r1" }];
    const { read, api } = await bench({
      services: [{ id: "s", domains: [], versionless: ["*.wild.com", ...names], inspector: true, underWildcard: ["h5.wild.com"] }],
      looseDomains,
    });
    const reading = told(await read(["n0.wild.com", "n229.wild.com", "h5.wild.com", "loose.wild.com", "routed.wild.com"]));
    expect(reading.gib).toEqual({ "n0.wild.com": 0, "n229.wild.com": 0, "h5.wild.com": 5 });
    expect(reading.why).toEqual({
      "loose.wild.com": "the host is a domain of this Fastly account, but of no service",
      "routed.wild.com": "a Fastly routing configuration sends the host to several services",
    });
    expect(api.requests.filter((path) => path.startsWith("/domain-management"))).toHaveLength(3);
  });

  it("leave single domains undecided where they cannot be listed", async () => {
    const { twice, api } = await bench();
    api.setFault({ kind: "status", status: 403 }, { on: "versionless" });
    for (const reading of await twice()) {
      const { gib: figures, why } = told(reading);
      expect(figures).toEqual({ "h2.two.com": 2 });
      expect(why["h1.one.com"]).toMatch(
        /Domain Inspector .* was refused.*; the list of Fastly domains without versions was refused: status 403/,
      );
      expect(why["h3.three.com"]).toMatch(/not found .* but the list of Fastly domains without versions was refused: status 403/);
      expect(reading.skipped).toMatchObject([{ item: "the list of Fastly domains without versions" }]);
    }
  });
});

describe("Fastly: wildcards", () => {
  const wild = { id: "w", domains: ["*.wild.com"], inspector: true, underWildcard: ["h5.wild.com"] };

  it("silence under a wildcard is 0 only if the wildcard itself is silent", async () => {
    const { twice, api } = await bench({ services: [wild] });
    expect(told((await twice(["h5.wild.com", "quiet.wild.com"]))[1]).gib).toEqual({ "h5.wild.com": 5, "quiet.wild.com": 0 });
    const byWildcard = (real: unknown) => ({
      ...(real as object),
      data: [{ dimensions: { domain: "*.wild.com" }, values: [{ timestamp: (noon - hourMs) / 1_000, edge_resp_body_bytes: 9 }] }],
    });
    api.setFault({ kind: "body", body: byWildcard }, { on: "inspector" });
    for (const reading of await twice(["h5.wild.com"])) {
      expect(told(reading)).toMatchObject({
        gib: {},
        why: { "h5.wild.com": "Domain Inspector of Fastly service w counts the host under *.wild.com only" },
      });
    }
  });

  it("never stand in for a service that could not be listed", async () => {
    const { twice, api } = await bench({ services: [...services, wild, { id: "s6", domains: ["h1.wild.com"] }] });
    api.setFault({ kind: "status", status: 404 }, { on: "domains", service: "s6" });
    for (const reading of await twice([...hosts, "h5.wild.com", "h1.wild.com"])) {
      const { gib: figures, why } = told(reading);
      expect(figures).toEqual({ "h1.one.com": 1, "h2.two.com": 2, "h3.three.com": 3 });
      expect(why["h5.wild.com"]).toMatch(/the domain list of Fastly service s6 was refused: status 404/);
      expect(why["h1.wild.com"]).toMatch(/the domain list of Fastly service s6 was refused: status 404/);
    }
  });
});

describe("Fastly: one bad service, page or answer", () => {
  const stray = (real: unknown) => {
    const { data } = real as { data: object[] };
    const outside = [noon - 2 * hourMs, noon + hourMs].map((atMs) => ({ start_time: atMs / 1_000, edge_resp_body_bytes: 77 }));
    return { ...(real as object), data: [...data, ...outside] };
  };
  const twicePoint = (real: unknown) => ({
    ...(real as object),
    data: [...(real as { data: object[] }).data, ...(real as { data: object[] }).data],
  });
  const offPoint = { data: [{ start_time: (noon - hourMs + 1_000) / 1_000, edge_resp_body_bytes: 1 }] };
  const good = { "h1.one.com": 1, "h2.two.com": 2, "h3.three.com": 3 };
  const { "h1.one.com": _first, ...withoutFirst } = good;
  const { "h2.two.com": _second, ...withoutSecond } = good;

  const cases: [string, FastlyFault, FastlyScope, Record<string, number>, RegExp | null][] = [
    [
      "a domain list that is refused, 400",
      { kind: "status", status: 400 },
      { on: "domains", service: "s1" },
      withoutFirst,
      /domain list of Fastly service s1 was refused: status 400/,
    ],
    [
      "a domain list that is refused, 403",
      { kind: "status", status: 403 },
      { on: "domains", service: "s1" },
      withoutFirst,
      /domain list of Fastly service s1 was refused: status 403/,
    ],
    [
      "a domain list that is not there, 404",
      { kind: "status", status: 404 },
      { on: "domains", service: "s1" },
      withoutFirst,
      /domain list of Fastly service s1 was refused: status 404/,
    ],
    [
      "a domain list that fails, 500",
      { kind: "status", status: 500, html: true },
      { on: "domains", service: "s1" },
      withoutFirst,
      /domain list of Fastly service s1 could not be read: status 500/,
    ],
    [
      "a domain list that is garbled",
      { kind: "body", body: [{ nom: "h1.one.com" }] },
      { on: "domains", service: "s1" },
      withoutFirst,
      /domain list of Fastly service s1 could not be read/,
    ],
    [
      "a domain list that never comes",
      { kind: "hang" },
      { on: "domains", service: "s1" },
      withoutFirst,
      /domain list of Fastly service s1 could not be read: no answer within/,
    ],
    [
      "stats that are refused",
      { kind: "status", status: 403 },
      { on: "stats", service: "s1" },
      withoutFirst,
      /^the figures of Fastly service s1 were refused: status 403/,
    ],
    [
      "stats that fail",
      { kind: "status", status: 502 },
      { on: "stats", service: "s1" },
      withoutFirst,
      /^the figures of Fastly service s1 could not be read: status 502/,
    ],
    [
      "stats that never come",
      { kind: "hang" },
      { on: "stats", service: "s1" },
      withoutFirst,
      /^the figures of Fastly service s1 could not be read: no answer within 300 ms/,
    ],
    [
      "stats that are garbled",
      { kind: "body", body: { data: "none" } },
      { on: "stats", service: "s1" },
      withoutFirst,
      /^the figures of Fastly service s1 could not be read/,
    ],
    [
      "stats that report a failure",
      { kind: "body", body: { status: "error", msg: "try later", data: [] } },
      { on: "stats", service: "s1" },
      withoutFirst,
      /^the figures of Fastly service s1 could not be read/,
    ],
    [
      "stats by another unit",
      { kind: "body", body: { meta: { by: "day" }, data: [] } },
      { on: "stats", service: "s1" },
      withoutFirst,
      /asked by the hour, answered by the day/,
    ],
    ["stats that name an hour twice", { kind: "body", body: twicePoint }, { on: "stats", service: "s1" }, withoutFirst, /comes twice/],
    [
      "stats between the hours",
      { kind: "body", body: offPoint },
      { on: "stats", service: "s1" },
      withoutFirst,
      /the hour at 2026-11-18T11:00:01.000Z is none/,
    ],
    ["stats of other hours too", { kind: "body", body: stray }, { on: "stats", service: "s1" }, good, null],
    [
      "Domain Inspector that is not booked",
      { kind: "status", status: 403 },
      { on: "inspector", service: "s2" },
      withoutSecond,
      /^Domain Inspector of Fastly service s2 was refused: status 403/,
    ],
    [
      "Domain Inspector that fails",
      { kind: "status", status: 503 },
      { on: "inspector", service: "s2" },
      withoutSecond,
      /^the figures of Fastly service s2 could not be read: status 503/,
    ],
    [
      "Domain Inspector whose pages do not end",
      { kind: "endless" },
      { on: "inspector", service: "s2" },
      withoutSecond,
      /its pages do not end|comes twice/,
    ],
    ["a list of services that repeats itself", { kind: "endless" }, { on: "services" }, good, null],
    [
      "a list of domains without versions that repeats itself",
      { kind: "endless" },
      { on: "versionless" },
      { "h2.two.com": 2 },
      /domains without versions could not be read: its pages do not end/,
    ],
    [
      "a service in the list that makes no sense",
      { kind: "body", body: (real: unknown) => [...(real as object[]), { id: 7 }] },
      { on: "services" },
      good,
      null,
    ],
  ];
  it.each(cases)("reads the others despite %s", async (_name, fault, scope, figures, reason) => {
    const { twice, api } = await bench({}, fault.kind === "hang" ? { timeoutMs: hangMs } : {});
    api.setFault(fault, scope);
    for (const reading of await twice()) {
      const { gib: found, why, later } = told(reading);
      expect([found, later]).toEqual([figures, []]);
      for (const host of hosts) if (figures[host] === undefined) expect(why[host]).toMatch(reason ?? /^$/);
      expect(Object.keys(why).length).toBe(hosts.length - Object.keys(figures).length);
      expect(reading.unknownHosts).toEqual(Object.keys(why));
    }
  });

  it("returns figures again when what failed is fixed", async () => {
    const { read, api, time } = await bench();
    api.setFault({ kind: "status", status: 404 }, { on: "domains", service: "s1" });
    expect(told(await read()).gib).toEqual(withoutFirst);
    api.setFault({ kind: "healthy" });
    time.nowMs += minuteMs;
    expect(told(await read()).gib).toEqual(good);
  });

  it("knows a service without an active version by the list of services, and does not ask it", async () => {
    const { twice, api } = await bench({
      services: [
        ...services,
        { id: "draft", domains: ["h4.two.com", "h5.wild.com"], active: false },
        { id: "w", domains: ["*.wild.com"], inspector: true, underWildcard: ["h5.wild.com"] },
      ],
    });
    for (const reading of await twice([...hosts, "h5.wild.com"])) expect(told(reading).gib).toEqual({ ...good, "h5.wild.com": 5 });
    expect(api.requests.some((path) => path.includes("draft"))).toBe(false);
  });

  it("does not choose between two services that list the same host", async () => {
    const { twice } = await bench({ services: [...services, { id: "s9", domains: [], versionless: ["h1.one.com"] }] });
    for (const reading of await twice()) {
      expect(told(reading)).toMatchObject({ gib: withoutFirst, why: { "h1.one.com": "Fastly services s1 and s9 both list h1.one.com" } });
    }
  });

  it("takes a host that disappears from the list, or from the token's reach, for unreadable, and reads it again later", async () => {
    const { read, twice, api, time } = await bench();
    expect(told(await read()).gib).toEqual(good);
    api.hide("h1.one.com");
    time.nowMs += 10 * minuteMs;
    for (const reading of await twice())
      expect(told(reading)).toMatchObject({ gib: withoutFirst, why: { "h1.one.com": "no Fastly service of this account lists the host" } });
    api.show("h1.one.com");
    api.narrow(["s1", "s3"]);
    time.nowMs += 10 * minuteMs;
    for (const reading of await twice())
      expect(told(reading)).toMatchObject({
        gib: withoutSecond,
        why: { "h2.two.com": "no Fastly service of this account lists the host" },
      });
    api.narrow(null);
    time.nowMs += 10 * minuteMs;
    expect(told(await read()).gib).toEqual(good);
  });

  it("goes as far as it was told where a later page of the services fails", async () => {
    const many = Array.from({ length: 101 }, (_, index) => ({ id: `p${index}`, domains: [`h1.page${index}.com`], inspector: true }));
    const { twice, api } = await bench({ services: many, bytes: () => gib });
    api.setFault({ kind: "body", body: (real: unknown) => ((real as unknown[]).length < 100 ? { oops: true } : real) }, { on: "services" });
    for (const reading of await twice(["h1.page7.com", "h1.page100.com"])) {
      expect(told(reading).gib).toEqual({ "h1.page7.com": 1 });
      expect(told(reading).why["h1.page100.com"]).toMatch(/not found .* but the list of Fastly services could not be read/);
    }
  });

  it("answers 403 of a service that the token lost between listing and reading", async () => {
    const { read, twice, api } = await bench();
    await read();
    api.narrow(["s2", "s3"]);
    for (const reading of await twice())
      expect(told(reading).why["h1.one.com"]).toMatch(/^the figures of Fastly service s1 were refused: status 403: You are not authorized/);
  });
});

describe("Fastly: a service that had other domains", () => {
  const at = (hoursAgo: number) => noon - hoursAgo * hourMs;
  const spans = [3, 2, 1].map((ago) => ({ startMs: at(ago), endMs: at(ago - 1) }));
  const bothUntil = (untilMs: number) => [
    {
      id: "s1",
      domains: ["h1.one.com"],
      formerly: [
        { domains: ["h1.one.com", "h4.two.com"], untilMs },
        { domains: ["h1.one.com"], untilMs: at(0.5) },
      ],
    },
  ];

  it("is not read for the time in which they shared its figures, nor asked twice for what never changes", async () => {
    const { read, api } = await bench({ services: bothUntil(at(1.5)) });
    for (const reading of [await read(["h1.one.com"], spans), await read(["h1.one.com"], spans)]) {
      expect(reading.rows).toEqual([{ host: "h1.one.com", startMs: at(1), endMs: at(0), bytes: gib }]);
      expect(told(reading).why).toEqual({ "h1.one.com": "Fastly service s1 had other domains too until 2026-11-18T10:30:00.000Z" });
    }
    expect(api.requests.filter((path) => path.includes("/version/"))).toEqual([
      "/service/s1/version/2/domain",
      "/service/s1/version/1/domain",
    ]);
  });

  it("is read in full once that is past", async () => {
    const { read, api } = await bench({ services: bothUntil(at(3)) });
    expect((await read(["h1.one.com"], spans)).rows).toHaveLength(3);
    expect(api.requests.filter((path) => path.includes("/version/"))).toEqual(["/service/s1/version/2/domain"]);
  });

  it("is not certain where a former list cannot be read, or is one of too many", async () => {
    const { read, api } = await bench({ services: bothUntil(at(1.5)) });
    expect((await read(["h1.one.com"], [{ startMs: at(0.5), endMs: at(0) }])).rows).toHaveLength(1);
    api.setFault({ kind: "status", status: 404 }, { on: "domains" });
    expect(told(await read(["h1.one.com"], spans))).toMatchObject({
      gib: {},
      why: { "h1.one.com": expect.stringMatching(/^the domain list of version 2 .* was refused: status 404/) },
    });
    const formerly = Array.from({ length: 40 }, (_, index) => ({ domains: ["h1.one.com"], untilMs: at(3) + (index + 1) * minuteMs }));
    const busy = await bench({ services: [{ id: "s1", domains: ["h1.one.com"], formerly }] });
    expect((await busy.read(["h1.one.com"], spans)).rows.map(({ startMs }) => startMs)).toEqual([at(2), at(1)]);
  });
});

describe("Fastly: the account as a whole", () => {
  it.each<[string, FastlyFault, FastlyScope, RegExp]>([
    ["the token is refused", { kind: "status", status: 401 }, { on: "services" }, /fastly auth: status 401/],
    ["nothing answers", { kind: "status", status: 503 }, {}, /fastly unavailable: status 503/],
    ["nothing can be listed", { kind: "status", status: 403 }, { on: "domains" }, /fastly not_available: status 403/],
    ["no service can be read", { kind: "status", status: 500 }, { on: "stats" }, /fastly unavailable: status 500/],
    ["nothing ever comes", { kind: "hang" }, {}, /fastly timeout/],
  ])("throws where %s, twice, and reads once that is over", async (_name, fault, scope, message) => {
    const single = [{ id: "s1", domains: ["h1.one.com"] }];
    const { read, api } = await bench({ services: single }, fault.kind === "hang" ? { timeoutMs: hangMs } : {});
    api.setFault(fault, scope);
    await expect(read(["h1.one.com"])).rejects.toThrow(message);
    await expect(read(["h1.one.com"])).rejects.toThrow(message);
    api.setFault({ kind: "healthy" });
    expect(told(await read(["h1.one.com"])).gib).toEqual({ "h1.one.com": 1 });
  });

  it("keeps what it has when Fastly has been asked too often, and leaves the rest to the next reading", async () => {
    const { read, api } = await bench();
    api.setFault({ kind: "status", status: 429 }, { on: "inspector" });
    const first = told(await read());
    expect([first.why, first.later, first.gib["h2.two.com"]]).toEqual([{}, ["h2.two.com"], undefined]);
    api.setFault({ kind: "healthy" });
    expect(told(await read()).gib).toEqual({ "h1.one.com": 1, "h2.two.com": 2, "h3.three.com": 3 });
  });

  it("ends when its time is up: what was read is given, the rest deferred", async () => {
    const { read, api } = await bench({}, { timeoutMs: 60_000, readTimeoutMs: 3_000 });
    expect(told(await read()).later).toEqual([]);
    api.setFault({ kind: "hang" }, { service: "s2" });
    const slow = told(await read());
    expect([slow.gib, slow.why, slow.later]).toEqual([{ "h1.one.com": 1, "h3.three.com": 3 }, {}, ["h2.two.com"]]);
  });

  it("ends when its time is up while listing, and tells so", async () => {
    const { read, api } = await bench({}, { timeoutMs: 60_000, readTimeoutMs: 50 });
    api.setFault({ kind: "hang" }, { on: "services" });
    await expect(read()).rejects.toThrow(/fastly deadline/);
  });

  it("lists once for all who ask at the same time", async () => {
    const { read, api } = await bench();
    await Promise.all([read(), read(["h1.one.com"]), read(["h3.three.com"])]);
    expect(api.requests.filter((path) => path.startsWith("/service?"))).toHaveLength(1);
    expect(api.requests.filter((path) => path.endsWith("/domain"))).toHaveLength(3);
  });
});

describe("Fastly: spans", () => {
  const day = 24 * hourMs;
  const span = (startMs: number, endMs: number) => ({ startMs, endMs });

  it("asks for whole hours by the hour and for parts of them by the minute, and adds up exactly", async () => {
    const { read, api } = await bench();
    const at = (minutes: number) => noon - 2 * hourMs + minutes * minuteMs;
    const reading = await read(hosts, [span(at(0), at(21)), span(at(21), at(60)), span(at(60), at(120))]);
    const bytesOf = (host: string) => reading.rows.filter((row) => row.host === host).map(({ bytes }) => bytes);
    for (const host of hosts) {
      const [first = 0, second = 0, third = 0] = bytesOf(host);
      expect([first + second, third]).toEqual([perHour[host], perHour[host]]);
      expect(first).toBe(steadyBytes(perHour)(host, at(0), at(21)));
    }
    expect(api.requests.filter((path) => path.startsWith("/stats/service/s1"))).toEqual([
      `/stats/service/s1?from=${at(60) / 1_000}&to=${at(120) / 1_000}&by=hour`,
      `/stats/service/s1?from=${at(0) / 1_000}&to=${at(60) / 1_000}&by=minute`,
    ]);
  });

  it("reads spans of a month ago, far apart, without asking for what lies between", async () => {
    const { read, api } = await bench();
    const spans = [
      span(noon - 31 * day, noon - 31 * day + 21 * minuteMs),
      span(noon - 30 * day, noon - 30 * day + hourMs),
      span(noon - 39 * minuteMs, noon),
    ];
    const { rows } = await read(["h1.one.com"], spans);
    expect(rows.map(({ startMs, endMs, bytes }) => [startMs, endMs, bytes])).toEqual(
      spans.map(({ startMs, endMs }) => [startMs, endMs, steadyBytes(perHour)("h1.one.com", startMs, endMs)]),
    );
    const longest = Math.max(
      ...api.requests
        .filter((path) => path.startsWith("/stats"))
        .map((path) => {
          const query = new URLSearchParams(path.split("?")[1]);
          return Number(query.get("to")) - Number(query.get("from"));
        }),
    );
    expect(longest).toBe(3_600);
  });

  it("leaves out what Fastly no longer keeps: minutes after 35 days, hours after 375", async () => {
    const { read } = await bench();
    const reading = await read(
      ["h1.one.com"],
      [
        span(noon - 376 * day, noon - 376 * day + hourMs),
        span(noon - 374 * day, noon - 374 * day + hourMs),
        span(noon - 36 * day, noon - 36 * day + 30 * minuteMs),
        span(noon - 36 * day + hourMs, noon - 36 * day + 2 * hourMs),
        span(noon - 34 * day, noon - 34 * day + 30 * minuteMs),
      ],
    );
    expect(reading.rows.map(({ startMs }) => (noon - startMs) / hourMs)).toEqual([374 * 24, 36 * 24 - 1, 34 * 24]);
    expect([reading.unreadable, reading.deferredHosts]).toEqual([[], undefined]);
  });

  it("keeps the hours of a host whose minutes are refused, and says so", async () => {
    const { read, api } = await bench({ services: [{ id: "s1", domains: ["h1.one.com"] }] });
    const hours = (real: unknown) => ((real as { meta: { by: string } }).meta.by === "hour" ? real : { data: null });
    api.setFault({ kind: "body", body: hours }, { on: "stats" });
    const reading = await read(["h1.one.com"], [span(noon - 3 * hourMs, noon - 2 * hourMs), span(noon - hourMs, noon - 30 * minuteMs)]);
    expect(reading.rows.map(({ startMs }) => startMs)).toEqual([noon - 3 * hourMs]);
    expect(reading.unknownHosts).toEqual(["h1.one.com"]);
  });
});
