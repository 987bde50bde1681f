import type { Clock } from "../../ports/platform/clock.ts";

/** Slower than the budget by this much, so that a delayed request does not arrive together with the next. */
const slack = 1.1;

/**
 * Spaces requests out evenly, so that an account's rate limit holds in any second and leaves room for its other users.
 * Shared by every call of an adapter: it stores times and no promise, which workerd would not share between requests.
 * @returns waits until a request may be sent; false where that is not before `untilMs`; then no slot is reserved
 */
export const createPace = (clock: Clock, requestsPerSecond: number): ((untilMs: number) => Promise<boolean>) => {
  const spacingMs = (1_000 / requestsPerSecond) * slack;
  let promisedMs = 0;
  let sentMs = 0;
  let seenMs = 0;
  /** A clock that was set back shifts the reserved times too. */
  const follow = (): void => {
    const backMs = Math.max(0, seenMs - clock.nowMs());
    [seenMs, promisedMs, sentMs] = [clock.nowMs(), promisedMs - backMs, sentMs - backMs];
  };
  return async (untilMs) => {
    follow();
    let atMs = Math.max(clock.nowMs(), promisedMs);
    if (atMs > untilMs) return false;
    promisedMs = atMs + spacingMs;
    // Late timers fire together: the second one waits again.
    for (let nowMs = clock.nowMs(); nowMs < atMs; nowMs = clock.nowMs(), atMs = Math.max(atMs, sentMs + spacingMs)) {
      await clock.sleep(Math.ceil(atMs - nowMs));
    }
    sentMs = clock.nowMs();
    return sentMs <= untilMs;
  };
};
