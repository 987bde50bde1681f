import type { Clock } from "../../ports/platform/clock.ts";
import { failureOf, isUnsent, Route53Error } from "./error.ts";

export type Patience = { readonly clock: Clock; readonly random: () => number; readonly untilMs: number };

const attempts = 3;
const baseMs = 400;
const capMs = 5_000;

/** How long to wait after the nth failed attempt (1-based): exponential, full jitter (semantics §7). */
export const backoffMs = (attempt: number, random: () => number): number =>
  Math.floor(random() * Math.min(capMs, baseMs * 2 ** (attempt - 1)));

/**
 * Runs a call up to three times while its failures are retryable and there is time. The error of the last attempt is `uncertain` as soon
 * as one of them was: an earlier one may have taken effect.
 * @throws Route53Error
 */
export const withRetry = async <T>(attempt: () => Promise<T>, { clock, random, untilMs }: Patience): Promise<T> => {
  let uncertain = false;
  for (let count = 1; ; count += 1) {
    try {
      return await attempt();
    } catch (thrown) {
      const failure = failureOf(thrown);
      uncertain ||= failure.uncertain;
      const waitMs = backoffMs(count, random);
      if (!failure.retryable || isUnsent(failure) || count === attempts || clock.nowMs() + waitMs > untilMs) {
        throw new Route53Error({ ...failure, uncertain }, { cause: thrown });
      }
      await clock.sleep(waitMs);
    }
  }
};
