import type { KeySource } from "../aws/keys.ts";
import type { XmlNode } from "../aws/xml.ts";
import type { Budget } from "../ports/platform/budget.ts";
import type { Clock } from "../ports/platform/clock.ts";
import { failureOf, isCredentialFailure, Route53Error, unansweredError, unsentError } from "../route53/api/error.ts";
import { withRetry } from "../route53/api/retry.ts";
import { createSend, type Service } from "../route53/api/send.ts";

/** A service that takes forms, and the version of its API. */
export type QueryApi = Service & { readonly version: string };

/** The fields of a form. */
export type Form = Readonly<Record<string, string>>;

/** One request of a Query API. `read` is given the whole answer. */
export type Asked<T> = {
  readonly action: string;
  readonly form: Form;
  /** @throws XmlShapeError where the answer is not what the action promises */
  readonly read: (node: XmlNode) => T;
};

/** Asks an endpoint. @throws Route53Error, and nothing else */
export type Ask = <T>(asked: Asked<T>) => Promise<T>;

/** How many requests may still be sent; takes one. @throws Route53Error where none is left */
export type Allowance = () => void;

/** So many requests and no more. */
export const createAllowance = (most: number): Allowance => {
  let left = most;
  return () => {
    if (left === 0)
      throw new Route53Error({
        code: "too_many",
        messages: [`the account takes more than ${most} requests, which is all that is sent in one look`],
        httpStatus: null,
        requestId: null,
        retryable: false,
        uncertain: false,
      });
    left -= 1;
  };
};

export type AskOptions = {
  readonly api: QueryApi;
  readonly endpoint: string;
  readonly region: string;
  readonly keys: KeySource;
  readonly budget: Budget;
  readonly take: Allowance;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** 0 <= x < 1, for the jitter of retries. */
  readonly random: () => number;
  readonly timeoutMs: number;
};

/**
 * Asks one endpoint in one account's name, retries included. One that is silent, or refuses the credentials, as a region does that is not
 * enabled, is not asked again: it would take the time of all the others.
 */
export const createAsk = ({ api, keys: source, budget, take, random, ...options }: AskOptions): Ask => {
  const { clock, timeoutMs } = options;
  const send = createSend({ ...options, service: api });
  let closed: Route53Error | null = null;

  const attempt = async <T>({ action, form, read }: Asked<T>): Promise<T> => {
    if (closed !== null) throw closed;
    const keys = await source.get(budget);
    take();
    const body = new URLSearchParams({ Action: action, Version: api.version, ...form }).toString();
    const request = { method: "POST", path: "", body, root: `${action}Response`, read } as const;
    try {
      const sent = await budget.connection({ untilMs: budget.untilMs, answerMs: timeoutMs }, async (signal) => send(request, keys, signal));
      if (sent.status === "sent") return sent.value;
      throw sent.status === "unsent"
        ? unsentError("too_late", `there was no time to ask ${api.label}`)
        : unansweredError(api.label, timeoutMs);
    } catch (thrown) {
      const failure = failureOf(thrown);
      if (isCredentialFailure(failure)) source.drop(keys);
      if (!isCredentialFailure(failure) && failure.code !== "timeout") throw thrown;
      const messages = isCredentialFailure(failure)
        ? [...failure.messages, `or ${options.region} is not enabled in the account`]
        : failure.messages;
      closed = new Route53Error({ ...failure, messages, retryable: false }, { cause: thrown });
      throw closed;
    }
  };

  return async (asked) => await withRetry(async () => await attempt(asked), { clock, random, untilMs: budget.untilMs });
};
