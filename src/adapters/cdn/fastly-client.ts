import { z } from "zod";
import { UsageSourceError } from "../ports/usage.ts";

/** `not_available`: this resource is not there for this token, as Domain Inspector where it is not booked. */
export type FastlyErrorCode = "auth" | "not_available" | "rate_limited" | "unavailable" | "timeout" | "refused" | "malformed";

const RETRYABLE: ReadonlySet<FastlyErrorCode> = new Set(["rate_limited", "unavailable", "timeout"]);
const MAX_MESSAGE_CHARS = 300;

/** A failed call to Fastly's API. */
export class FastlyError extends UsageSourceError {
  readonly code: FastlyErrorCode;

  constructor(code: FastlyErrorCode, detail: string) {
    super(`fastly ${code}: ${detail.slice(0, MAX_MESSAGE_CHARS)}`, RETRYABLE.has(code));
    this.code = code;
  }
}

export type FastlyClientOptions = {
  readonly apiToken: string;
  /** Such as https://api.fastly.com, without a path. */
  readonly endpoint: string;
  readonly fetch: typeof fetch;
  readonly sleep: (ms: number) => Promise<void>;
  /** In [0, 1): spreads the retries. */
  readonly random: () => number;
  /** One attempt, body included. */
  readonly timeoutMs: number;
};

/**
 * Asks until it works, three times at most, and returns the checked body.
 * @throws FastlyError, whose message never holds the token
 */
export type FastlyClient = <T>(path: string, query: Readonly<Record<string, string>>, schema: z.ZodType<T>) => Promise<T>;

const ATTEMPTS = 3;
const BACKOFF_BASE_MS = 500;

const codeOf = (status: number): FastlyErrorCode => {
  if (status === 401) return "auth";
  if (status === 403 || status === 404) return "not_available";
  if (status === 429) return "rate_limited";
  return status >= 500 ? "unavailable" : "refused";
};

/** What Fastly says of itself: `msg` and `detail` of its own answers, `title` of RFC 9457 ones. */
const complaint = z.looseObject({ msg: z.string().nullish(), title: z.string().nullish(), detail: z.string().nullish() });

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

export const createFastlyClient = (options: FastlyClientOptions): FastlyClient => {
  // Called unbound: workerd refuses a `fetch` whose `this` is an options object.
  const { apiToken, endpoint, fetch, sleep, random, timeoutMs } = options;

  const exchange = async (url: string): Promise<{ status: number; text: string }> => {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), timeoutMs);
    try {
      const response = await fetch(url, {
        headers: { "Fastly-Key": apiToken, Accept: "application/json" },
        // A redirect would carry the token elsewhere.
        redirect: "manual",
        signal: controller.signal,
      });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      if (controller.signal.aborted) throw new FastlyError("timeout", `no answer within ${timeoutMs} ms`);
      throw new FastlyError("unavailable", `no connection (${error instanceof Error ? error.name : "unknown"})`);
    } finally {
      clearTimeout(timer);
    }
  };

  const attempt = async <T>(url: string, schema: z.ZodType<T>): Promise<T> => {
    const { status, text } = await exchange(url);
    const body = parseJson(text);
    if (status !== 200) {
      const { msg, title, detail } = complaint.safeParse(body).data ?? {};
      const said = [msg, title, detail].filter(Boolean).join("; ").replaceAll(apiToken, "[token]");
      throw new FastlyError(codeOf(status), `status ${status}${said === "" ? "" : `: ${said}`}`);
    }
    const parsed = schema.safeParse(body);
    if (!parsed.success) throw new FastlyError("malformed", z.prettifyError(parsed.error));
    return parsed.data;
  };

  return async (path, query, schema) => {
    const url = `${endpoint}${path}?${new URLSearchParams(query).toString()}`;
    for (let tried = 1; ; tried += 1) {
      try {
        return await attempt(url, schema);
      } catch (error) {
        if (!(error instanceof FastlyError) || !error.retryable || tried === ATTEMPTS) throw error;
        await sleep(random() * BACKOFF_BASE_MS * 2 ** tried);
      }
    }
  };
};
