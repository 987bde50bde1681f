import type { ServerResponse } from "node:http";
import { accessDenied, ApiError } from "./api-error.ts";
import type { Call, Operation } from "./operations.ts";

/**
 * The faults of the server:
 * - `throttle`, `access-denied`, `expired-token`, `prior-request-not-complete`: that error, nothing applied
 * - `server-error`: HTTP 500 with an HTML body, nothing applied
 * - `hang`: no answer comes, nothing applied
 * - `reset`: the connection is reset, nothing applied
 * - `truncated-xml`: the operation runs, the answer stops half-way
 * - `hang-after-apply`, `reset-after-apply`: the operation runs, no answer comes (an open connection, a reset one)
 */
export type FaultKind =
  | "access-denied"
  | "expired-token"
  | "hang"
  | "hang-after-apply"
  | "prior-request-not-complete"
  | "reset"
  | "reset-after-apply"
  | "server-error"
  | "throttle"
  | "truncated-xml";

export interface Fault {
  kind: FaultKind;
  /** Only these operations; all when absent. */
  operations?: readonly Operation[];
  /** Only calls about this hosted zone, by its bare id. */
  zoneId?: string;
  /** Only calls with these access keys. */
  accessKeyIds?: readonly string[];
  /** Ends by itself after so many requests; stays when absent. */
  times?: number;
}

export interface FaultSwitch {
  /** Of several faults the first one that fits hits a call. */
  set(faults: Fault | readonly Fault[] | null): void;
  /** The fault that hits this call, if any; counts it. */
  take(call: Pick<Call, "operation" | "resource">, accessKeyId: string): FaultKind | undefined;
}

export function createFaultSwitch(): FaultSwitch {
  let current: { fault: Fault; left: number }[] = [];
  const hits = (
    { operations, zoneId, accessKeyIds }: Fault,
    { operation, resource }: Pick<Call, "operation" | "resource">,
    key: string,
  ): boolean =>
    (operations === undefined || operations.includes(operation)) &&
    (zoneId === undefined || resource.endsWith(`hostedzone/${zoneId}`)) &&
    (accessKeyIds === undefined || accessKeyIds.includes(key));
  return {
    set(faults) {
      const list = faults === null ? [] : "kind" in faults ? [faults] : faults;
      current = list.map((fault) => ({ fault, left: fault.times ?? Number.POSITIVE_INFINITY }));
    },
    take(call, accessKeyId) {
      const hit = current.find(({ fault, left }) => left >= 1 && hits(fault, call, accessKeyId));
      if (hit) hit.left -= 1;
      return hit?.fault.kind;
    },
  };
}

/** The error that a fault stands for; undefined for faults that are not an error answer. */
export function faultError(kind: FaultKind | undefined, call: Call): ApiError | undefined {
  if (kind === "throttle") return throttled();
  if (kind === "access-denied") return accessDenied("arn:aws:iam::123456789012:user/local", `route53:${call.operation}`, call.resource);
  if (kind === "expired-token") return new ApiError(403, "ExpiredToken", "The security token included in the request is expired");
  if (kind !== "prior-request-not-complete") return undefined;
  const message = "The request was rejected because Route 53 was still processing a prior request.";
  return new ApiError(400, "PriorRequestNotComplete", message);
}

/** HTTP 400 Throttling, the answer above the request rate of the account. */
export function throttled(): ApiError {
  return new ApiError(400, "Throttling", "Rate exceeded");
}

/** Resets the TCP connection, so that the client sees a network error rather than an answer. */
export function resetConnection(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}

export const SERVER_ERROR_HTML =
  "<!DOCTYPE html>\n<html><head><title>500</title></head><body><h1>Internal Server Error</h1></body></html>\n";
