import { ApiError } from "./api-error.ts";
import { parseChangeRequest } from "./change-request.ts";
import type { Account } from "./accounts.ts";
import type { ResolveOptions } from "./resolve.ts";
import { changeTags, createHostedZone, getAccountLimit, getHostedZoneCount, testDnsAnswer } from "./zone-operations.ts";
import { listHostedZones, listHostedZonesByName, listResourceRecordSets } from "./listings.ts";
import { renderChangeInfo, renderZone, renderZoneHome } from "./responses.ts";
import type { Store } from "./store.ts";
import { xmlDocument } from "./xml.ts";

/** The operations that the server speaks, by their API names. */
export type Operation =
  | "ChangeResourceRecordSets"
  | "ChangeTagsForResource"
  | "CreateHealthCheck"
  | "CreateHostedZone"
  | "DeleteHealthCheck"
  | "GetAccountLimit"
  | "GetChange"
  | "GetHealthCheck"
  | "GetHealthCheckCount"
  | "GetHealthCheckStatus"
  | "GetHostedZone"
  | "GetHostedZoneCount"
  | "ListHealthChecks"
  | "ListHostedZones"
  | "ListHostedZonesByName"
  | "ListResourceRecordSets"
  | "TestDNSAnswer"
  | "UpdateHealthCheck";

export interface OperationContext {
  store: Store;
  /** The caller's. */
  account: Account;
  /** Whether there is such a health check, whoever's: records may use those of other accounts. */
  hasHealthCheck(id: string): boolean;
  /** What a zone's name servers answer, for TestDNSAnswer. */
  resolve: ResolveOptions;
  /** How long a change stays PENDING. */
  insyncAfterMs: number;
  nowMs: number;
}

export interface Call {
  operation: Operation;
  /** ARN of what the call is about, as AccessDenied names it. */
  resource: string;
  /** Runs the operation and returns the XML answer. Throws ApiError. */
  run(context: OperationContext): string;
  /** HTTP status of a good answer; 200 when absent. */
  status?: number;
}

/** Finds the operation of a request. Throws ApiError 404 for anything else. */
export function matchOperation(method: string, path: string, query: URLSearchParams, body: string): Call {
  const [version, collection, id, sub, ...rest] = path.replace(/^\//, "").replace(/\/$/, "").split("/");
  const shape = [method, collection, id === undefined ? "" : "id", sub ?? "", rest.length].join(" ");
  const zoneArn = `arn:aws:route53:::hostedzone/${id ?? "*"}`;
  if (version !== "2013-04-01") throw unknownOperation();
  if (method === "POST" && collection === "tags" && sub && rest.length === 0 && (id === "healthcheck" || id === "hostedzone")) {
    return {
      operation: "ChangeTagsForResource",
      resource: `arn:aws:route53:::${id}/${sub}`,
      run: (context) => changeTags(context, id, sub, body),
    };
  }
  switch (shape) {
    case "GET hostedzone   0":
      return { operation: "ListHostedZones", resource: "*", run: ({ store, account }) => listHostedZones(store, account.accountId, query) };
    case "GET hostedzonesbyname   0":
      return {
        operation: "ListHostedZonesByName",
        resource: "*",
        run: ({ store, account }) => listHostedZonesByName(store, account.accountId, query),
      };
    case "POST hostedzone   0":
      return { operation: "CreateHostedZone", resource: "*", status: 201, run: (context) => createHostedZone(context, body) };
    case "GET hostedzonecount   0":
      return { operation: "GetHostedZoneCount", resource: "*", run: getHostedZoneCount };
    case "GET accountlimit id  0":
      return { operation: "GetAccountLimit", resource: "*", run: (context) => getAccountLimit(context, id ?? "") };
    case "GET testdnsanswer   0":
      return { operation: "TestDNSAnswer", resource: "*", run: (context) => testDnsAnswer(context, query) };
    case "GET hostedzone id  0":
      return { operation: "GetHostedZone", resource: zoneArn, run: ({ store }) => getHostedZone(store, id ?? "") };
    case "GET hostedzone id rrset 0":
      return {
        operation: "ListResourceRecordSets",
        resource: zoneArn,
        run: ({ store }) => listResourceRecordSets(store, id ?? "", query),
      };
    case "POST hostedzone id rrset 0":
      return {
        operation: "ChangeResourceRecordSets",
        resource: zoneArn,
        run: (context) => changeResourceRecordSets(context, id ?? "", body),
      };
    case "GET change id  0":
      return {
        operation: "GetChange",
        resource: `arn:aws:route53:::change/${id}`,
        run: (context) => getChange(context, id ?? ""),
      };
    default:
      return matchHealthCheck(shape, id ?? "", query, body);
  }
}

function matchHealthCheck(shape: string, id: string, query: URLSearchParams, body: string): Call {
  const resource = `arn:aws:route53:::healthcheck/${id}`;
  switch (shape) {
    case "POST healthcheck   0":
      return { operation: "CreateHealthCheck", resource: "*", status: 201, run: ({ account }) => account.healthChecks.create(body).xml };
    case "GET healthcheck   0":
      return { operation: "ListHealthChecks", resource: "*", run: ({ account }) => account.healthChecks.list(query) };
    case "GET healthcheckcount   0":
      return { operation: "GetHealthCheckCount", resource: "*", run: ({ account }) => account.healthChecks.count() };
    case "GET healthcheck id status 0":
      return { operation: "GetHealthCheckStatus", resource, run: ({ account, nowMs }) => account.healthChecks.status(id, nowMs) };
    case "GET healthcheck id  0":
      return { operation: "GetHealthCheck", resource, run: ({ account }) => account.healthChecks.get(id) };
    case "POST healthcheck id  0":
      return { operation: "UpdateHealthCheck", resource, run: ({ account }) => account.healthChecks.update(id, body) };
    case "DELETE healthcheck id  0":
      return { operation: "DeleteHealthCheck", resource, run: ({ account }) => account.healthChecks.remove(id) };
    default:
      throw unknownOperation();
  }
}

function getHostedZone(store: Store, id: string): string {
  const zone = store.zone(id);
  const sets = store.sorted(zone.id);
  const nameServers = sets.find((set) => set.name === zone.name && set.type === "NS")?.values ?? [];
  return xmlDocument("GetHostedZoneResponse", [renderZone(zone, sets.length), renderZoneHome(zone, nameServers)]);
}

function changeResourceRecordSets(context: OperationContext, id: string, body: string): string {
  const { store, hasHealthCheck, insyncAfterMs, nowMs } = context;
  store.zone(id);
  const batch = parseChangeRequest(body);
  for (const { action, recordSet } of batch.changes) {
    const { healthCheckId } = recordSet;
    if (action === "DELETE" || healthCheckId === undefined || hasHealthCheck(healthCheckId)) continue;
    throw new ApiError(404, "NoSuchHealthCheck", `A health check with id ${healthCheckId} does not exist.`);
  }
  const accepted = store.apply(id, batch, nowMs);
  return xmlDocument("ChangeResourceRecordSetsResponse", [renderChangeInfo(accepted, insyncAfterMs <= 0)]);
}

function getChange({ store, insyncAfterMs, nowMs }: OperationContext, id: string): string {
  const change = store.change(id);
  if (!change) throw new ApiError(404, "NoSuchChange", `Could not find resource with ID: ${id}`);
  const inSync = nowMs - change.acceptedAtMs >= insyncAfterMs;
  return xmlDocument("GetChangeResponse", [renderChangeInfo(change, inSync)]);
}

function unknownOperation(): ApiError {
  return new ApiError(404, "UnknownOperationException", "Unknown operation.");
}
