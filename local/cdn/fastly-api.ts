import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type LocalFastlyService = {
  readonly id: string;
  readonly domains: readonly string[];
  /** Domain Inspector is booked service by service. */
  readonly inspector?: boolean;
};

export type FastlyFault = { readonly kind: "status"; readonly status: number; readonly times: number } | { readonly kind: "hang" } | { readonly kind: "healthy" };

export type FastlyApiOptions = {
  readonly apiToken: string;
  readonly services: readonly LocalFastlyService[];
  /** Bytes that went to visitors of a domain in [fromMs, toMs). */
  readonly bytes: (domain: string, fromMs: number, toMs: number) => number;
  readonly now?: () => number;
  /** How long after its end a minute or hour appears. */
  readonly latencyMs?: number;
};

export type FastlyApi = {
  readonly url: string;
  /** Path and query of each authenticated request. */
  readonly requests: readonly string[];
  readonly setFault: (fault: FastlyFault) => void;
  readonly close: () => Promise<void>;
};

type Reply = { readonly status: number; readonly body: unknown };

const unitMs: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
/** "You cannot retrieve minutely data older than 35 days, hourly older than 375." */
const retentionDays: Readonly<Record<string, number>> = { minute: 35, hour: 375, day: Number.POSITIVE_INFINITY };

class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const bad = (message: string): Refused => new Refused(400, message);

const only = (query: URLSearchParams, allowed: readonly string[]): void => {
  for (const name of query.keys()) if (!allowed.includes(name)) throw bad(`unknown parameter ${name}`);
};

const timeOf = (query: URLSearchParams, name: string): number => {
  const text = query.get(name) ?? "";
  if (!/^\d{9,11}$/.test(text)) throw bad(`${name} is not a Unix timestamp`);
  return Number(text) * 1_000;
};

