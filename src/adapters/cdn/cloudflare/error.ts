import { UsageSourceError } from "../../ports/metering/usage.ts";

/**
 * `zone_access`: a good token that may not read one of the zones asked for. `refused`: a retry is pointless.
 * `budget`: not sent, to stay within Cloudflare's quota. `deadline`: the reading as a whole has lasted too long. `paused`: not sent, by the
 * account's circuit breaker. `too_large`: its answer is longer than is read.
 */
export type CloudflareErrorCode =
  | "auth"
  | "zone_access"
  | "rate_limited"
  | "unavailable"
  | "timeout"
  | "deadline"
  | "refused"
  | "budget"
  | "paused"
  | "too_large"
  | "malformed";

const RETRYABLE: ReadonlySet<CloudflareErrorCode> = new Set(["rate_limited", "unavailable", "timeout", "deadline", "paused"]);
const REFUSALS: ReadonlySet<CloudflareErrorCode> = new Set(["auth", "zone_access", "refused"]);
const MAX_MESSAGE_CHARS = 300;

/** A failed call to Cloudflare's API; `retryAfterMs` is the pause that Cloudflare asked for. */
export class CloudflareError extends UsageSourceError {
  readonly code: CloudflareErrorCode;
  readonly retryAfterMs: number;
  private readonly detail: string;

  constructor(code: CloudflareErrorCode, detail: string, retryAfterMs = 0) {
    const short = detail.slice(0, MAX_MESSAGE_CHARS);
    super(`cloudflare ${code}: ${short}`, RETRYABLE.has(code));
    this.code = code;
    this.retryAfterMs = retryAfterMs;
    this.detail = short;
  }

  /** Whether it was not queried for lack of time or quota: the next reading continues. */
  get isForLater(): boolean {
    return this.code === "rate_limited" || this.code === "budget" || this.code === "deadline" || this.code === "paused";
  }

  /** The outcome of a request, as a sentence for people: "the list of zones was refused: status 403". */
  of(what: string, verb: "was" | "were" = "was"): string {
    return `${what} ${REFUSALS.has(this.code) ? `${verb} refused` : "could not be read"}: ${this.detail}`;
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

/** Cloudflare gives the pause of a depleted GraphQL budget only in prose. */
export function pauseInWordsMs(messages: readonly string[]): number {
  const minutes = /try again after (\d{1,3}) minutes?/i.exec(messages.join("; "))?.[1];
  return minutes === undefined ? 0 : Number(minutes) * 60_000;
}
