import type { SettingsStore, Shard } from "../../adapters/ports/coordination/shards.ts";
import type { Fence, Taking } from "../../adapters/ports/coordination/lease.ts";
import { giveBack, whileHeld } from "../../pipeline/lease.ts";
import { patiently } from "../../pipeline/with-timeout.ts";
import type { DnsTalk } from "../../pipeline/round.ts";
import { createDnsTalk } from "../../pipeline/round.ts";
import { createRequestAccount, createRequestPool } from "../../pipeline/requests.ts";
import { createConnections } from "../../pipeline/connection-slots.ts";
import type { ShardDeps, Tally } from "./shard-rounds.ts";
import {
  afterRound,
  isWitness,
  newTally,
  reportTally,
  restMs,
  roundInSlot,
  slotOf,
  takeShard,
  waitMs,
  witnessInSlot,
} from "./shard-rounds.ts";

/** How often a continuous loop reports its rounds. */
const reportMs = 60_000;

/**
 * The rounds of one shard, one per alarm, with its lease kept from one to the next; while the
 * other provider holds the lease, a witness' rounds.
 */
export type ShardLoop = {
  /**
   * Runs the round of the current slot, once however often it is called. Never throws.
   * @returns false where the shard no longer exists: there are fewer shards, or a single one, which needs no loop
   */
  round(shard: Shard): Promise<boolean>;
  /** Reports the remaining rounds and releases the lease. */
  stop(): Promise<void>;
};

type Asked = { readonly shard: Shard; readonly taking: Taking };

/** @param deps with a `runId` that stays the same when the object is restarted, so that it re-acquires its own lease at once */
export const createShardLoop = (given: ShardDeps & { readonly settings: SettingsStore }): ShardLoop => {
  const { clock, log, settings } = given;
  const connections = given.connections ?? createConnections(clock);
  const deps = { ...given, connections };
  let held: { readonly shard: Shard; readonly fence: Fence; readonly dnsTalk: DnsTalk } | null = null;
  let latest: Shard | null = null;
  let lastRoundAtMs = Number.NEGATIVE_INFINITY;
  let tally: Tally = newTally(clock.nowMs());
  /** Until then the lease is left to the other provider: under this one every round has failed. */
  let restsUntilMs = 0;

  /** DNS calls may outlast a round, but never the lease under which they began. */
  const letGo = (): void => {
    held?.dnsTalk.reading.stop();
    held = null;
  };

  /** `gone`: this shard no longer exists. */
  const take = async (armed: Shard): Promise<Asked | "gone"> => {
    const ask = async (shard: Shard): Promise<Asked> => ({ shard, taking: await takeShard(deps, shard) });
    const asked = await ask(armed);
    if (asked.taking.held !== null) return asked;
    // Either somebody else has the lease, or the number of shards has changed.
    const count = await settings.shards();
    if (count === armed.count) return asked;
    return count === 1 || armed.index >= count ? "gone" : await ask({ index: armed.index, count });
  };

  const report = async (): Promise<void> => {
    const done = tally;
    tally = { ...newTally(clock.nowMs()), failedInRow: done.failedInRow };
    if (latest === null || done.rounds + done.witnessed + done.failures === 0) return;
    await reportTally(deps, latest, held?.fence.epoch ?? null, done).catch((error: unknown) =>
      log.error("tick", error, { shard: latest?.index }),
    );
  };

  const roundNow = async (armed: Shard, roundAtMs: number): Promise<boolean> => {
    // Each is an invocation of its own, with its own requests.
    const requests = createRequestAccount(createRequestPool(deps.requestLimit ?? Number.POSITIVE_INFINITY, connections), () => 1);
    const restsForMs = restsUntilMs - clock.nowMs();
    if (restsForMs > 0 && restsForMs <= restMs(deps.probe.intervalMs)) {
      await witnessInSlot({ ...deps, requests }, latest ?? armed, roundAtMs, tally);
      return true;
    }
    let watching: Promise<void> | null = null;
    // A lost lease is re-acquired in the same slot, once: it lapsed, or the services were re-sharded.
    for (let attempt = 0; attempt < 2; attempt += 1) {
      if (held === null) {
        const asked = await take(latest ?? armed);
        if (asked === "gone") return false;
        latest = asked.shard;
        if (asked.taking.held === null) {
          watching ??= isWitness(deps, asked.taking) ? witnessInSlot({ ...deps, requests }, asked.shard, roundAtMs, tally) : null;
          // The lease may lapse before all time-outs of a witness' round are in: a takeover does not wait for them.
          if (
            watching !== null &&
            (await patiently(
              clock,
              watching.then(() => false),
              waitMs(deps, asked.taking, 0),
              true,
            ))
          )
            continue;
          break;
        }
        held = { shard: asked.shard, fence: asked.taking.held, dnsTalk: createDnsTalk(clock, connections) };
      }
      const { fence, shard, dnsTalk } = held;
      const end = await whileHeld(deps, fence, () => roundInSlot({ ...deps, dnsTalk, requests }, fence, shard, roundAtMs, tally));
      const after = end === "lost" ? "lost" : await afterRound(deps, fence, shard, tally);
      if (after !== "kept") letGo();
      if (after === "given_up") restsUntilMs = clock.nowMs() + restMs(deps.probe.intervalMs);
      if (after !== "lost") break;
    }
    await watching;
    return true;
  };

  return {
    round: async (armed) => {
      const roundAtMs = slotOf(clock.nowMs(), deps.probe.intervalMs);
      // A slot earlier by more than one: the clock was corrected.
      if (roundAtMs <= lastRoundAtMs && lastRoundAtMs - roundAtMs <= deps.probe.intervalMs) return true;
      lastRoundAtMs = roundAtMs;
      if (held === null) latest = armed;
      const goesOn = await roundNow(armed, roundAtMs).catch((error: unknown) => {
        tally.failures += 1;
        log.error("round", error, { shard: armed.index });
        return true;
      });
      if (clock.nowMs() - tally.startedAtMs >= reportMs) await report();
      return goesOn;
    },
    stop: async () => {
      await report();
      if (held !== null) await giveBack(deps, held.fence);
      letGo();
    },
  };
};
