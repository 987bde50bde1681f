import { visible } from "../../domain/notify/visible.ts";
import type { SendOutcome } from "../ports/notify/channel.ts";
import type { Budget } from "../ports/platform/budget.ts";

/** An attempt takes no longer whatever its budget, its waiting for a connection included. */
const attemptMs = 15_000;

const maxDetail = 200;

/** @param known what must not stand in it, whatever the receiver says */
export const detailOf = (text: string, known: readonly string[] = []): string =>
  visible(
    known.filter((secret) => secret.length >= 4).reduce((rest, secret) => rest.replaceAll(secret, "[redacted]"), text),
    maxDetail,
  );

export const failed = (detail: string, retryAfterMs: number | null = null): SendOutcome => ({
  status: "failed",
  detail: detailOf(detail),
  retryAfterMs,
});

/** `ECONNRESET`, `DEPTH_ZERO_SELF_SIGNED_CERT`: of an error or of what is behind it; null where the platform gives none. */
const codeOf = (thrown: unknown): string | null => {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 4; error = error.cause, depth += 1) {
    const { code } = error as { readonly code?: unknown };
    if (typeof code === "string" && /^[A-Z][A-Z0-9_]{2,60}$/.test(code)) return code;
  }
  return null;
};

/**
 * One connection to a receiver, ended when its time is over. Never throws: an error, silence and the want of a connection are
 * failures that are worth another attempt.
 * @param where how far it had come, for the words; empty: nothing to tell
 */
export const attempt = async (
  budget: Budget,
  sentAtMs: number,
  send: (signal: AbortSignal) => Promise<SendOutcome>,
  where: () => string = () => "",
): Promise<SendOutcome> => {
  const untilMs = Math.min(budget.untilMs, sentAtMs + attemptMs);
  const at = (): string => (where() === "" ? "" : `, at ${where()}`);
  let signal: AbortSignal | null = null;
  try {
    const sent = await budget.connection({ untilMs, answerMs: attemptMs - 1_000 }, async (until) => await send((signal = until)));
    if (sent.status === "sent") return sent.value;
    return failed(sent.status === "unsent" ? "not begun: no connection was free in time" : `no answer in time${at()}`);
  } catch (thrown) {
    if ((signal as AbortSignal | null)?.aborted === true) return failed(`no answer in time${at()}`);
    const code = codeOf(thrown);
    return failed(`${where() === "" ? "out of reach" : `broken off${at()}`}${code === null ? "" : `: ${code}`}`);
  }
};
