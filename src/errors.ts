/** What can go wrong for a caller, each with its HTTP status and title. Anything else is an `internal` 500. */
const kinds = {
  bad_request: [400, "Bad request"],
  unauthenticated: [401, "Authentication required"],
  forbidden: [403, "Forbidden"],
  not_found: [404, "Not found"],
  method_not_allowed: [405, "Method not allowed"],
  quota: [409, "Quota exceeded"],
  conflict: [409, "Conflict"],
  gone: [410, "Gone"],
  too_large: [413, "Content too large"],
  unsupported_media_type: [415, "Unsupported media type"],
  rate_limited: [429, "Too many requests"],
  internal: [500, "Internal error"],
  unavailable: [503, "Service unavailable"],
} as const;

export type ErrorCode = keyof typeof kinds;

/** The title of a problem by its HTTP status. */
export const problemTitles: Readonly<Record<number, string>> = Object.fromEntries(Object.values(kinds));

/** One field at fault: an RFC 6901 JSON pointer into the body, or the name of a parameter, and the rule it breaks. */
export type FieldError = { readonly pointer: string; readonly detail: string };

export type ProblemBody = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly errors?: readonly FieldError[];
  /** Of a quota refusal: which quota, and its limit. */
  readonly quota?: ExhaustedQuota;
};

/** An exhausted limit of a customer, by its name in the API. */
export type ExhaustedQuota = { readonly kind: string; readonly limit: number };

/** Distinguishes a problem from others of its status (RFC 9457 §3.1.1); most need none. */
const problemTypes: Readonly<Partial<Record<ErrorCode, string>>> = { quota: "urn:tranche:problem:quota" };

/**
 * The one error type that routes, cron and adapters raise on purpose; its `detail` is meant for the caller.
 * @param extra.kind for the operator's log only; not shown to callers
 */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly fields: readonly FieldError[];
  readonly headers: Readonly<Record<string, string>>;
  readonly kind: string | null;
  readonly quota: ExhaustedQuota | null;

  constructor(
    code: ErrorCode,
    detail: string,
    extra: {
      fields?: readonly FieldError[];
      headers?: Record<string, string>;
      cause?: unknown;
      kind?: string;
      quota?: ExhaustedQuota;
    } = {},
  ) {
    super(detail, { cause: extra.cause });
    this.code = code;
    this.fields = extra.fields ?? [];
    this.headers = extra.headers ?? {};
    this.kind = extra.kind ?? null;
    this.quota = extra.quota ?? null;
  }
}

/** A body that was read, and whose fields break these rules. */
export const invalidBody = (...fields: readonly FieldError[]): AppError => new AppError("bad_request", "the body is not valid", { fields });

/** The default Retry-After, in seconds. */
const comeAgain: Readonly<Partial<Record<ErrorCode, Readonly<Record<string, string>>>>> = {
  rate_limited: { "retry-after": "60" },
  unavailable: { "retry-after": "5" },
};

/** Renders any thrown value as RFC 9457 `application/problem+json`. Nothing of other errors is shown. */
export const problemResponse = (thrown: unknown, requestId: string): Response => {
  const error = thrown instanceof AppError ? thrown : new AppError("internal", "something went wrong on our side");
  const [status, title] = kinds[error.code];
  const body: ProblemBody = {
    type: problemTypes[error.code] ?? "about:blank",
    title,
    status,
    detail: error.message,
    instance: requestId,
    ...(error.fields.length > 0 && { errors: error.fields }),
    ...(error.quota !== null && { quota: error.quota }),
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...comeAgain[error.code], ...error.headers, "content-type": "application/problem+json" },
  });
};