/** The part of Fastly's API that concerns delivered bytes, for one token: services, domains, historical stats, Domain Inspector. */
export const startFastlyApi = async (options: FastlyApiOptions): Promise<FastlyApi> => {
  const { now = Date.now, latencyMs = 120_000 } = options;
  const requests: string[] = [];
  let fault: FastlyFault = { kind: "healthy" };
  let failuresLeft = 0;

  const serviceOf = (id: string): LocalFastlyService => {
    const service = options.services.find((one) => one.id === id);
    if (service === undefined) throw new Refused(404, "Record not found");
    return service;
  };

  const bucketsOf = (fromMs: number, toMs: number, unit: string): number[] => {
    const length = unitMs[unit];
    if (length === undefined) throw bad(`${unit} is neither minute, hour nor day`);
    if (fromMs % length !== 0 || toMs % length !== 0 || toMs <= fromMs) throw bad(`the range is not of whole ${unit}s`);
    if (fromMs < now() - (retentionDays[unit] ?? 0) * 86_400_000) throw bad(`${unit} data is not kept that long`);
    const starts: number[] = [];
    for (let atMs = fromMs; atMs < toMs && atMs + length + latencyMs <= now(); atMs += length) starts.push(atMs);
    return starts;
  };

  const split = (bytes: number) => ({ edge_resp_header_bytes: Math.floor(bytes / 10), edge_resp_body_bytes: bytes - Math.floor(bytes / 10) });

  const stats = (service: LocalFastlyService, query: URLSearchParams): Reply => {
    only(query, ["from", "to", "by"]);
    const unit = query.get("by") ?? "day";
    const [fromMs, toMs] = [timeOf(query, "from"), timeOf(query, "to")];
    const data = bucketsOf(fromMs, toMs, unit).flatMap((atMs) => {
      const sum = service.domains.reduce((total, domain) => total + options.bytes(domain, atMs, atMs + (unitMs[unit] ?? 0)), 0);
      return sum === 0 ? [] : [{ service_id: service.id, start_time: atMs / 1_000, ...split(sum), bandwidth: sum * 2 }];
    });
    return { status: 200, body: { status: "success", msg: null, meta: { by: unit, region: "all" }, data } };
  };

  const inspector = (service: LocalFastlyService, query: URLSearchParams): Reply => {
    if (service.inspector !== true) throw new Refused(403, "Domain Inspector is not enabled for this service");
    only(query, ["start", "end", "downsample", "group_by", "metric", "domain", "limit", "cursor"]);
    const unit = query.get("downsample") ?? "hour";
    const limit = Number(query.get("limit") ?? 100);
    if (!Number.isInteger(limit) || limit < 1 || limit > 200) throw bad("limit is 1 to 200");
    if (query.get("group_by") !== "domain") throw bad("this local endpoint groups by domain");
    const metrics = (query.get("metric") ?? "edge_requests").split(",");
    if (metrics.length > 10) throw bad("at most ten metrics");
    const wanted = new Set((query.get("domain") ?? service.domains.join(",")).split(","));
    const starts = bucketsOf(timeOf(query, "start"), timeOf(query, "end"), unit);
    const series = service.domains.filter((domain) => wanted.has(domain)).map((domain) => ({
      dimensions: { domain },
      values: starts.flatMap((atMs) => {
        const figures: Record<string, number> = split(options.bytes(domain, atMs, atMs + (unitMs[unit] ?? 0)));
        const shown = Object.fromEntries(metrics.flatMap((name) => (figures[name] === undefined || figures[name] === 0 ? [] : [[name, figures[name]]])));
        return Object.keys(shown).length === 0 ? [] : [{ timestamp: atMs / 1_000, ...shown }];
      }),
    }));
    const cursor = query.get("cursor");
    const offset = cursor === null || cursor === "" ? 0 : Number(atob(cursor));
    const next = offset + limit < series.length ? btoa(String(offset + limit)) : null;
    return { status: 200, body: { status: "success", msg: null, meta: { downsample: unit, limit, next_cursor: next }, data: series.slice(offset, offset + limit) } };
  };

  const route = (request: IncomingMessage): Reply | "hang" => {
    const url = new URL(request.url ?? "/", "http://local.invalid");
    if (request.headers["fastly-key"] !== options.apiToken) throw new Refused(401, "Provided credentials are missing or invalid");
    requests.push(`${url.pathname}${url.search}`);
    if (fault.kind === "hang") return "hang";
    if (fault.kind === "status" && failuresLeft > 0) {
      failuresLeft -= 1;
      throw new Refused(fault.status, "a fault was set");
    }
    if (request.method !== "GET") throw new Refused(405, "Method not allowed");
    const query = url.searchParams;
    if (url.pathname === "/service") {
      only(query, ["page", "per_page"]);
      const [page, perPage] = [Number(query.get("page") ?? 1), Number(query.get("per_page") ?? 20)];
      if (!Number.isInteger(page) || page < 1 || !Number.isInteger(perPage) || perPage < 1 || perPage > 100) throw bad("page or per_page");
      const shown = options.services.slice((page - 1) * perPage, page * perPage);
      return { status: 200, body: shown.map(({ id }) => ({ id, name: id, type: "vcl", versions: [] })) };
    }
    const [, first, second, third, fourth] = url.pathname.split("/");
    if (first === "service" && third === "domain" && fourth === undefined) {
      only(query, []);
      return { status: 200, body: serviceOf(second ?? "").domains.map((name) => ({ name, service_id: second, version: 1, comment: "" })) };
    }
    if (first === "stats" && second === "service" && fourth === undefined) return stats(serviceOf(third ?? ""), query);
    if (first === "metrics" && second === "domains" && third === "services") return inspector(serviceOf(fourth ?? ""), query);
    throw new Refused(404, "Record not found");
  };

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    request.resume();
    let reply: Reply | "hang";
    try {
      reply = route(request);
    } catch (error) {
      const status = error instanceof Refused ? error.status : 500;
      reply = { status, body: { msg: String(error instanceof Error ? error.message : error), detail: null } };
    }
    if (reply === "hang") return;
    response.writeHead(reply.status, { "content-type": "application/json" }).end(JSON.stringify(reply.body));
  };

  const server = createServer(answer);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    setFault: (next) => {
      fault = next;
      failuresLeft = next.kind === "status" ? next.times : 0;
    },
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
};
