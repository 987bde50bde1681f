import { ApiError } from "./api-error.ts";
import { parseChangeRequest } from "./change-request.ts";
import { listHostedZones, listHostedZonesByName, listResourceRecordSets } from "./listings.ts";
import { renderChangeInfo, renderZone, renderZoneHome } from "./responses.ts";
import type { Store } from "./store.ts";
import { xmlDocument } from "./xml.ts";

/** The operations that the server speaks, by their API names. */
export type Operation =
  | "ChangeResourceRecordSets"
  | "GetChange"
  | "GetHostedZone"
  | "ListHostedZones"
  | "ListHostedZonesByName"
  | "ListResourceRecordSets";

export interface OperationContext {
  store: Store;
  /** How long a change stays PENDING. */
  insyncAfterMs: number;
  nowMs: number;
}

export interface Call {
  operation: Operation;
  /** ARN of what the call is about, as AccessDenied names it. */
  resource: string;
  /** Runs the operation and returns the XML answer (HTTP 200). Throws ApiError. */
  run(context: OperationContext): string;
}

/** Finds the operation of a request. Throws ApiError 404 for anything else. */
export function matchOperation(method: string, path: string, query: URLSearchParams, body: string): Call {
  const [version, collection, id, sub, ...rest] = path.replace(/^\//, "").replace(/\/$/, "").split("/");
  const shape = [method, collection, id === undefined ? "" : "id", sub ?? "", rest.length].join(" ");
  const zoneArn = `arn:aws:route53:::hostedzone/${id ?? "*"}`;
  if (version !== "2013-04-01") throw unknownOperation();
  switch (shape) {
    case "GET hostedzone   0":
      return { operation: "ListHostedZones", resource: "*", run: ({ store }) => listHostedZones(store, query) };
    case "GET hostedzonesbyname   0":
      return {
        operation: "ListHostedZonesByName",
        resource: "*",
        run: ({ store }) => listHostedZonesByName(store, query),
      };
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
      throw unknownOperation();
  }
}

function getHostedZone(store: Store, id: string): string {
  const zone = store.zone(id);
  const sets = store.sorted(zone.id);
  const nameServers = sets.find((set) => set.name === zone.name && set.type === "NS")?.values ?? [];
  return xmlDocument("GetHostedZoneResponse", [renderZone(zone, sets.length), renderZoneHome(zone, nameServers)]);
}

function changeResourceRecordSets({ store, insyncAfterMs, nowMs }: OperationContext, id: string, body: string): string {
  store.zone(id);
  const accepted = store.apply(id, parseChangeRequest(body), nowMs);
  return xmlDocument("ChangeResourceRecordSetsResponse", [renderChangeInfo(accepted, insyncAfterMs <= 0)]);
}

function getChange({ store, insyncAfterMs, nowMs }: OperationContext, id: string): string {
  const change = store.accepted.find(({ changeId }) => changeId === id);
  if (!change) throw new ApiError(404, "NoSuchChange", `Could not find resource with ID: ${id}`);
  const inSync = nowMs - change.acceptedAtMs >= insyncAfterMs;
  return xmlDocument("GetChangeResponse", [renderChangeInfo(change, inSync)]);
}

function unknownOperation(): ApiError {
  return new ApiError(404, "UnknownOperationException", "Unknown operation.");
}
