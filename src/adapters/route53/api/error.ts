import type { CallResult } from "../../ports/steering/dns.ts";

/** Why a call to Route 53 did not succeed. Carries no credentials. */
export type Failure = {
  /** Route 53's code, or `timeout`, `network`, `unreadable`, `http_<status>`, `too_late`, `paused` where it gave none. */
  readonly code: string;
  readonly messages: readonly string[];
  readonly httpStatus: number | null;
  readonly requestId: string | null;
  /** Retryable without intervention. */
  readonly retryable: boolean;
  /** The request may have taken effect although its answer was lost or unreadable. */
  readonly uncertain: boolean;
};

/** A call to Route 53 that failed. */
export class Route53Error extends Error {
  override readonly name = "Route53Error";
  readonly failure: Failure;

  constructor(failure: Failure, options?: ErrorOptions) {
    super(`${failure.code}: ${failure.messages.join("; ")}`, options);
    this.failure = failure;
  }
}

/** Any thrown value as a Failure; anything but a Route53Error is a bug and shows no more than its name. */
export const failureOf = (thrown: unknown): Failure =>
  thrown instanceof Route53Error
    ? thrown.failure
    : {
        code: "internal",
        messages: [`the AWS adapter failed unexpectedly${thrown instanceof Error ? ` (${thrown.name})` : ""}`],
        httpStatus: null,
        requestId: null,
        retryable: false,
        uncertain: true,
      };

const busy = new Set(["Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException", "PriorRequestNotComplete"]);
const unavailable = new Set(["ServiceUnavailable", "Unavailable", "InternalFailure", "InternalError", "RequestTimeout"]);
const credentialCodes = new Set([
  "InvalidClientTokenId",
  "SignatureDoesNotMatch",
  "InvalidSignatureException",
  "IncompleteSignature",
  "ExpiredToken",
  "ExpiredTokenException",
  "RequestExpired",
  "MissingAuthenticationToken",
  "UnrecognizedClientException",
  "OptInRequired",
  "AuthFailure",
]);
const deniedCodes = new Set(["UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "NotAuthorizedException"]);

/**
 * How an error answer is to be treated (Route 53 API reference, "Common errors"; semantics §7).
 * A throttled or busy call certainly changed nothing; any other 5xx may have.
 */
export const classify = (code: string, httpStatus: number): Pick<Failure, "retryable" | "uncertain"> => {
  if (busy.has(code) || httpStatus === 429) return { retryable: true, uncertain: false };
  const serverSide = unavailable.has(code) || httpStatus >= 500;
  return { retryable: serverSide, uncertain: serverSide };
};

/** A request that was never sent: its deadline has passed, or its account is paused. */
export const unsentError = (code: "too_late" | "paused", message: string): Route53Error =>
  new Route53Error({ code, messages: [message], httpStatus: null, requestId: null, retryable: true, uncertain: false });

export const isUnsent = ({ code, uncertain }: Failure): boolean => !uncertain && (code === "too_late" || code === "paused");

/** A request without an answer: it may have taken effect. */
export const unansweredError = (label: string, ms: number): Route53Error =>
  new Route53Error({
    code: "timeout",
    messages: [`no answer from ${label} within ${Math.round(ms)} ms`],
    httpStatus: null,
    requestId: null,
    retryable: true,
    uncertain: true,
  });

export const callResult = (failure: Failure): CallResult => {
  if (busy.has(failure.code) || failure.httpStatus === 429) return "throttled";
  return failure.uncertain ? "unanswered" : "refused";
};

/** The credentials themselves are refused: no request with them can succeed. */
export const isCredentialFailure = (failure: Failure): boolean => credentialCodes.has(failure.code) || failure.httpStatus === 401;

/** The credentials are valid but not permitted this call; IAM may permit it for other names. */
export const isDenied = (failure: Failure): boolean =>
  deniedCodes.has(failure.code) || (failure.httpStatus === 403 && !isCredentialFailure(failure));

// The message of a refused batch names hundreds of records, and is stored once per domain.
const maxSaid = 600;

/** One line for an operator: what failed, and the remediation where one is needed. */
export const describe = (failure: Failure): string => {
  const all = failure.messages.join("; ");
  const said = all.length > maxSaid ? `${all.slice(0, maxSaid)}...` : all;
  const request = failure.requestId === null ? "" : ` (request ${failure.requestId})`;
  return `${advice(failure)}${failure.code}: ${said}${request}`;
};

const advice = (failure: Failure): string => {
  if (isDenied(failure)) return "AWS does not permit this to the configured credentials: ";
  if (!isCredentialFailure(failure)) return "";
  const clock = failure.messages.some((message) => /signature (expired|not yet current)/i.test(message));
  return clock || failure.code === "RequestExpired"
    ? "AWS refused the signature because our clock is off: "
    : "AWS refused the configured credentials: ";
};
