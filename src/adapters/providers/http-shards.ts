import { isoTime } from "../../iso-time.ts";
import type { Dispatcher } from "../ports/coordination/shards.ts";

/** The answer comes before the rounds are run, so that nothing waits for a minute. */
const answerTimeoutMs = 10_000;

export type HttpShards = {
  /** Origin under which this very provider answers. */
  readonly selfUrl: string;
  readonly cronSecret: string;
  readonly fetch: typeof fetch;
};

/** Asks the provider's own URL to run each shard, in an invocation of its own. */
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
