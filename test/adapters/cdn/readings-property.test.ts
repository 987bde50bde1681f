import fc from "fast-check";
import { expect, it } from "vitest";
import { startCloudflareApi } from "../../../local/cdn/cloudflare-api.ts";
import type { ZoneFault } from "../../../local/cdn/cloudflare-zone-fault.ts";
import { startFastlyApi, steadyBytes } from "../../../local/cdn/fastly-api.ts";
import type { LocalFastlyService } from "../../../local/cdn/fastly-answers.ts";
import type { FastlyFault, FastlyResource } from "../../../local/cdn/fastly-fault.ts";
import { createCloudflareUsage } from "../../../src/adapters/cdn/cloudflare/cloudflare-usage.ts";
import { createFastlyUsage } from "../../../src/adapters/cdn/fastly/fastly-usage.ts";
import { UsageSourceError } from "../../../src/adapters/ports/metering/usage.ts";
import type { UsageReading, UsageSource, UsageSpan } from "../../../src/adapters/ports/metering/usage.ts";

/*
 * Whatever an account looks like and however the API fails: a row is the truth to the byte, and a host without a row for a
 * span is said to be unreadable or deferred.
 */

const minuteMs = 60_000;
const hourMs = 3_600_000;
const noon = Date.UTC(2026, 10, 18, 12);
const now = () => noon + 20 * minuteMs;
const pool = ["a.one.com", "b.one.com", "c.one.com", "d.two.com", "e.two.com", "f.three.com"];
const truth = steadyBytes(Object.fromEntries(pool.map((host, index) => [host, (index + 1) * 1_000_003])));

const spansOf = (cuts: readonly number[]): UsageSpan[] => {
  const edges = [...new Set([0, ...cuts, 120])].toSorted((a, b) => a - b).map((minute) => noon - 2 * hourMs + minute * minuteMs);
  return edges.slice(1).map((endMs, index) => ({ startMs: edges[index] ?? 0, endMs }));
};
const anySpans = fc.array(fc.integer({ min: 1, max: 119 }), { maxLength: 2 }).map(spansOf);

/** @returns how many rows there were */
const expectTrue = async (source: UsageSource, hosts: readonly string[], windows: readonly UsageSpan[]): Promise<number> => {
  let reading: UsageReading;
  try {
    reading = await source.read({ hosts, windows });
  } catch (error) {
    expect(error).toBeInstanceOf(UsageSourceError);
    return 0;
  }
  for (const { host, startMs, endMs, bytes } of reading.rows)
    expect([host, startMs, endMs, bytes]).toEqual([host, startMs, endMs, truth(host, startMs, endMs)]);
  const excused = new Set([...reading.unknownHosts, ...(reading.deferredHosts ?? [])]);
  for (const host of hosts) {
    const read = reading.rows.filter((row) => row.host === host).map(({ startMs, endMs }) => ({ startMs, endMs }));
    if (!excused.has(host)) expect([host, read]).toEqual([host, windows]);
  }
  return reading.rows.length;
};

