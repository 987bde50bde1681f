import { afterAll, beforeAll, beforeEach } from "vitest";
import { type Route53Server, startRoute53 } from "../../../local/route53/server.ts";
import type { PairReading, WeightChange } from "../../../src/adapters/ports/steering/dns.ts";
import { credentials, route53At } from "./support.ts";

// One account of a local Route 53 for each test file that asks for it, its records as new before each test.

export type Seed = Parameters<Route53Server["seed"]>[1][number];

export let server: Route53Server;
let aheadMs = 0;
const insyncAfterMs = 120_000;

/** Lets the server's time pass until its changes are in sync; the signatures stay young enough. */
export const settle = (): void => {
  aheadMs += insyncAfterMs;
};

export let dns: ReturnType<typeof route53At>;
export const zoneId = (name: string, isPrivate = false): string =>
  server.zones.find((zone) => zone.name === `${name}.` && zone.private === isPrivate)?.id ?? "";

export const half = (name: string, setIdentifier: string, weight: number, more: Partial<Seed> = {}): Seed => ({
  name,
  type: "CNAME",
  setIdentifier,
  weight,
  ttlSeconds: 60,
  values: [`${setIdentifier.toLowerCase()}.cdn.example.net`],
  ...more,
});
export const pair = (name: string, more: Partial<Seed> = {}): Seed[] => [half(name, "Primary", 100, more), half(name, "BACKUP", 0, more)];

/** Hands a name on to the zone of that name, as a parent has to: by the zone's own name servers. */
const delegateTo = (name: string, parent: string): void => {
  const values = server.records(zoneId(name)).find((set) => set.type === "NS" && set.name === `${name}.`)?.values ?? [];
  server.seed(zoneId(parent), [{ name, type: "NS", ttlSeconds: 300, values }]);
};

export const names = (count: number, zone: string): string[] =>
  Array.from({ length: count }, (_, index) => `d${String(index).padStart(3, "0")}.${zone}`);

export const found = (reading: PairReading | undefined) => {
  if (reading?.status !== "found") throw new Error(`not found: ${JSON.stringify(reading)}`);
  return reading;
};
export const changesTo = async (domains: readonly string[], primary: number, backup: number): Promise<WeightChange[]> => {
  const readings = await dns.read(domains);
  return domains.map((domain) => {
    const { zoneId: id, records } = found(readings.get(domain));
    return { domain, zoneId: id, records, to: { primary, backup } };
  });
};
export const weightsOf = (zone: string, name: string): string =>
  server
    .records(zoneId(zone))
    .filter((set) => set.name === `${name}.` && set.weight !== undefined)
    .map((set) => `${set.type} ${set.setIdentifier} ${set.weight}`)
    .join(", ");

/** To be called once by a test file: a worker runs many of them, and imports this once. */
export const useAccount = (): void => {
  beforeAll(async () => {
    server = await startRoute53({
      ...credentials,
      zones: [
        { name: "example.com" },
        { name: "eu.example.com" },
        { name: "ample.com" },
        { name: "example.com", private: true },
        { name: "many.example.org" },
        { name: "bulk.example.org" },
      ],
      insyncAfterMs,
      now: () => Date.now() + aheadMs,
      requestsPerSecond: 100_000,
      burst: 100_000,
    });
    server.seed(zoneId("example.com", true), pair("inside.example.com"));
    for (const zone of ["many.example.org", "bulk.example.org"]) {
      server.seed(
        zoneId(zone),
        names(160, zone).flatMap((name) => pair(name)),
      );
    }
  });
  afterAll(async () => await server.close());

  beforeEach(() => {
    server.setFault(null);
    aheadMs = 0;
    server.seed(zoneId("example.com"), [
      ...pair("www.example.com", { healthCheckId: "11111111-2222-3333-4444-555555555555" }),
      ...pair("app.example.com"),
      ...pair("\\052.example.com"),
      half("half.example.com", "primary", 100),
      { name: "plain.example.com", type: "A", ttlSeconds: 60, values: ["192.0.2.1"] },
      { name: "wwx.example.com", type: "TXT", ttlSeconds: 60, values: [`"a & b <c>"`] },
    ]);
    server.seed(zoneId("eu.example.com"), pair("www.eu.example.com"));
    delegateTo("eu.example.com", "example.com");
    server.requests.length = 0;
    dns = route53At(server.url);
  });
};
