import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { runAnalyticsQuery } from "./cloudflare-analytics.ts";
import type { AnalyticsBackend } from "./cloudflare-analytics.ts";
import { listAuditLogs } from "./cloudflare-audit-log.ts";
import { createFaultInjector } from "./cloudflare-fault.ts";
import type { ApiFault, ApiFaultKind } from "./cloudflare-fault.ts";
import { FREE_PLAN_LIMITS } from "./cloudflare-groups.ts";
import type { AnalyticsLimits, BytesOf, SampleIntervalOf } from "./cloudflare-groups.ts";
import { graphqlRefusal, restRefusal } from "./cloudflare-replies.ts";
import type { Reply } from "./cloudflare-replies.ts";
import { listZones } from "./cloudflare-zone-list.ts";
import type { CloudflareZone } from "./cloudflare-zone-list.ts";
import { createZoneFaults } from "./cloudflare-zone-fault.ts";
import type { ZoneFault } from "./cloudflare-zone-fault.ts";

export type CloudflareApiOptions = {
  /** 0 (the default) takes any free port. */
  readonly port?: number;
  readonly apiToken: string;
  readonly accountId: string;
  readonly zones: readonly CloudflareZone[];
  readonly bytes: BytesOf;
  readonly limits?: Partial<AnalyticsLimits>;
  /** Zones with other limits than the rest, by id. */
  readonly limitsByZone?: Readonly<Record<string, Partial<AnalyticsLimits>>>;
  readonly sampleInterval?: SampleIntervalOf;
  /** False: the schema before October 2025, without `confidence`. */
  readonly confidence?: boolean;
  readonly now?: () => number;
  /** The account's audit log, in any order; null: the token may not read it. Default: an empty one. */
  readonly auditLog?: () => readonly unknown[] | null;
  /** `ok`: GraphQL refusals travel inside a 200 (as seen in practice); `documented`: with the documented status. */
  readonly refusalStatus?: "ok" | "documented";
};

export type RecordedQuery = { readonly query: string; readonly variables: Record<string, unknown> | null };

export type CloudflareApi = {
  readonly url: string;
  readonly graphqlUrl: string;
  /** GraphQL bodies that were well-formed and authenticated, in order of arrival. */
  readonly queries: readonly RecordedQuery[];
  /** Path and query of each authenticated request for the list of zones. */
  readonly zoneLists: readonly string[];
  /** Path and query of each authenticated request for the audit log. */
  readonly auditLogs: readonly string[];
  readonly setFault: (fault: ApiFault | ApiFaultKind) => void;
  /** Sets a zone's fault, which affects queries that name it; null: none. */
  readonly setZoneFault: (zoneId: string, fault: ZoneFault | null) => void;
  /** Changes the zone's plan. */
  readonly setLimits: (zoneId: string, limits: Partial<AnalyticsLimits>) => void;
  /** Restricts the token to these zones; null: all. */
  readonly narrow: (zoneIds: readonly string[] | null) => void;
  readonly close: () => Promise<void>;
};

const GRAPHQL_PATH = "/client/v4/graphql";
const ZONES_PATH = "/client/v4/zones";
const AUDIT_LOGS_PATH = /^\/client\/v4\/accounts\/([^/]+)\/audit_logs$/;
const MAX_REQUEST_CHARS = 1024 * 1024;
/** 300 GraphQL queries in 5 minutes: Cloudflare's documented default quota. */
const QUERY_BUDGET = 300;
const QUERY_BUDGET_MS = 300_000;

