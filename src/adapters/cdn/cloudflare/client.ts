import { z } from "zod";
import { PausedError } from "../../ports/platform/breakers.ts";
import { CloudflareError, errorCodeOf, pauseInWordsMs } from "./error.ts";
import type { CloudflareErrorCode } from "./error.ts";
import { withinLimits } from "../deadline.ts";

export type CloudflareClientOptions = {
  readonly apiToken: string;
  readonly fetch: typeof fetch;
  /** Ends early where the signal aborts. */
  readonly sleep: (ms: number, until?: AbortSignal) => Promise<void>;
  /** In [0, 1): spreads the retries. */
  readonly random: () => number;
  readonly now: () => number;
  /** One attempt, body included. */
  readonly timeoutMs: number;
  /** Of a body; absent: as many as there are. What is larger fails as `too_large`. */
  readonly mostBytes?: number;
  /** Called before each GraphQL query; throws where it must not be sent. */
  readonly spend: () => void;
};

/** How long to try: so many attempts and not beyond the signal, fewer where one has timed out. */
export type Patience = { readonly signal: AbortSignal; readonly attempts?: number; readonly attemptsOnTimeout?: number };

export type CloudflareClient = {
  /**
   * Tries up to three times by default, and returns the checked body.
   * @throws CloudflareError, whose message never holds the token.
   */
  readonly request: <T>(url: string, schema: z.ZodType<T>, patience: Patience, graphql?: GraphqlBody) => Promise<T>;
};

export type GraphqlBody = { readonly query: string; readonly variables: Readonly<Record<string, unknown>> };

type Failure = { readonly status: number; readonly messages: readonly string[]; readonly retryAfterMs: number };

/** What a second attempt of the same reading would not change. */
const notAgain: ReadonlySet<CloudflareErrorCode> = new Set(["deadline", "paused"]);
const ATTEMPTS = 3;
const BACKOFF_BASE_MS = 500;
/** A longer pause is left to the next run of the job, which comes after minutes anyway. */
const MAX_PAUSE_MS = 30_000;

/** REST answers and GraphQL answers carry errors in the same field; REST adds `success`. */
const errorsSchema = z.looseObject({
  success: z.boolean().optional(),
  errors: z.array(z.looseObject({ message: z.string() })).nullish(),
});

export function createCloudflareClient(options: CloudflareClientOptions): CloudflareClient {
  // Called unbound: workerd refuses a `fetch` whose `this` is an options object.
  const { apiToken, fetch, sleep, random, now, timeoutMs, mostBytes = Number.POSITIVE_INFINITY, spend } = options;

  async function attempt<T>(url: string, schema: z.ZodType<T>, graphql: GraphqlBody | undefined, signal: AbortSignal): Promise<T> {
    const { status, text, retryAfter } = await exchange(url, graphql, signal);
    const body = parseJson(text);
    const failure = failureIn(status, body, retryAfterMs(retryAfter, now()));
    if (failure !== null) throw errorOf(failure);
    const parsed = schema.safeParse(body);
    if (!parsed.success) throw new CloudflareError("malformed", z.prettifyError(parsed.error));
    return parsed.data;
  }

  async function exchange(url: string, graphql: GraphqlBody | undefined, outer: AbortSignal) {
    let own: AbortSignal | null = null;
    try {
      return await withinLimits(timeoutMs, outer, async (signal) => {
        own = signal;
        const response = await fetch(url, {
          method: graphql === undefined ? "GET" : "POST",
          headers: {
            Authorization: `Bearer ${apiToken}`,
            Accept: "application/json",
            ...(graphql === undefined ? {} : { "Content-Type": "application/json" }),
          },
          // A redirect would carry the token elsewhere.
          redirect: "manual",
          signal,
          ...(graphql === undefined ? {} : { body: JSON.stringify(graphql) }),
        });
        return { status: response.status, text: await textWithin(response, mostBytes), retryAfter: response.headers.get("Retry-After") };
      });
    } catch (error) {
      if (error instanceof CloudflareError) throw error;
      if (error instanceof PausedError) throw new CloudflareError("paused", error.message);
      if (outer.aborted) throw new CloudflareError("deadline", "the time of the reading is up");
      if (isAborted(own)) throw new CloudflareError("timeout", `no answer within ${timeoutMs} ms`);
      throw new CloudflareError("unavailable", `no connection (${error instanceof Error ? error.name : "unknown"})`);
    }
  }

  function errorOf({ status, messages, retryAfterMs: pauseMs }: Failure): CloudflareError {
    const said = messages.length === 0 ? "" : `: ${messages.join("; ").replaceAll(apiToken, "[token]")}`;
    return new CloudflareError(errorCodeOf(status, messages), `status ${status}${said}`, pauseMs);
  }

  return {
    async request(url, schema, patience, graphql) {
      const { signal, attempts = ATTEMPTS, attemptsOnTimeout = attempts } = patience;
      for (let tried = 1; ; tried += 1) {
        if (graphql !== undefined) spend();
        try {
          return await attempt(url, schema, graphql, signal);
        } catch (error) {
          if (!(error instanceof CloudflareError) || !error.retryable || notAgain.has(error.code)) throw error;
          if (tried >= (error.code === "timeout" ? attemptsOnTimeout : attempts) || error.retryAfterMs > MAX_PAUSE_MS) throw error;
          await sleep(Math.max(error.retryAfterMs, random() * BACKOFF_BASE_MS * 2 ** tried), signal);
        }
      }
    },
  };
}

/** @throws CloudflareError `too_large` */
async function textWithin(response: Response, mostBytes: number): Promise<string> {
  if (mostBytes === Number.POSITIVE_INFINITY || response.body === null) return await response.text();
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let bytes = 0; ;) {
    const { done, value } = (await reader.read()) as { done: boolean; value?: Uint8Array };
    if (done || value === undefined) return text + decoder.decode();
    bytes += value.length;
    if (bytes > mostBytes) {
      await reader.cancel();
      throw new CloudflareError("too_large", `its answer has more than ${mostBytes} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
}

const isAborted = (signal: AbortSignal | null): boolean => signal?.aborted === true;

function failureIn(status: number, body: unknown, headerPauseMs: number): Failure | null {
  const parsed = errorsSchema.safeParse(body);
  const messages = (parsed.data?.errors ?? []).map(({ message }) => message);
  const isError = status < 200 || status > 299 || messages.length > 0 || parsed.data?.success === false;
  return isError ? { status, messages, retryAfterMs: headerPauseMs || pauseInWordsMs(messages) } : null;
}

/** Seconds or an HTTP date (RFC 9110 §10.2.3); 0 when absent or unreadable. */
function retryAfterMs(header: string | null, nowMs: number): number {
  if (header === null) return 0;
  const delayMs = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return delayMs > 0 ? delayMs : 0;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
