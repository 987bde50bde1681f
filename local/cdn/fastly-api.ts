import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Refused, fastlyAnswers } from "./fastly-answers.ts";
import type { FastlyWorld, LocalFastlyService, LooseFastlyDomain } from "./fastly-answers.ts";
import { createFastlyFaults } from "./fastly-fault.ts";
import type { FastlyFault, FastlyResource, FastlyScope } from "./fastly-fault.ts";

/*
 * A Fastly for tests. Two hosts of one service, 100 GiB and 1 GiB an hour, exact to the minute:
 *
 *   const bytes = steadyBytes({ "a.shopone.com": 100 * 2 ** 30, "b.shopone.com": 2 ** 30 });
 *   const services = [{ id: "shop", domains: ["a.shopone.com", "b.shopone.com"], inspector: true }];
 *   const api = await startFastlyApi({ apiToken: "key", services, bytes, now });
 *   api.hide("a.shopone.com"); // the host is no longer listed: unreadable, until api.show("a.shopone.com")
 *   api.setFault({ kind: "status", status: 503 }); // all of it fails, until api.setFault({ kind: "healthy" })
 *
 * The adapter remembers listings for ten minutes: a test that hides a host advances `now`, or creates another source.
 */

export type FastlyApiOptions = {
  readonly apiToken: string;
  readonly services: readonly LocalFastlyService[];
  /** Domains without versions that no service has. */
  readonly looseDomains?: readonly LooseFastlyDomain[];
  /** Bytes that went to visitors of a host in [fromMs, toMs). */
  readonly bytes: (host: string, fromMs: number, toMs: number) => number;
  readonly now?: () => number;
  /** How long after its end a minute or hour appears. */
  readonly latencyMs?: number;
};

export type FastlyApi = {
  readonly url: string;
  /** Path and query of each authenticated request. */
  readonly requests: readonly string[];
  /** Sets the API's fault, for all of it or for the scope. */
  readonly setFault: (fault: FastlyFault, scope?: FastlyScope) => void;
  /** Restricts the token to these services; null: all. */
  readonly narrow: (serviceIds: readonly string[] | null) => void;
  /** The host disappears from every listing; its traffic goes on. */
  readonly hide: (host: string) => void;
  readonly show: (host: string) => void;
  readonly close: () => Promise<void>;
};

/** The same bytes every hour for each host, nothing for others. Any split of a span adds up to its bytes exactly. */
export const steadyBytes = (bytesPerHour: Readonly<Record<string, number>>): FastlyApiOptions["bytes"] => {
  const until = (perHour: number, atMs: number): bigint => (BigInt(perHour) * BigInt(atMs)) / 3_600_000n;
  return (host, fromMs, toMs) => {
    const perHour = bytesPerHour[host] ?? 0;
    return Number(until(perHour, toMs) - until(perHour, fromMs));
  };
};

type Target = { readonly on: FastlyResource; readonly service: string | null; readonly version?: number };
type Reply = { readonly status: number; readonly body: unknown };

const targetOf = (path: string): Target | null => {
  if (path === "/service") return { on: "services", service: null };
  if (path === "/domain-management/v1/domains") return { on: "versionless", service: null };
  const byService: readonly [FastlyResource, RegExp][] = [
    ["domains", /^\/service\/([^/]+)(?:\/version\/(\d+))?\/domain$/],
    ["stats", /^\/stats\/service\/([^/]+)$/],
    ["inspector", /^\/metrics\/domains\/services\/([^/]+)$/],
  ];
  for (const [on, pattern] of byService) {
    const [, service, version] = pattern.exec(path) ?? [];
    if (service !== undefined)
      return { on, service: decodeURIComponent(service), ...(version !== undefined && { version: Number(version) }) };
  }
  return null;
};

/** Domain management has another form of errors than the rest. */
const refusalOf = (path: string, message: string): unknown =>
  path.startsWith("/domain-management/") ? { errors: [{ title: message, detail: message }] } : { msg: message, detail: null };

/**
 * The part of Fastly's API that concerns delivered bytes, for one token: services, their domains, domains without
 * versions, historical stats, Domain Inspector.
 */
export const startFastlyApi = async (options: FastlyApiOptions): Promise<FastlyApi> => {
  const { now = Date.now, latencyMs = 120_000, looseDomains = [] } = options;
  const requests: string[] = [];
  const faults = createFastlyFaults();
  const hidden = new Set<string>();
  let narrowedTo: ReadonlySet<string> | null = null;

  const worldNow = (): FastlyWorld => ({
    services: options.services.filter(({ id }) => narrowedTo?.has(id) ?? true),
    looseDomains: narrowedTo === null ? looseDomains : [],
    isListed: (host) => !hidden.has(host),
    bytes: options.bytes,
    nowMs: now(),
    latencyMs,
  });

  const route = (request: IncomingMessage, { pathname, search, searchParams }: URL): Reply | "hang" => {
    if (request.headers["fastly-key"] !== options.apiToken) throw new Refused(401, "Provided credentials are missing or invalid");
    requests.push(`${pathname}${search}`);
    if (request.method !== "GET") throw new Refused(405, "Method not allowed");
    const target = targetOf(pathname);
    if (target === null) throw new Refused(404, "Record not found");
    const { on, service, version = null } = target;
    const fault = faults.take(on, service);
    if (fault.kind === "hang") return "hang";
    if (fault.kind === "status" && fault.html === true) return { status: fault.status, body: "<html>a fault was set</html>" };
    if (fault.kind === "status") throw new Refused(fault.status, "a fault was set");
    if (fault.kind === "body" && typeof fault.body !== "function") return { status: 200, body: fault.body };
    const isForeign = service !== null && options.services.some(({ id }) => id === service) && narrowedTo?.has(service) === false;
    if (isForeign) throw new Refused(403, "You are not authorized to perform this action");
    const body = fastlyAnswers[on](worldNow(), { query: searchParams, version, endless: fault.kind === "endless" }, service ?? "");
    return { status: 200, body: fault.kind === "body" ? (fault.body as (real: unknown) => unknown)(body) : body };
  };

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    request.resume();
    const url = new URL(request.url ?? "/", "http://local.invalid");
    let reply: Reply | "hang";
    try {
      reply = route(request, url);
    } catch (error) {
      const status = error instanceof Refused ? error.status : 500;
      reply = { status, body: refusalOf(url.pathname, error instanceof Error ? error.message : String(error)) };
    }
    if (reply === "hang") return;
    const isText = typeof reply.body === "string";
    response
      .writeHead(reply.status, { "content-type": isText ? "text/html" : "application/json" })
      .end(isText ? reply.body : JSON.stringify(reply.body));
  };

  const server = createServer(answer);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    setFault: faults.set,
    narrow: (serviceIds) => void (narrowedTo = serviceIds === null ? null : new Set(serviceIds)),
    hide: (host) => void hidden.add(host),
    show: (host) => void hidden.delete(host),
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
};
