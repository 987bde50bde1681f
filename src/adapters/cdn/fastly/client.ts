import { z } from "zod";
import { PausedError } from "../../ports/platform/breakers.ts";
import { withinLimits } from "../deadline.ts";
import { FastlyError } from "./error.ts";
import type { FastlyErrorCode } from "./error.ts";

export type FastlyClientOptions = {
  readonly apiToken: string;
  /** Such as https://api.fastly.com, without a path. */
  readonly endpoint: string;
  readonly fetch: typeof fetch;
  /** Ends early where the signal aborts. */
  readonly sleep: (ms: number, until?: AbortSignal) => Promise<void>;
  /** In [0, 1): spreads the retries. */
  readonly random: () => number;
  /** One attempt, body included. */
  readonly timeoutMs: number;
};

/**
 * Tries up to three times and not beyond the signal, and returns the checked body.
 * @throws FastlyError, whose message never holds the token
 */
export type FastlyClient = <T>(
  path: string,
  query: Readonly<Record<string, string>>,
  schema: z.ZodType<T>,
  signal: AbortSignal,
) => Promise<T>;

/** What a second attempt of the same reading would not change. */
const notAgain: ReadonlySet<FastlyErrorCode> = new Set(["deadline", "paused"]);
const ATTEMPTS = 3;
const BACKOFF_BASE_MS = 500;

const codeOf = (status: number): FastlyErrorCode => {
  if (status === 401) return "auth";
  if (status === 403 || status === 404) return "not_available";
  if (status === 429) return "rate_limited";
  return status >= 500 ? "unavailable" : "refused";
};

const words = { title: z.string().nullish(), detail: z.string().nullish() };
/** What Fastly says of itself: `msg` and `detail` of most answers, `title` of RFC 9457 ones, `errors` of domain management. */
const complaint = z.looseObject({ msg: z.string().nullish(), ...words, errors: z.array(z.looseObject(words)).nullish() });

const complaintIn = (body: unknown): string => {
  const { msg, title, detail, errors } = complaint.safeParse(body).data ?? {};
  const said = [msg, title, detail, ...(errors ?? []).flatMap((error) => [error.title, error.detail])];
  return [...new Set(said.filter(Boolean))].join("; ");
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

const isAborted = (signal: AbortSignal | null): boolean => signal?.aborted === true;

export const createFastlyClient = (options: FastlyClientOptions): FastlyClient => {
  // Called unbound: workerd refuses a `fetch` whose `this` is an options object.
  const { apiToken, endpoint, fetch, sleep, random, timeoutMs } = options;

  const exchange = async (url: string, outer: AbortSignal): Promise<{ status: number; text: string }> => {
    let own: AbortSignal | null = null;
    try {
      return await withinLimits(timeoutMs, outer, async (signal) => {
        own = signal;
        const headers = { "Fastly-Key": apiToken, Accept: "application/json" };
        // A redirect would carry the token elsewhere.
        const response = await fetch(url, { headers, redirect: "manual", signal });
        return { status: response.status, text: await response.text() };
      });
    } catch (error) {
      if (error instanceof PausedError) throw new FastlyError("paused", error.message);
      if (outer.aborted) throw new FastlyError("deadline", "the time of the reading is up");
      if (isAborted(own)) throw new FastlyError("timeout", `no answer within ${timeoutMs} ms`);
      throw new FastlyError("unavailable", `no connection (${error instanceof Error ? error.name : "unknown"})`);
    }
  };

  const attempt = async <T>(url: string, schema: z.ZodType<T>, signal: AbortSignal): Promise<T> => {
    const { status, text } = await exchange(url, signal);
    const body = parseJson(text);
    if (status !== 200) {
      const said = complaintIn(body).replaceAll(apiToken, "[token]");
      throw new FastlyError(codeOf(status), `status ${status}${said === "" ? "" : `: ${said}`}`);
    }
    const parsed = schema.safeParse(body);
    if (!parsed.success) throw new FastlyError("malformed", z.prettifyError(parsed.error));
    return parsed.data;
  };

  return async (path, query, schema, signal) => {
    const url = `${endpoint}${path}?${new URLSearchParams(query).toString()}`;
    for (let tried = 1; ; tried += 1) {
      try {
        return await attempt(url, schema, signal);
      } catch (error) {
        if (!(error instanceof FastlyError) || !error.retryable || notAgain.has(error.code) || tried === ATTEMPTS) throw error;
        await sleep(random() * BACKOFF_BASE_MS * 2 ** tried, signal);
      }
    }
  };
};
