import { UsageSourceError } from "../ports/usage.ts";

/**
 * `zone_access`: a good token that may not read one of the zones asked for. `refused`: asking again is pointless.
 * `budget`: we did not ask, to stay within Cloudflare's quota.
 */
export type CloudflareErrorCode =
  | "auth"
  | "zone_access"
  | "rate_limited"
  | "unavailable"
  | "timeout"
  | "refused"
  | "budget"
  | "malformed";

const RETRYABLE: ReadonlySet<CloudflareErrorCode> = new Set(["rate_limited", "unavailable", "timeout"]);
const MAX_MESSAGE_CHARS = 300;

/** A failed call to Cloudflare's API; `retryAfterMs` is the pause that Cloudflare asked for. */
export class CloudflareError extends UsageSourceError {
  readonly code: CloudflareErrorCode;
  readonly retryAfterMs: number;

  constructor(code: CloudflareErrorCode, detail: string, retryAfterMs = 0) {
    super(`cloudflare ${code}: ${detail.slice(0, MAX_MESSAGE_CHARS)}`, RETRYABLE.has(code));
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Judges an answer that is an error, be it by status or by `errors` inside a 200. The phrases are those of
 * https://developers.cloudflare.com/analytics/graphql-api/errors/ ; anything unknown in a 2xx or 4xx is `refused`.
 */
export function errorCodeOf(status: number, messages: readonly string[]): CloudflareErrorCode {
  const text = messages.join("; ");
  if (/too many nodes|excessive resources/i.test(text)) return "refused";
  if (status === 429 || /budget depleted|quota exceeded/i.test(text)) return "rate_limited";
  if (status >= 500 || /try again later|internal server error/i.test(text)) return "unavailable";
  if (status === 401 || /^(unauthorized|authentication error)/i.test(text)) return "auth";
  if (/not authorized|does not have (access to the path|permission)/i.test(text)) return "zone_access";
  return status === 403 ? "auth" : "refused";
}

/** Cloudflare names the pause of a depleted GraphQL budget only in words. */
export function pauseInWordsMs(messages: readonly string[]): number {
  const minutes = /try again after (\d{1,3}) minutes?/i.exec(messages.join("; "))?.[1];
  return minutes === undefined ? 0 : Number(minutes) * 60_000;
}
