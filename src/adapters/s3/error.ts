/** Why a call to S3 did not succeed. Carries no credentials. */
export type S3Failure = {
  /** S3's code, or `timeout`, `network`, `cut`, `unreadable`, `bad_key`, `http_<status>`, `too_late`, `paused` where it gave none. */
  readonly code: string;
  readonly message: string;
  readonly httpStatus: number | null;
  readonly requestId: string | null;
  /** The same call may succeed later without anybody's doing. */
  readonly retryable: boolean;
};

/** A call to S3 that failed. */
export class S3Error extends Error {
  override readonly name = "S3Error";
  readonly failure: S3Failure;

  constructor(failure: S3Failure, options?: ErrorOptions) {
    super(`${failure.code}: ${failure.message}`, options);
    this.failure = failure;
  }
}

/** A failure that S3 said nothing of. */
export const ownError = (code: string, message: string, retryable: boolean, options?: ErrorOptions): S3Error =>
  new S3Error({ code, message, httpStatus: null, requestId: null, retryable }, options);

/** Any thrown value as a failure; anything but an S3Error is a bug and shows no more than its name. */
export const failureOf = (thrown: unknown): S3Failure =>
  thrown instanceof S3Error
    ? thrown.failure
    : ownError("internal", `the S3 adapter failed unexpectedly${thrown instanceof Error ? ` (${thrown.name})` : ""}`, false).failure;

const busy = new Set(["SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "Throttling", "OperationAborted"]);
const refusedKeys = new Set([
  "InvalidAccessKeyId",
  "SignatureDoesNotMatch",
  "ExpiredToken",
  "InvalidToken",
  "TokenRefreshRequired",
  "RequestTimeTooSkewed",
]);

/** Whether a refused call may succeed by itself. */
export const isRetryable = (code: string, httpStatus: number): boolean => busy.has(code) || httpStatus === 429 || httpStatus >= 500;

/** The credentials themselves are refused: no request with them can succeed. */
export const isKeyFailure = ({ code }: S3Failure): boolean => refusedKeys.has(code);

/** The credentials are valid but not permitted this call. */
export const isDenied = ({ code, httpStatus }: S3Failure): boolean =>
  code === "AccessDenied" || code === "AllAccessDisabled" || (code === "http_403" && httpStatus === 403);

/** The object is not there, though its bucket is. */
export const isMissing = ({ code }: S3Failure): boolean => code === "NoSuchKey";