/** Cloudflare's list of zones and its GraphQL analytics for one account and one token, fed by `bytes`. */
export async function startCloudflareApi(options: CloudflareApiOptions): Promise<CloudflareApi> {
  const { now = Date.now, zones } = options;
  const queries: RecordedQuery[] = [];
  const zoneLists: string[] = [];
  const auditLogs: string[] = [];
  let queryTimesMs: number[] = [];
  let fault: ApiFault = { kind: "healthy" };
  let inject = createFaultInjector(fault);
  let narrowedTo: ReadonlySet<string> | null = null;
  const zoneFaults = createZoneFaults();
  const changedLimits = new Map<string, Partial<AnalyticsLimits>>();
  const seen = (): readonly CloudflareZone[] => zones.filter(({ id }) => narrowedTo?.has(id) ?? true);
  const backendNow = (): AnalyticsBackend => ({
    zoneIds: new Set(
      seen()
        .filter(({ analytics }) => analytics !== false)
        .map(({ id }) => id),
    ),
    bytes: options.bytes,
    limits: { ...FREE_PLAN_LIMITS, ...options.limits },
    limitsOf: (zoneId) => ({ ...FREE_PLAN_LIMITS, ...options.limits, ...options.limitsByZone?.[zoneId], ...changedLimits.get(zoneId) }),
    planOf: (zoneId) => {
      const kind = zoneFaults.of(zoneId)?.kind;
      return kind === "off" || kind === "null_node" || kind === "null_settings" ? kind : "told";
    },
    sampleInterval: options.sampleInterval ?? (() => 1),
    confidence: options.confidence ?? true,
    now,
  });

  async function graphql(request: IncomingMessage): Promise<Reply> {
    const body = await readJson(request);
    if (!isRecord(body) || typeof body["query"] !== "string") {
      return graphqlRefusal(400, "error parsing request body", now());
    }
    const variables = isRecord(body["variables"]) ? body["variables"] : null;
    queries.push({ query: body["query"], variables });
    queryTimesMs = [...queryTimesMs.filter((atMs) => atMs > now() - QUERY_BUDGET_MS), now()];
    if (queryTimesMs.length > QUERY_BUDGET) {
      return graphqlRefusal(429, "rate limiter budget depleted, try again after 5 minutes", now());
    }
    const spoiled = zoneFaults.replyTo(body["query"], variables, now());
    if (spoiled !== null) return spoiled;
    const { status, data, errors } = await runAnalyticsQuery(backendNow(), body["query"], variables);
    return { status: options.refusalStatus === "documented" ? status : 200, body: { data: zoneFaults.spoil(body["query"], data), errors } };
  }

  function auditLogOf(accountId: string, url: URL): Reply {
    auditLogs.push(`${url.pathname}${url.search}`);
    const faulty = inject("audit_logs", Number(url.searchParams.get("page") ?? 1), now());
    if (faulty !== null) return faulty;
    const entries = (options.auditLog ?? (() => []))();
    if (decodeURIComponent(accountId) !== options.accountId || entries === null) {
      return restRefusal(403, { code: 9109, message: "Unauthorized to access requested resource" });
    }
    return listAuditLogs(entries, url.searchParams);
  }

  async function route(request: IncomingMessage): Promise<Reply> {
    const url = new URL(request.url ?? "/", "http://local.invalid");
    const isGraphql = url.pathname === GRAPHQL_PATH;
    const auditedAccount = AUDIT_LOGS_PATH.exec(url.pathname)?.[1];
    if (!isGraphql && auditedAccount === undefined && url.pathname !== ZONES_PATH) {
      return restRefusal(404, { code: 7003, message: `Could not route to ${url.pathname}` });
    }
    if (request.method !== (isGraphql ? "POST" : "GET")) {
      return restRefusal(405, { code: 10405, message: "Method not allowed for this authentication scheme" });
    }
    const token = /^Bearer ([A-Za-z0-9\-._~+/]+=*)$/.exec(request.headers.authorization ?? "")?.[1];
    if (token === undefined) return malformedAuthorization();
    if (token !== options.apiToken) {
      return isGraphql ? graphqlRefusal(401, "Unauthorized", now()) : restRefusal(403, { code: 10000, message: "Authentication error" });
    }
    if (auditedAccount !== undefined) return auditLogOf(auditedAccount, url);
    if (!isGraphql) zoneLists.push(`${url.pathname}${url.search}`);
    const faulty = inject(isGraphql ? "graphql" : "zones", isGraphql ? null : Number(url.searchParams.get("page") ?? 1), now());
    if (faulty !== null) return faulty;
    return isGraphql ? await graphql(request) : listZones(options.accountId, seen(), url.searchParams, fault.kind === "endless_pages");
  }

  const server = createServer((request, response) => {
    route(request)
      .then((reply) => send(request, response, reply))
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    graphqlUrl: `${url}${GRAPHQL_PATH}`,
    queries,
    zoneLists,
    auditLogs,
    setFault(next) {
      fault = typeof next === "string" ? { kind: next } : next;
      inject = createFaultInjector(fault);
    },
    setZoneFault: zoneFaults.set,
    setLimits: (zoneId, limits) => void changedLimits.set(zoneId, limits),
    narrow: (zoneIds) => void (narrowedTo = zoneIds === null ? null : new Set(zoneIds)),
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function malformedAuthorization(): Reply {
  const error_chain = [{ code: 6111, message: "Invalid format for Authorization header" }];
  return restRefusal(400, { code: 6003, message: "Invalid request headers", error_chain });
}

function send(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  request.resume();
  if (reply === "hang") return;
  const isText = typeof reply.body === "string";
  response.writeHead(reply.status, { "Content-Type": isText ? "text/html" : "application/json", ...reply.headers });
  response.end(isText ? reply.body : JSON.stringify(reply.body));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += String(chunk);
    if (text.length > MAX_REQUEST_CHARS) return null;
  }
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
