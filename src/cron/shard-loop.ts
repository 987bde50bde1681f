import type { Shard } from "../adapters/ports/dispatcher.ts";
import type { Fence } from "../adapters/ports/lease.ts";
import type { SettingsStore } from "../adapters/ports/settings.ts";
import { whileHeld } from "../pipeline/lease.ts";
import type { ShardDeps, Tally } from "./shard-rounds.ts";
import { newTally, reportTally, roundInSlot, slotOf } from "./shard-rounds.ts";

/** How often rounds that have no end are reported. */
const reportMs = 60_000;

/** The rounds of one shard that somebody wakes it for, slot by slot, with its lease kept from one to the next. */
export type ShardLoop = {
  /**
   * Runs the round of the slot under way, once however often it is called. Never throws.
   * @returns false where the shard is no more: the database knows fewer shards, or a single one, which needs no loop
   */
  round(shard: Shard): Promise<boolean>;
  /** Reports what is left to report and gives the lease back. */
  stop(): Promise<void>;
};

/** @param deps with a `runId` that stays the same when the object is restarted, so that it gets its own lease back at once */
export const createShardLoop = (deps: ShardDeps & { readonly settings: SettingsStore }): ShardLoop => {
  const { clock, leases, log, provider, runId, settings } = deps;
  let held: { readonly shard: Shard; readonly fence: Fence } | null = null;
  let latest: Shard | null = null;
  let lastSlotMs = Number.NEGATIVE_INFINITY;
  let tally: Tally = newTally(clock.nowMs());

  /** `gone`: this shard is no more. Null: somebody else has it. */
  const take = async (armed: Shard): Promise<{ readonly shard: Shard; readonly fence: Fence } | "gone" | null> => {
    const acquire = async (shard: Shard) => {
      const fence = await leases.acquire(`shard:${shard.index}`, provider, `${provider}:${runId}`, shard.count);
      return fence && { shard, fence };
    };
    const got = await acquire(armed);
    if (got !== null) return got;
    // Either somebody else has the lease, or the number of shards is another one by now.
    const count = await settings.shards();
    if (count === armed.count) return null;
    return count === 1 || armed.index >= count ? "gone" : await acquire({ index: armed.index, count });
  };

  const report = async (): Promise<void> => {
    const done = tally;
    tally = newTally(clock.nowMs());
    if (latest === null || done.rounds + done.failures === 0) return;
    await reportTally(deps, latest, held?.fence.epoch ?? null, done).catch((error: unknown) => log.error("tick", error, { shard: latest?.index }));
  };

  const roundNow = async (armed: Shard, slotMs: number): Promise<boolean> => {
    // A lease that is lost is taken anew in the same slot, once: it lapsed, or the services were dealt out anew.
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const taken = held ?? (await take(latest ?? armed));
      if (taken === "gone") return false;
      if (taken === null) return true;
      held = taken;
      latest = taken.shard;
      const { fence, shard } = taken;
      if (await whileHeld(deps, fence, () => roundInSlot(deps, fence, shard, slotMs, tally))) return true;
      held = null;
    }
    return true;
  };

  return {
    round: async (armed) => {
      const slotMs = slotOf(clock.nowMs(), deps.probe.intervalMs);
      if (slotMs <= lastSlotMs) return true;
      lastSlotMs = slotMs;
      if (held === null) latest = armed;
      const goesOn = await roundNow(armed, slotMs).catch((error: unknown) => {
        tally.failures += 1;
        log.error("round", error, { shard: armed.index });
        return true;
      });
      if (clock.nowMs() - tally.startedAtMs >= reportMs) await report();
      return goesOn;
    },
    stop: async () => {
      await report();
      if (held !== null) await leases.release(held.fence).catch(() => undefined);
      held = null;
    },
  };
};
