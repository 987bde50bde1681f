import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Origin } from "./choose.ts";
import { authorityFor } from "./delegation.ts";
import type { RecordSet } from "./record-set.ts";
import type { DnsRecord, Resolution, ZoneView } from "./resolve.ts";
import { resolveName, viewOf } from "./resolve.ts";
import type { Route53Server } from "./server.ts";

export interface DohOptions {
  /** 0 (default): any free port. */
  port?: number;
  /** The server whose public zones are to be seen. */
  zones: Pick<Route53Server, "zones" | "records"> & Partial<Pick<Route53Server, "isHealthy" | "isTargetHealthy">>;
  /** Draws among weighted record sets; default Math.random. */
  random?: () => number;
  /** From where queries come, for routing policies that ask. */
  origin?: Origin;
}

export interface DohServer {
  /** The whole endpoint, `http://127.0.0.1:<port>/dns-query`. */
  url: string;
  close(): Promise<void>;
}

/** RR type numbers of the IANA registry, for the types that a zone may hold. */
const TYPE_NUMBERS: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  NAPTR: 35,
  DS: 43,
  SSHFP: 44,
  TLSA: 52,
  SVCB: 64,
  HTTPS: 65,
  SPF: 99,
  CAA: 257,
};

/**
 * DNS over HTTPS in the JSON form of public resolvers (`GET /dns-query?name=&type=`, RCODE in `Status`), answered
 * live and uncached from the local Route 53 server, along its delegations. Like Cloudflare's it wants `Accept: application/dns-json`.
 */
export async function startDoh(options: DohOptions): Promise<DohServer> {
  const server = createServer((request, response) => reply(response, answer(request, options)));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/dns-query`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

function answer(request: IncomingMessage, options: DohOptions): Answer {
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  if (url.pathname !== "/dns-query") return refuse(404, "Not found");
  if (request.method !== "GET") return refuse(405, "Method not allowed");
  const accepted = request.headers.accept ?? url.searchParams.get("ct") ?? "";
  if (!/application\/dns-json/i.test(accepted)) return refuse(400, "Accept must be application/dns-json");
  const name = url.searchParams.get("name");
  if (!name) return refuse(400, "Invalid query name");
  const type = typeOf(url.searchParams.get("type") ?? "A");
  if (type === undefined) return refuse(400, "Invalid query type");

  const { status, answers } = resolvePublicly(options, name, type);
  const question = [{ name: name.replace(/\.$/, ""), type: TYPE_NUMBERS[type] }];
  const flags = { Status: status, TC: false, RD: true, RA: true, AD: false, CD: false };
  const body = { ...flags, Question: question, ...(answers.length > 0 ? { Answer: answers.map(render) } : {}) };
  return { status: 200, body };
}

/** As a public resolver does: from the registry down, so that a zone nobody delegates to is never asked. */
export function resolvePublicly(
  { zones: source, random = Math.random, origin }: Omit<DohOptions, "port">,
  name: string,
  type: string,
): Resolution {
  const open = source.zones.filter((zone) => !zone.private);
  const zoneOf = (owner: string): ZoneView | "lame" | null => {
    const found = authorityFor(open, owner, (zone, at) => cachedView(source.records(zone.id)).get(at) ?? []);
    return found === null || found === "lame" ? found : cachedView(source.records(found.zone.id));
  };
  return resolveName(zoneOf, name, type, {
    random,
    ...(origin && { origin }),
    isHealthy: (id) => source.isHealthy?.(id) ?? true,
    isTargetHealthy: (dnsName) => source.isTargetHealthy?.(dnsName) ?? true,
  });
}

const views = new WeakMap<readonly RecordSet[], ZoneView>();

/** A zone's listing is replaced, never changed. */
function cachedView(records: readonly RecordSet[]): ZoneView {
  const known = views.get(records) ?? viewOf(records);
  views.set(records, known);
  return known;
}

function render(record: DnsRecord): Record<string, unknown> {
  const name = record.name.replace(/\.$/, "");
  return { name, type: TYPE_NUMBERS[record.type], TTL: record.ttlSeconds, data: record.data };
}

/** A mnemonic in any case, or the number, as both public resolvers take them. */
function typeOf(text: string): string | undefined {
  const upper = text.toUpperCase();
  if (Object.hasOwn(TYPE_NUMBERS, upper)) return upper;
  return Object.keys(TYPE_NUMBERS).find((type) => String(TYPE_NUMBERS[type]) === text);
}

function refuse(status: number, error: string): Answer {
  return { status, body: { error } };
}

function reply(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { "content-type": status === 200 ? "application/dns-json" : "application/json" });
  response.end(JSON.stringify(body));
}
