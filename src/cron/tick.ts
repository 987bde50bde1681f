import type { Clock } from "../adapters/ports/clock.ts";
import type { Shard } from "../adapters/ports/dispatcher.ts";
import type { Fence } from "../adapters/ports/lease.ts";
import { whileHeld } from "../pipeline/lease.ts";
import type { ShardDeps } from "./shard-rounds.ts";
import { newTally, reportTally, roundInSlot, slotOf } from "./shard-rounds.ts";

export type TickDeps = ShardDeps;

const minuteMs = 60_000;

/** How often a run that finds the lease taken asks again: the minute before may only be finishing its last round. */
const retryMs = 1_000;

/** A database that does not answer for a moment must not cost the minute. @throws its last error where it never answered */
const acquireWithin = async (deps: TickDeps, clock: Clock, shard: Shard, untilMs: number): Promise<Fence | null> => {
  for (;;) {
    const last = clock.nowMs() + retryMs >= untilMs;
    try {
      const fence = await deps.leases.acquire(`shard:${shard.index}`, deps.provider, `${deps.provider}:${deps.runId}`, shard.count);
      if (fence !== null || last) return fence;
    } catch (error) {
      if (last) throw error;
    }
    await clock.sleep(retryMs);
  }
};

/**
 * Rounds of one shard for the minute that began at `scheduledAtMs`, one each `PROBE_INTERVAL`. A run that starts late
 * does the rest of the minute; a doubled one waits and finds nothing left to do; a round that overruns delays the next
 * and is counted. A round that fails is logged and the next one tries again.
 * @throws the last round's error where every round failed
 */
export const runTick = async (deps: TickDeps, shard: Shard, scheduledAtMs: number): Promise<void> => {
  const { clock, log } = deps;
  const { intervalMs } = deps.probe;
  const tally = newTally(clock.nowMs());
  const endMs = scheduledAtMs + minuteMs;
  // In the last slot of the minute the lease falls free because its round is done: nothing is left to take over.
  const fence = await acquireWithin(deps, clock, shard, endMs - intervalMs);
  if (fence === null) return log.info("tick", { shard: shard.index, result: "held_elsewhere" });
  const runRounds = async (): Promise<void> => {
    let slotMs = slotOf(clock.nowMs(), intervalMs);
    while (slotMs < endMs && clock.nowMs() < endMs) {
      if (!(await roundInSlot(deps, fence, shard, slotMs, tally))) return;
      // A slot that has passed is made up for at once; the one under way has its round already.
      const nextMs = slotMs + intervalMs;
      slotMs = clock.nowMs() > nextMs ? slotOf(clock.nowMs(), intervalMs) : nextMs;
      if (slotMs < endMs) await clock.sleep(slotMs - clock.nowMs());
    }
  };
  try {
    await whileHeld(deps, fence, runRounds);
  } finally {
    await deps.leases.release(fence).catch(() => undefined);
  }
  if (!(await reportTally(deps, shard, fence.epoch, tally))) throw tally.lastError;
};
