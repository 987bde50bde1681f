/** Faults without parameters, selectable by name. */
export type PlainFaultKind = "healthy" | "5xx" | "52x" | "hang" | "refuse" | "slow" | "partial";

/**
 * How a toy CDN misbehaves. `oscillate` is bad for `badMs`, good for `goodMs`, and so on, by the CDN's own clock,
 * starting with bad at the moment the fault is set.
 */
export type Fault = { readonly kind: PlainFaultKind } | { readonly kind: "oscillate"; readonly goodMs: number; readonly badMs: number };

export type Verdict =
  | { readonly kind: "serve"; readonly delayed: boolean }
  | { readonly kind: "fail"; readonly status: number; readonly body: string }
  | { readonly kind: "hang" };

/** Share of requests that answer 500 under `partial`, as on 5 December 2025. */
export const PARTIAL_FAILURE_PERCENT = 28;

const SERVE: Verdict = { kind: "serve", delayed: false };

/**
 * What the `nth` request (from 0, counted per path since the fault was set) gets, `elapsedMs` after the fault was set.
 * Under `partial`, any 100 consecutive requests of one path fail exactly 28 times, evenly spread.
 */
export function judgeRequest(fault: Fault, nth: number, elapsedMs: number): Verdict {
  switch (fault.kind) {
    case "healthy":
      return SERVE;
    case "slow":
      return { kind: "serve", delayed: true };
    case "hang":
    case "refuse":
      return { kind: "hang" };
    case "5xx":
      return originError(nth);
    case "52x":
      return nth % 2 === 0
        ? { kind: "fail", status: 530, body: "error code: 1016" }
        : { kind: "fail", status: 521, body: "error code: 521" };
    case "oscillate":
      return elapsedMs % (fault.badMs + fault.goodMs) < fault.badMs ? originError(nth) : SERVE;
    case "partial":
      return failuresAmong(nth + 1) > failuresAmong(nth) ? { kind: "fail", status: 500, body: "Internal Server Error" } : SERVE;
  }
}

function originError(nth: number): Verdict {
  return nth % 2 === 0
    ? { kind: "fail", status: 500, body: "Internal Server Error" }
    : { kind: "fail", status: 503, body: "Service Unavailable" };
}

function failuresAmong(requests: number): number {
  return Math.floor((requests * PARTIAL_FAILURE_PERCENT) / 100);
}
