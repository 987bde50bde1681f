import type { FastlyResource } from "./fastly-fault.ts";

export type LocalFastlyService = {
  readonly id: string;
  /** Domains of the active version. */
  readonly domains: readonly string[];
  /** Domains without versions that are routed to the service. */
  readonly versionless?: readonly string[];
  /** Hosts that visitors ask for under a wildcard of the service. */
  readonly underWildcard?: readonly string[];
  /** Domain Inspector is booked service by service. */
  readonly inspector?: boolean;
  /** False: no version is active, so there are no domains to list. */
  readonly active?: boolean;
  /** Versions of before, the oldest first: their domains, and when another one took their place. */
  readonly formerly?: readonly { readonly domains: readonly string[]; readonly untilMs: number }[];
};

/** A domain without versions that belongs to no service: unused, or routed by path to several. */
export type LooseFastlyDomain = { readonly fqdn: string; readonly routingConfigurationId?: string };

/** What the answers are made of, as it is at the moment of a request. */
export type FastlyWorld = {
  readonly services: readonly LocalFastlyService[];
  readonly looseDomains: readonly LooseFastlyDomain[];
  readonly isListed: (host: string) => boolean;
  readonly bytes: (host: string, fromMs: number, toMs: number) => number;
  readonly nowMs: number;
  readonly latencyMs: number;
};

/** `endless`: the page claims that another one follows, however far one has read. `version`: null is the active one. */
export type FastlyRequest = { readonly query: URLSearchParams; readonly endless: boolean; readonly version?: number | null };

export class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const unitMs: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
/** "You cannot retrieve minutely data older than 35 days, hourly older than 375." */
const retentionDays: Readonly<Record<string, number>> = { minute: 35, hour: 375, day: Number.POSITIVE_INFINITY };

const bad = (message: string): Refused => new Refused(400, message);

const only = (query: URLSearchParams, allowed: readonly string[]): void => {
  for (const name of query.keys()) if (!allowed.includes(name)) throw bad(`unknown parameter ${name}`);
};

const timeOf = (query: URLSearchParams, name: string): number => {
  const text = query.get(name) ?? "";
  if (!/^\d{9,11}$/.test(text)) throw bad(`${name} is not a Unix timestamp`);
  return Number(text) * 1_000;
};

const countOf = (query: URLSearchParams, name: string, unless: number, most: number): number => {
  const count = Number(query.get(name) ?? unless);
  if (!Number.isInteger(count) || count < 1 || count > most) throw bad(`${name} is 1 to ${most}`);
  return count;
};

const offsetOf = (query: URLSearchParams): number => {
  const cursor = query.get("cursor") ?? "";
  const offset = cursor === "" ? 0 : Number(/^[A-Za-z0-9+/=]+$/.test(cursor) ? atob(cursor) : NaN);
  if (!Number.isInteger(offset)) throw bad("the cursor is none of ours");
  return offset;
};

const serviceOf = (world: FastlyWorld, id: string): LocalFastlyService => {
  const service = world.services.find((one) => one.id === id);
  if (service === undefined) throw new Refused(404, "Record not found");
  return service;
};

/** Hosts whose visitors the service answers. */
const hostsOf = (service: LocalFastlyService): string[] =>
  [...service.domains, ...(service.versionless ?? []), ...(service.underWildcard ?? [])].filter((name) => !name.startsWith("*"));

const bucketsOf = (world: FastlyWorld, fromMs: number, toMs: number, unit: string): number[] => {
  const length = unitMs[unit];
  if (length === undefined) throw bad(`${unit} is neither minute, hour nor day`);
  if (fromMs % length !== 0 || toMs % length !== 0 || toMs <= fromMs) throw bad(`the range is not of whole ${unit}s`);
  if (fromMs < world.nowMs - (retentionDays[unit] ?? 0) * 86_400_000) throw bad(`${unit} data is not kept that long`);
  const starts: number[] = [];
  for (let atMs = fromMs; atMs < toMs && atMs + length + world.latencyMs <= world.nowMs; atMs += length) starts.push(atMs);
  return starts;
};

const split = (bytes: number) => ({ edge_resp_header_bytes: Math.floor(bytes / 10), edge_resp_body_bytes: bytes - Math.floor(bytes / 10) });

/** `GET /service`: by pages, an empty one past the end. */
const services = (world: FastlyWorld, { query, endless }: FastlyRequest): unknown => {
  only(query, ["page", "per_page", "sort", "direction"]);
  const perPage = countOf(query, "per_page", 20, 100);
  const page = endless ? 1 : countOf(query, "page", 1, Number.MAX_SAFE_INTEGER);
  const rows = endless ? Array.from({ length: perPage }, (_, index) => world.services[index % world.services.length]) : world.services;
  return rows.slice((page - 1) * perPage, page * perPage).flatMap((service) => {
    if (service === undefined) return [];
    const { id, active = true, formerly = [] } = service;
    const version = (number: number, isActive: boolean, isLocked: boolean, updatedAtMs: number) => ({
      number,
      active: isActive,
      locked: isLocked,
      service_id: id,
      comment: "",
      deleted_at: null,
      updated_at: new Date(updatedAtMs).toISOString(),
    });
    const former = formerly.map(({ untilMs }, index) => version(index + 1, false, true, untilMs));
    const versions = [...former, version(former.length + 1, active, active, formerly.at(-1)?.untilMs ?? 0)];
    return [{ id, name: id, type: "vcl", version: versions.length, versions, paused: false, deleted_at: null }];
  });
};

