import { AwsV4Signer } from "aws4fetch";
import { isoTime } from "../../iso-time.ts";
import { basicTime, type Credentials, type KeySource, scrub } from "../aws/keys.ts";
import type { Budget } from "../ports/platform/budget.ts";
import { PausedError } from "../ports/platform/breakers.ts";
import type { Clock } from "../ports/platform/clock.ts";
import { failureOf as route53FailureOf } from "../route53/api/error.ts";
import { type BucketAddress, bucketUrl } from "./address.ts";
import { refusalOf } from "./answer.ts";
import { isKeyFailure, ownError, S3Error } from "./error.ts";

export type ExchangeOptions = BucketAddress & {
  /** Where the bucket is thought to be; where it is elsewhere, S3 says so, and that is kept. R2: `auto`. */
  readonly region: string;
  readonly keys: KeySource;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** How long an answer may take to begin, and a body may stand still. */
  readonly timeoutMs: number;
};

/** One request. `path` is below the bucket, encoded already. */
export type S3Request = {
  readonly method: "GET" | "PUT";
  readonly path: string;
  readonly query?: string;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
  /** How long the whole of it may take, what is done with the answer included. */
  readonly wholeMs: number;
};

/** An answer while its connection is open. `abort` gives that up. */
export type Handle<T> = (response: Response, abort: () => void) => Promise<T>;

/** Sends a request and hands on its answer, if it is a good one. @throws S3Error, or what `handle` throws */
export type Exchange = <T>(request: S3Request, budget: Budget, handle: Handle<T>) => Promise<T>;

/** Raised by one attempt where the bucket is in another region. */
class Elsewhere extends Error {
  readonly region: string;
  readonly refused: S3Error;

  constructor(region: string, refused: S3Error) {
    super(`in ${region}`);
    this.region = region;
    this.refused = refused;
  }
}

const hex = (bytes: ArrayBuffer): string => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
/** Of nothing: what a request without a body is signed with. */
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** Signs requests to one bucket, sends them, and follows the bucket to its region, once a request. */
export const createExchange = (options: ExchangeOptions): Exchange => {
  const { clock, keys: source, timeoutMs } = options;
  const fetchOnce = options.fetch; // detached: workerd refuses fetch called as a method
  const keyCache = new Map<string, ArrayBuffer>();
  let { region } = options;

  const signed = async ({ method, path, query, body, headers }: S3Request, keys: Credentials) =>
    await new AwsV4Signer({
      ...keys,
      method,
      url: `${bucketUrl(options, region)}/${path}${query === undefined ? "" : `?${query}`}`,
      headers: { ...headers, "x-amz-content-sha256": body === undefined ? emptyHash : hex(await crypto.subtle.digest("SHA-256", body)) },
      service: "s3",
      region,
      datetime: basicTime(isoTime(clock.nowMs())),
      cache: keyCache,
    }).sign();

  const keysFor = async (budget: Budget): Promise<Credentials> => {
    try {
      return await source.get(budget);
    } catch (thrown) {
      const { code, messages, httpStatus, requestId, retryable } = route53FailureOf(thrown);
      throw new S3Error({ code, message: messages.join("; "), httpStatus, requestId, retryable }, { cause: thrown });
    }
  };

  /** The answer's head. */
  const answered = async (request: S3Request, keys: Credentials, controller: AbortController): Promise<Response> => {
    const timer = setTimeout(() => controller.abort(), timeoutMs);
    try {
      const { url, method, headers } = await signed(request, keys);
      const { signal } = controller;
      return await fetchOnce(url.toString(), {
        method,
        headers,
        ...(request.body !== undefined && { body: request.body }),
        redirect: "manual",
        signal,
      });
    } catch (cause) {
      if (cause instanceof PausedError) throw ownError("paused", cause.message, false, { cause });
      if (controller.signal.aborted) throw ownError("timeout", `no answer from S3 within ${timeoutMs} ms`, true, { cause });
      const said = cause instanceof Error ? scrub(cause.message, keys) : "no reason given";
      throw ownError("network", `could not reach S3: ${said}`, true, { cause });
    } finally {
      clearTimeout(timer);
    }
  };

  const attempt = async <T>(request: S3Request, keys: Credentials, signal: AbortSignal, handle: Handle<T>): Promise<T> => {
    const controller = new AbortController();
    const abort = () => controller.abort();
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
    try {
      const response = await answered(request, keys, controller);
      if (response.status === 200) return await handle(response, abort);
      const refusal = await refusalOf(response, keys);
      const refused = new S3Error(refusal.failure);
      if (isKeyFailure(refusal.failure)) source.drop(keys);
      if (refusal.region !== null && refusal.region !== region) throw new Elsewhere(refusal.region, refused);
      throw refused;
    } catch (thrown) {
      if (signal.aborted) throw ownError("timeout", "S3 was given no more time", true, { cause: thrown });
      throw thrown;
    } finally {
      signal.removeEventListener("abort", abort);
      abort(); // a body that nobody read to its end holds its connection
    }
  };

  const send: Exchange = async (request, budget, handle) => {
    const keys = await keysFor(budget);
    const times = { untilMs: budget.untilMs, answerMs: request.wholeMs };
    const sent = await budget.connection(times, async (signal) => await attempt(request, keys, signal, handle));
    if (sent.status === "sent") return sent.value;
    if (sent.status === "unsent") throw ownError("too_late", "there was no time left to ask S3", true);
    throw ownError("timeout", `no end of the exchange with S3 within ${request.wholeMs} ms`, true);
  };

  return async (request, budget, handle) => {
    try {
      return await send(request, budget, handle);
    } catch (thrown) {
      if (!(thrown instanceof Elsewhere)) throw thrown;
      region = thrown.region;
    }
    try {
      return await send(request, budget, handle);
    } catch (thrown) {
      throw thrown instanceof Elsewhere ? thrown.refused : thrown;
    }
  };
};
