import { seededRandom } from "../../support/random.ts";

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
const windows = 48;
export const startMs = Date.parse("2026-11-16T00:00:00Z");
export const endMs = startMs + windows * hourMs;
export const measuredCdns = ["fastly", "cloudflare"] as const;

/** What happens to the services of two customers who want the same hosts. Ids are unique over all schedules. */
export type Event = { readonly atMs: number } & (
  | { readonly kind: "create service"; readonly service: number; readonly customer: number; readonly cdns: readonly [string, string] }
  | { readonly kind: "change CDNs"; readonly service: number; readonly cdns: readonly [string, string] }
  | { readonly kind: "delete service"; readonly service: number }
  | { readonly kind: "rename"; readonly service: number }
  | {
      readonly kind: "add domain";
      readonly domain: number;
      readonly service: number;
      readonly customer: number;
      readonly host: string;
      readonly proven: boolean;
    }
  | { readonly kind: "prove"; readonly domain: number; readonly displaced: number | null }
  | { readonly kind: "lose proof"; readonly domain: number }
  | { readonly kind: "delete domain"; readonly domain: number }
);

/** From when until when a CDN's account does not cover a host. */
export type Blind = { readonly cdn: string; readonly host: string; readonly fromMs: number; readonly toMs: number };

export type Schedule = {
  readonly index: number;
  readonly customers: readonly [number, number];
  readonly hosts: readonly string[];
  /** Ascending by time. */
  readonly events: readonly Event[];
  readonly blind: readonly Blind[];
};

type Domain = { readonly id: number; readonly service: number; readonly customer: number; readonly host: string; proven: boolean };
type Service = { readonly id: number; readonly customer: number; cdns: readonly [string, string] };

const pairs: readonly (readonly [string, string])[] = [
  ["fastly", "cloudflare"],
  ["cloudflare", "fastly"],
  ["fastly", "akamai"],
  ["akamai", "cloudflare"],
  ["cloudflare", "akamai"],
];

/** Moments: any millisecond, or, where things are decided, the very minute or the very hour. */
const moments = (random: () => number, count: number): number[] =>
  Array.from({ length: count }, () => {
    const any = startMs + Math.floor(random() * (endMs - startMs));
    const kind = random();
    return kind < 0.15 ? any - (any % minuteMs) : kind < 0.25 ? any - (any % hourMs) : any;
  }).toSorted((a, b) => a - b);

export const createSchedule = (index: number, seed: number): Schedule => {
  const random = seededRandom(seed * 1_000_003 + index);
  const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)];
  const customers = [index * 2 + 1, index * 2 + 2] as const;
  const hosts = [`a.${index}.test`, `b.${index}.test`];
  const services: Service[] = [];
  const domains: Domain[] = [];
  const events: Event[] = [];
  let [serviceCount, domainCount] = [0, 0];

  const createService = (atMs: number): void => {
    const customer = random() < 0.6 ? customers[0] : customers[1];
    const service: Service = { id: index * 10 + (serviceCount += 1), customer, cdns: pick(pairs) ?? ["fastly", "cloudflare"] };
    services.push(service);
    events.push({ atMs, kind: "create service", service: service.id, customer, cdns: service.cdns });
  };
  const addDomain = (atMs: number): void => {
    const service = pick(services);
    const host = pick(hosts);
    if (service === undefined || host === undefined || domainCount === 90) return;
    if (domains.some((one) => one.host === host && one.customer === service.customer)) return;
    const proven = random() < 0.7 && !domains.some((one) => one.host === host && one.proven);
    const domain: Domain = { id: index * 100 + (domainCount += 1), service: service.id, customer: service.customer, host, proven };
    domains.push(domain);
    events.push({ atMs, kind: "add domain", domain: domain.id, service: service.id, customer: service.customer, host, proven });
  };
  const prove = (atMs: number): void => {
    const domain = pick(domains.filter(({ proven }) => !proven));
    if (domain === undefined) return addDomain(atMs);
    const holder = domains.find((one) => one.host === domain.host && one.proven);
    if (holder !== undefined) holder.proven = false;
    domain.proven = true;
    events.push({ atMs, kind: "prove", domain: domain.id, displaced: holder?.id ?? null });
  };
  const loseProof = (atMs: number): void => {
    const domain = pick(domains.filter(({ proven }) => proven));
    if (domain === undefined) return addDomain(atMs);
    domain.proven = false;
    events.push({ atMs, kind: "lose proof", domain: domain.id });
  };
  const removeDomain = (atMs: number): void => {
    const domain = pick(domains);
    if (domain === undefined) return addDomain(atMs);
    domains.splice(domains.indexOf(domain), 1);
    events.push({ atMs, kind: "delete domain", domain: domain.id });
  };
  const removeService = (atMs: number): void => {
    const service = pick(services);
    if (service === undefined) return createService(atMs);
    for (const domain of domains.filter((one) => one.service === service.id)) domains.splice(domains.indexOf(domain), 1);
    services.splice(services.indexOf(service), 1);
    events.push({ atMs, kind: "delete service", service: service.id });
  };
  const changeCdns = (atMs: number): void => {
    const service = pick(services);
    if (service === undefined) return createService(atMs);
    const [primary, backup] = service.cdns;
    service.cdns = random() < 0.6 ? [backup, primary] : (pick(pairs) ?? service.cdns);
    events.push({ atMs, kind: "change CDNs", service: service.id, cdns: service.cdns });
  };
  const rename = (atMs: number): void => {
    const service = pick(services);
    if (service !== undefined) events.push({ atMs, kind: "rename", service: service.id });
  };

  createService(startMs + Math.floor(random() * 2 * hourMs));
  const firstMs = events[0]?.atMs ?? startMs;
  for (const atMs of new Set(moments(random, 14).filter((ms) => ms > firstMs))) {
    const kind = random();
    if (kind < 0.12 && serviceCount < 9) createService(atMs);
    else if (kind < 0.4) addDomain(atMs);
    else if (kind < 0.55) prove(atMs);
    else if (kind < 0.62) loseProof(atMs);
    else if (kind < 0.72) removeDomain(atMs);
    else if (kind < 0.79) removeService(atMs);
    else if (kind < 0.93) changeCdns(atMs);
    else rename(atMs);
  }
  const blind = Array.from({ length: Math.floor(random() * 3) }, (): Blind => {
    const fromMs = startMs + Math.floor(random() * (endMs - startMs));
    const toMs = random() < 0.1 ? Number.POSITIVE_INFINITY : Math.min(endMs, fromMs + Math.floor(random() * 12 * hourMs));
    return { cdn: pick(measuredCdns) ?? "fastly", host: pick(hosts) ?? "", fromMs, toMs };
  });
  return { index, customers, hosts, events, blind };
};

const bases = new Map<string, number>();

const baseOf = (cdn: string, host: string): number => {
  const name = `${cdn} ${host}`;
  let base = bases.get(name);
  if (base === undefined) {
    base = new TextEncoder().encode(name).reduce((hash, byte) => Math.imul(hash ^ byte, 16_777_619), 2_166_136_261);
    bases.set(name, base);
  }
  return base;
};

/** What a CDN carries for a host in each minute, whoever holds the host: one in eight minutes is quiet. */
export const carrying = (cdn: string, host: string): ((minute: number) => number) => {
  const base = baseOf(cdn, host);
  return (minute) => {
    const hash = Math.imul(base ^ minute, 2_654_435_761);
    const mixed = (hash ^ (hash >>> 15)) >>> 0;
    return mixed % 8 === 0 ? 0 : mixed % 1_000_003;
  };
};
