import type { Shard } from "../adapters/ports/dispatcher.ts";
import type { Fence } from "../adapters/ports/lease.ts";
import type { SettingsStore } from "../adapters/ports/settings.ts";
import { whileHeld } from "../pipeline/lease.ts";
import type { ShardDeps, Tally } from "./shard-rounds.ts";
import { handedBack, isWitness, newTally, reportTally, roundInSlot, slotOf, takeShard, witnessInSlot } from "./shard-rounds.ts";

/** How often rounds that have no end are reported. */
const reportMs = 60_000;

/**
 * The rounds of one shard that somebody wakes it for, slot by slot, with its lease kept from one to the next; while the
 * other provider has the lease, a witness' rounds.
 */
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
  const { clock, leases, log, settings } = deps;
  let held: { readonly shard: Shard; readonly fence: Fence } | null = null;
  let latest: Shard | null = null;
  let lastSlotMs = Number.NEGATIVE_INFINITY;
  let tally: Tally = newTally(clock.nowMs());

  /** `gone`: this shard is no more. Without a fence somebody else has it: the other provider, or another run of this one. */
  const take = async (armed: Shard): Promise<{ readonly shard: Shard; readonly fence: Fence | null; readonly witness: boolean } | "gone"> => {
    const ask = async (shard: Shard) => {
      const taking = await takeShard(deps, shard);
      return { shard, fence: taking.held, witness: isWitness(deps, taking) };
    };
    const asked = await ask(armed);
    if (asked.fence !== null) return asked;
    // Either somebody else has the lease, or the number of shards is another one by now.
    const count = await settings.shards();
    if (count === armed.count) return asked;
    return count === 1 || armed.index >= count ? "gone" : await ask({ index: armed.index, count });
  };

  const report = async (): Promise<void> => {
    const done = tally;
    tally = newTally(clock.nowMs());
    if (latest === null || done.rounds + done.witnessed + done.failures === 0) return;
    await reportTally(deps, latest, held?.fence.epoch ?? null, done).catch((error: unknown) => log.error("tick", error, { shard: latest?.index }));
  };

  const roundNow = async (armed: Shard, slotMs: number): Promise<boolean> => {
    // A lease that is lost is taken anew in the same slot, once: it lapsed, or the services were dealt out anew.
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const taken = held === null ? await take(latest ?? armed) : { ...held, witness: false };
      if (taken === "gone") return false;
      const { fence, shard } = taken;
      latest = shard;
      if (fence === null) {
        if (taken.witness) await witnessInSlot(deps, shard, slotMs, tally);
        return true;
      }
      held = { shard, fence };
      if (await whileHeld(deps, fence, () => roundInSlot(deps, fence, shard, slotMs, tally))) {
        if (await handedBack(deps, fence, shard)) held = null;
        return true;
      }
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
