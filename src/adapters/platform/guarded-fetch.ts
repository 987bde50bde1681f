import type { BreakerLine, BreakerOutcome } from "../ports/platform/breakers.ts";
import { PausedError } from "../ports/platform/breakers.ts";
import type { Clock } from "../ports/platform/clock.ts";

/** Whoever gives up sooner had no time left: that says nothing of the service. */
const leastWaitMs = 2_000;

/** The code of the operating system, such as ECONNREFUSED; what else is said may name addresses. */
const codeOf = (error: unknown): string => {
  const cause: unknown = error instanceof Error ? error.cause : null;
  const code: unknown = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : null;
  return typeof code === "string" && /^[A-Z][A-Z_]{2,39}$/.test(code) ? ` (${code})` : "";
};

const afterError = (error: unknown, signal: AbortSignal | null, waitedMs: number): BreakerOutcome => {
  const isAborted = signal?.aborted === true || (error instanceof Error && error.name === "TimeoutError");
  if (isAborted && waitedMs < leastWaitMs) return { result: "nothing" };
  // The platform's own limit of requests, not the service.
  if (error instanceof Error && /subrequest/i.test(error.message)) return { result: "nothing" };
  const detail = isAborted ? `no answer within ${Math.round(waitedMs / 1_000)} s` : `no connection${codeOf(error)}`;
  return { result: "failed", waitedMs, detail };
};

/**
 * A `fetch` that heeds a breaker, and tells it how the service does: no answer, no connection and 5xx are failures; any other answer is one,
 * a refusal of credentials and a 429 too.
 * @throws PausedError where the breaker permits no call now; else what `send` throws
 */
export const guardedFetch =
  (send: typeof fetch, line: BreakerLine, clock: Pick<Clock, "nowMs">): typeof fetch =>
  async (input, init) => {
    const pass = await line.enter();
    if ("refusal" in pass) throw new PausedError(pass.refusal, pass.untilMs);
    const signal = init?.signal ?? null;
    if (signal?.aborted === true) {
      pass.leave({ result: "nothing" });
      throw signal.reason;
    }
    const startedAtMs = clock.nowMs();
    const waited = (): number => Math.max(0, clock.nowMs() - startedAtMs);
    try {
      const response = await send(input, init);
      pass.leave(
        response.status >= 500 ? { result: "failed", waitedMs: waited(), detail: `answered ${response.status}` } : { result: "answered" },
      );
      return response;
    } catch (error) {
      pass.leave(afterError(error, signal, waited()));
      throw error;
    }
  };
