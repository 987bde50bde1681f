import type { Peer, Sighting } from "../ports/coordination/peer.ts";

/** The default time-out of a probe. */
const answerTimeoutMs = 5_000;
/** A result not taken within this time is stale. */
const freshForMs = 30_000;

/** The body of `/healthz`, from its first chunk: no more is read of an untrusted server's answer. */
const complaintOf = async (answer: Response): Promise<string | null> => {
  const reader = answer.body?.getReader();
  const piece = answer.status === 200 ? (await reader?.read())?.value : undefined;
  await reader?.cancel();
  if (answer.status !== 200) return `/healthz answered ${answer.status}`;
  return new TextDecoder().decode(piece) === "ok" ? null : "/healthz answered 200, but not ok";
};

export type PeerOptions = {
  /** Its public origin, by a name that does not fail over to this provider; null: there is no peer. */
  readonly url: string | null;
  readonly provider: string;
  readonly fetch: typeof fetch;
  readonly nowMs: () => number;
  /** Default 5 s. */
  readonly timeoutMs?: number;
};

/** The other provider of the two. */
export const createPeer = ({ url, provider, fetch: send, nowMs, timeoutMs = answerTimeoutMs }: PeerOptions): Peer => {
  // By time, not by promise: a promise of an ended invocation may never settle (workerd).
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let isLooking = false;
  let latest: (Sighting & { readonly atMs: number }) | null = null;
  const found = (error: string | null) => void (latest = { provider, error, atMs: nowMs() });
  return {
    look: async () => {
      if (url === null || (isLooking && nowMs() - lookedAtMs < 2 * timeoutMs)) return;
      [isLooking, lookedAtMs] = [true, nowMs()];
      try {
        found(
          await complaintOf(
            await send(`${url}/healthz`, { redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(timeoutMs) }),
          ),
        );
      } catch (error) {
        found(error instanceof Error && error.name === "TimeoutError" ? "/healthz did not answer in time" : "/healthz can not be reached");
      } finally {
        isLooking = false;
      }
    },
    take: () => {
      const seen = latest;
      latest = null;
      return seen === null || nowMs() - seen.atMs > freshForMs ? null : { provider: seen.provider, error: seen.error };
    },
  };
};
