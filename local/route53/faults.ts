import type { ServerResponse } from "node:http";
import { ApiError } from "./api-error.ts";
import type { Call, Operation } from "./operations.ts";

/**
 * What the server can be told to do instead of answering properly:
 * - `throttle`, `access-denied`, `expired-token`, `prior-request-not-complete`: that error, nothing applied
 * - `server-error`: HTTP 500 with an HTML body, nothing applied
 * - `reset`: the connection is reset, nothing applied
 * - `truncated-xml`: the operation runs, the answer stops half-way
 * - `hang-after-apply`, `reset-after-apply`: the operation runs, no answer comes (an open connection, a reset one)
 */
export type FaultKind =
  | "access-denied"
  | "expired-token"
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
  /** Ends by itself after so many requests; stays when absent. */
  times?: number;
}

export interface FaultSwitch {
  set(fault: Fault | null): void;
  /** The fault that hits this call, if any; counts it. */
  take(call: Pick<Call, "operation" | "resource">): FaultKind | undefined;
}

export function createFaultSwitch(): FaultSwitch {
  let current: Fault | null = null;
  let left = Number.POSITIVE_INFINITY;
  return {
    set(fault) {
      current = fault;
      left = fault?.times ?? Number.POSITIVE_INFINITY;
    },
    take({ operation, resource }) {
      if (!current || left < 1 || (current.operations && !current.operations.includes(operation))) return undefined;
      if (current.zoneId !== undefined && !resource.endsWith(`hostedzone/${current.zoneId}`)) return undefined;
      left -= 1;
      return current.kind;
    },
  };
}

/** The error that a fault stands for; undefined for faults that are not an error answer. */
export function faultError(kind: FaultKind | undefined, call: Call): ApiError | undefined {
  if (kind === "throttle") return throttled();
  if (kind === "access-denied") {
    const action = `route53:${call.operation}`;
    return new ApiError(
      403,
      "AccessDenied",
      `User: arn:aws:iam::123456789012:user/local is not authorized to perform: ${action} ` +
        `on resource: ${call.resource} because no identity-based policy allows the ${action} action`,
    );
  }
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