it("never takes anything else for a host's bytes, however Fastly's account and API are", async () => {
  let services: LocalFastlyService[] = [];
  let rows = 0;
  const api = await startFastlyApi({
    apiToken: "key",
    get services() {
      return services;
    },
    bytes: truth,
    now,
  });
  const anyPlace = fc.record({
    host: fc.constantFrom(...pool),
    service: fc.constantFrom("s1", "s2", "s3"),
    as: fc.constantFrom("version", "versionless", "wildcard", "nowhere"),
  });
  const anyService = fc.record({ inspector: fc.boolean(), active: fc.boolean() });
  const anyFault = fc
    .record({
      fault: fc.constantFrom<FastlyFault>(
        { kind: "status", status: 403 },
        { kind: "status", status: 404 },
        { kind: "status", status: 500 },
        { kind: "status", status: 429, times: 4 },
        { kind: "body", body: {} },
        { kind: "body", body: [] },
        { kind: "endless" },
      ),
      on: fc.constantFrom<FastlyResource>("services", "domains", "versionless", "stats", "inspector"),
      service: fc.constantFrom("s1", "s2", "s3"),
      // A list that is well-formed and short of something is a lie that nobody can tell.
    })
    .filter(({ fault, on }) => !(on === "domains" && fault.kind === "body" && Array.isArray(fault.body)));
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(anyPlace, { selector: ({ host }) => host, minLength: 3, maxLength: 6 }),
      fc.tuple(anyService, anyService, anyService),
      fc.array(anyFault, { maxLength: 2 }),
      anySpans,
      async (places, kinds, faults, spans) => {
        services = kinds.map((kind, index) => {
          const id = `s${index + 1}`;
          const of = (as: string) => places.filter((place) => place.service === id && place.as === as).map(({ host }) => host);
          const wildcards = [...new Set(of("wildcard").map((host) => host.replace(/^[^.]+/, "*")))];
          // Without an active version nobody is answered.
          return kind.active
            ? { id, ...kind, domains: [...of("version"), ...wildcards], versionless: of("versionless"), underWildcard: of("wildcard") }
            : { id, ...kind, domains: [...of("version"), ...wildcards] };
        });
        api.setFault({ kind: "healthy" });
        for (const { fault, on, service } of faults)
          api.setFault(fault, on === "services" || on === "versionless" ? { on } : { on, service });
        const source = createFastlyUsage({ apiToken: "key", endpoint: api.url, fetch, sleep: async () => {}, random: () => 0, now });
        const served = places
          .filter(({ service, as }) => as !== "nowhere" && kinds[Number(service[1]) - 1]?.active === true)
          .map(({ host }) => host);
        for (let reading = 0; reading < 2; reading += 1) rows += await expectTrue(source, served, spans);
      },
    ),
    { numRuns: 150 },
  );
  expect(rows).toBeGreaterThan(100);
  await api.close();
});

it("never takes anything else for a host's bytes, however Cloudflare's zones and API are", async () => {
  // The API's own quota must not be what most readings are about.
  let nowMs = now();
  const later = (): number => nowMs;
  const zones = ["one.com", "two.com", "three.com"].map((name) => ({ id: `z-${name}`, name }));
  let rows = 0;
  const serves = (zoneId: string, host: string): boolean => host.endsWith(`.${zoneId.slice(2)}`);
  const api = await startCloudflareApi({
    apiToken: "token",
    accountId: "acc",
    zones,
    now: later,
    bytes: (zoneId, host, fromMs, toMs) => (serves(zoneId, host) ? truth(host, fromMs, toMs) : 0),
  });
  const on = fc.constantFrom<"settings" | "usage">("settings", "usage");
  const anyFault: fc.Arbitrary<ZoneFault | null> = fc.oneof(
    { weight: 8, arbitrary: fc.constant(null) },
    fc.constantFrom<ZoneFault>({ kind: "null_settings" }, { kind: "null_node" }, { kind: "off" }),
    fc.record({ kind: fc.constant("left_out"), on }),
    fc.record({ kind: fc.constant("refused"), on }),
    fc.record({ kind: fc.constant("status"), on, status: fc.constantFrom(403, 429, 500) }),
    fc.record({
      kind: fc.constant("body"),
      on,
      change: fc.constantFrom(
        (zone: unknown) => [zone, zone],
        (zone: object) => ({ ...zone, w0: null, settings: 1 }),
      ),
    }),
  ) as fc.Arbitrary<ZoneFault | null>;
  const anyLimits = fc.record({
    maxDurationSeconds: fc.constantFrom(700, 3_600, 86_400),
    maxNumberOfFields: fc.integer({ min: 2, max: 12 }),
    maxPageSize: fc.constantFrom(1, 2, 10_000),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyFault, { minLength: 3, maxLength: 3 }),
      fc.array(anyLimits, { minLength: 3, maxLength: 3 }),
      anySpans,
      fc.integer({ min: 3, max: 90 }),
      async (faults, limits, spans, queryBudget) => {
        nowMs += 5 * minuteMs;
        zones.forEach(({ id }, index) => {
          api.setZoneFault(id, faults[index] ?? null);
          api.setLimits(id, limits[index] ?? {});
        });
        const source = createCloudflareUsage({
          accountId: "acc",
          apiToken: "token",
          graphqlEndpoint: api.graphqlUrl,
          fetch,
          sleep: async () => {},
          random: () => 0,
          now: later,
          queryBudget,
        });
        for (let reading = 0; reading < 2; reading += 1) rows += await expectTrue(source, pool, spans);
      },
    ),
    { numRuns: 25 },
  );
  expect(rows).toBeGreaterThan(100);
  await api.close();
});
