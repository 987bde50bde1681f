import { graphqlRefusal, restRefusal } from "./cloudflare-replies.ts";
import type { Reply } from "./cloudflare-replies.ts";

export type ApiEndpoint = "graphql" | "zones" | "audit_logs";
/** `endless_pages`: the list of zones shows its first page for every other one, and claims that another follows. */
export type ApiFaultKind = "healthy" | "rate_limited" | "http_500_html" | "errors_in_200" | "empty_zones" | "endless_pages" | "hang";
export type ApiFault = {
  readonly kind: ApiFaultKind;
  /** Affected requests before the fault ends by itself; absent: all. */
  readonly times?: number;
  /** The affected endpoint; absent: all. */
  readonly on?: ApiEndpoint;
  /** The affected page of the list of zones; absent: all. */
  readonly page?: number;
  /** For `rate_limited`; default 1. */
  readonly retryAfterSeconds?: number;
  /** Error text for `errors_in_200`. */
  readonly message?: string;
};

/** Counts the faults applied, for `times`. Null: answer as usual. */
export function createFaultInjector(fault: ApiFault): (endpoint: ApiEndpoint, page: number | null, nowMs: number) => Reply | null {
  let left = fault.times ?? Infinity;
  return (endpoint, page, nowMs) => {
    if (fault.kind === "healthy" || fault.kind === "endless_pages" || left <= 0) return null;
    if ((fault.on ?? endpoint) !== endpoint || (fault.page ?? page) !== page) return null;
    left -= 1;
    return faultReply(fault, endpoint, nowMs);
  };
}

function faultReply(fault: ApiFault, endpoint: ApiEndpoint, nowMs: number): Reply | null {
  switch (fault.kind) {
    case "healthy":
    case "endless_pages":
      return null;
    case "hang":
      return "hang";
    case "rate_limited": {
      const reply = rateLimited(endpoint, nowMs);
      return reply === "hang" ? reply : { ...reply, headers: { "Retry-After": String(fault.retryAfterSeconds ?? 1) } };
    }
    case "http_500_html":
      return { status: 500, body: "<!DOCTYPE html><html><head><title>500 Internal Server Error</title></head></html>" };
    case "errors_in_200": {
      const message = fault.message ?? "unable to execute query, please try again later";
      return endpoint === "graphql" ? graphqlRefusal(200, message, nowMs) : restRefusal(200, { code: 1000, message });
    }
    case "empty_zones":
      return { status: 200, body: endpoint === "graphql" ? NO_ZONES_IN_SCOPE : NO_ZONES_LISTED };
  }
}

function rateLimited(endpoint: ApiEndpoint, nowMs: number): Reply {
  return endpoint === "graphql"
    ? graphqlRefusal(429, "rate limiter budget depleted, try again after 5 minutes", nowMs)
    : restRefusal(429, { code: 971, message: "Please wait and consider throttling your request speed" });
}

/** The answer for a token without the zone among its resources: success, with an empty result. */
const NO_ZONES_IN_SCOPE = { data: { viewer: { zones: [] } }, errors: null };
const NO_ZONES_LISTED = {
  success: true,
  errors: [],
  messages: [],
  result: [],
  result_info: { page: 1, per_page: 50, count: 0, total_count: 0, total_pages: 0 },
};
