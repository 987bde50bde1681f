import { UsageSourceError } from "../../ports/metering/usage.ts";

/**
 * `not_available`: this resource is not there for this token, as Domain Inspector where it is not booked. `deadline`: the
 * reading as a whole has lasted too long. `paused`: not sent, by the account's circuit breaker.
 */
export type FastlyErrorCode =
  | "auth"
  | "not_available"
  | "rate_limited"
  | "unavailable"
  | "timeout"
  | "deadline"
  | "paused"
  | "refused"
  | "malformed";

const RETRYABLE: ReadonlySet<FastlyErrorCode> = new Set(["rate_limited", "unavailable", "timeout", "deadline", "paused"]);
const REFUSALS: ReadonlySet<FastlyErrorCode> = new Set(["auth", "not_available", "refused"]);
const MAX_MESSAGE_CHARS = 300;

/** A failed call to Fastly's API. */
export class FastlyError extends UsageSourceError {
  readonly code: FastlyErrorCode;
  private readonly detail: string;

  constructor(code: FastlyErrorCode, detail: string) {
    const short = detail.slice(0, MAX_MESSAGE_CHARS);
    super(`fastly ${code}: ${short}`, RETRYABLE.has(code));
    this.code = code;
    this.detail = short;
  }

  /** Whether the account was not queried for lack of time or quota: the next reading continues. */
  get isForLater(): boolean {
    return this.code === "rate_limited" || this.code === "deadline" || this.code === "paused";
  }

  /** The outcome of a request, as a sentence for people: "the list of services was refused: status 403". */
  of(what: string, verb: "was" | "were" = "was"): string {
    return `${what} ${REFUSALS.has(this.code) ? `${verb} refused` : "could not be read"}: ${this.detail}`;
  }
}
