import { isoTime } from "../../iso-time.ts";
import type { Dispatcher } from "../ports/coordination/shards.ts";

/** The answer comes before the rounds are run, so no request lasts for a minute. */
const answerTimeoutMs = 10_000;

export type HttpShards = {
  /** This deployment's own origin. */
  readonly selfUrl: string;
  readonly cronSecret: string;
  readonly fetch: typeof fetch;
};

/** Requests each shard's rounds at the deployment's own URL, in separate invocations. */
export const createHttpShards = ({ selfUrl, cronSecret, fetch: send }: HttpShards): Dispatcher => ({
  dispatch: async ({ index, count }, scheduledAtMs) => {
    const response = await send(`${selfUrl}/internal/shards/${index}/rounds`, {
      method: "POST",
      redirect: "manual",
      headers: { authorization: `Bearer ${cronSecret}`, "content-type": "application/json" },
      body: JSON.stringify({ count, scheduled_at: isoTime(scheduledAtMs) }),
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    await response.body?.cancel();
    if (response.status !== 202) throw new Error(`shard ${index} was answered with ${response.status}`);
  },
});
