import type { Peer, Sighting } from "./ports/peer.ts";

/** As long as a probe is given by default. */
const answerTimeoutMs = 5_000;
/** What `/healthz` says, and nothing more of what somebody else's server may say. */
const readAtMost = 16;

const complaintOf = async (answer: Response): Promise<string | null> => {
  if (answer.status !== 200) {
    await answer.body?.cancel();
    return `/healthz answered ${answer.status}`;
  }
  const text = (await answer.text()).slice(0, readAtMost);
  return text === "ok" ? null : "/healthz answered 200, but not ok";
};

/**
 * The other provider of the two.
 * @param url its public origin, by a name that does not fail over to this provider; null: there is nobody to look at
 */
export const createPeer = (url: string | null, provider: string, send: typeof fetch, timeoutMs = answerTimeoutMs): Peer => {
  let isLooking = false;
  let latest: Sighting | null = null;
  return {
    look: async () => {
      if (url === null || isLooking) return;
      isLooking = true;
      try {
        const answer = await send(`${url}/healthz`, { redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(timeoutMs) });
        latest = { provider, error: await complaintOf(answer) };
      } catch (error) {
        latest = { provider, error: error instanceof Error && error.name === "TimeoutError" ? "/healthz did not answer in time" : "/healthz can not be reached" };
      } finally {
        isLooking = false;
      }
    },
    take: () => {
      const seen = latest;
      latest = null;
      return seen;
    },
  };
};