/** `GET /service/{id}/domain`: the domains of the active version; `GET /service/{id}/version/{number}/domain`: of that one. */
const domains = (world: FastlyWorld, { query, version = null }: FastlyRequest, id: string): unknown => {
  only(query, []);
  const { active, domains: names, formerly = [] } = serviceOf(world, id);
  if (version === null && active === false) throw new Refused(404, "Couldn't find an active version");
  const number = version ?? formerly.length + 1;
  const listed = number === formerly.length + 1 ? names.filter(world.isListed) : formerly[number - 1]?.domains;
  if (listed === undefined) throw new Refused(404, "Record not found");
  return listed.map((name) => ({ name, service_id: id, version: number, comment: "", locked: true, deleted_at: null }));
};

/** `GET /domain-management/v1/domains`: by cursor; the last page has none. */
const versionless = (world: FastlyWorld, { query, endless }: FastlyRequest): unknown => {
  only(query, ["fqdn", "fqdn_match", "service_id", "sort", "activated", "verified", "cursor", "limit"]);
  // Clients in the wild ask for 100; whether more is allowed is not documented.
  const limit = countOf(query, "limit", 20, 100);
  const rows = [
    ...world.services.flatMap(({ id, versionless: names = [] }) =>
      names.map((fqdn) => ({ fqdn, service_id: id as string | null, routing_configuration_id: null as string | null })),
    ),
    ...world.looseDomains.map(({ fqdn, routingConfigurationId = null }) => ({
      fqdn,
      service_id: null,
      routing_configuration_id: routingConfigurationId,
    })),
  ];
  const [fqdn, match, service] = [query.get("fqdn"), query.get("fqdn_match"), query.get("service_id")];
  const found = rows
    .filter((row) => world.isListed(row.fqdn) && (service === null || row.service_id === service))
    .filter((row) => fqdn === null || (match === "exact" ? row.fqdn === fqdn : row.fqdn.includes(fqdn)))
    .toSorted((a, b) => (a.fqdn < b.fqdn ? -1 : 1));
  const offset = offsetOf(query);
  const next = endless ? btoa("0") : offset + limit < found.length ? btoa(String(offset + limit)) : null;
  const data = found.slice(offset, offset + limit).map((row) => ({
    id: btoa(row.fqdn),
    description: "",
    activated: true,
    verified: true,
    created_at: "2026-01-01T00:00:00.000Z",
    updated_at: "2026-01-01T00:00:00.000Z",
    ...row,
  }));
  return { data, meta: { total: found.length, limit, sort: "fqdn", ...(next !== null && { next_cursor: next }) } };
};

/** `GET /stats/service/{id}`: a point each bucket that had traffic. */
const stats = (world: FastlyWorld, { query }: FastlyRequest, id: string): unknown => {
  const service = serviceOf(world, id);
  only(query, ["from", "to", "by", "region"]);
  const unit = query.get("by") ?? "day";
  const data = bucketsOf(world, timeOf(query, "from"), timeOf(query, "to"), unit).flatMap((atMs) => {
    const sum = hostsOf(service).reduce((total, host) => total + world.bytes(host, atMs, atMs + (unitMs[unit] ?? 0)), 0);
    return sum === 0 ? [] : [{ service_id: id, start_time: atMs / 1_000, ...split(sum), bandwidth: sum * 2 }];
  });
  return { status: "success", msg: null, meta: { by: unit, region: "all" }, data };
};

/** `GET /metrics/domains/services/{id}`: a series each host that had traffic; the last page's cursor is empty. */
const inspector = (world: FastlyWorld, { query, endless }: FastlyRequest, id: string): unknown => {
  const service = serviceOf(world, id);
  if (service.inspector !== true) throw new Refused(403, "Domain Inspector is not enabled for this service");
  only(query, ["start", "end", "downsample", "group_by", "metric", "domain", "limit", "cursor"]);
  const unit = query.get("downsample") ?? "hour";
  const limit = countOf(query, "limit", 100, 200);
  if (query.get("group_by") !== "domain") throw bad("this local endpoint groups by domain");
  const metrics = (query.get("metric") ?? "edge_requests").split(",");
  if (metrics.length > 10) throw bad("at most ten metrics");
  const wanted = query.get("domain")?.split(",") ?? hostsOf(service);
  const starts = bucketsOf(world, timeOf(query, "start"), timeOf(query, "end"), unit);
  const series = hostsOf(service)
    .filter((host) => wanted.includes(host))
    .flatMap((domain) => {
      const values = starts.flatMap((atMs) => {
        const figures: Record<string, number> = split(world.bytes(domain, atMs, atMs + (unitMs[unit] ?? 0)));
        const shown = Object.fromEntries(
          metrics.flatMap((name) => (figures[name] === undefined || figures[name] === 0 ? [] : [[name, figures[name]]])),
        );
        return Object.keys(shown).length === 0 ? [] : [{ timestamp: atMs / 1_000, ...shown }];
      });
      return values.length === 0 ? [] : [{ dimensions: { domain }, values }];
    });
  const offset = offsetOf(query);
  const next = endless ? btoa("0") : offset + limit < series.length ? btoa(String(offset + limit)) : "";
  return {
    status: "success",
    meta: { downsample: unit, limit, next_cursor: next, group_by: "domain" },
    data: series.slice(offset, offset + limit),
  };
};

export const fastlyAnswers: Readonly<Record<FastlyResource, (world: FastlyWorld, request: FastlyRequest, service: string) => unknown>> = {
  services,
  domains,
  versionless,
  stats,
  inspector,
};
