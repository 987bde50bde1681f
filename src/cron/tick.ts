import type { Shard } from "../adapters/ports/dispatcher.ts";
import type { Fence, Taking } from "../adapters/ports/lease.ts";
import { whileHeld } from "../pipeline/lease.ts";
import type { ShardDeps, Tally } from "./shard-rounds.ts";
import { handedBack, isWitness, newTally, reportTally, roundInSlot, slotOf, takeShard, witnessInSlot } from "./shard-rounds.ts";

export type TickDeps = ShardDeps;

const minuteMs = 60_000;

/** How often a run asks again where the minute before may only be finishing its last round, or the database is away. */
const retryMs = 1_000;
/** A witness asks again when the lease may have lapsed, but never more often than this. */
const contendMs = 250;

/**
 * Rounds of one shard for the minute that began at `scheduledAtMs`, one each `PROBE_INTERVAL`: as the holder of its lease,
 * or as the witness of the other provider, from which it takes over as soon as the lease lapses. A run that starts late
 * does the rest of the minute; a doubled one waits and finds nothing left to do; a round that overruns delays the next
 * and is counted. A round that fails is logged and the next one tries again.
 * @throws the last error where nothing succeeded
 */
export const runTick = async (deps: TickDeps, shard: Shard, scheduledAtMs: number): Promise<void> => {
  const minute = createMinute(deps, shard, scheduledAtMs + minuteMs);
  const { clock } = deps;
  while (!minute.isOver()) {
    const taking = await minute.contend();
    if (taking?.held != null) await minute.act(taking.held);
    else if (taking !== null && isWitness(deps, taking)) await minute.witness();
    // In the last slot of the minute the lease falls free because its round is done: nothing is left to take over.
    else if (clock.nowMs() + retryMs >= minute.endMs - deps.probe.intervalMs) break;
    await clock.sleep(minute.untilNext(taking));
  }
  await minute.report();
};

/** One shard's minute: what has been done in it, and in which slot. */
const createMinute = (deps: TickDeps, shard: Shard, endMs: number) => {
  const { clock, leases, log } = deps;
  const { intervalMs } = deps.probe;
  const tally: Tally = newTally(clock.nowMs());
  const slotNow = () => slotOf(clock.nowMs(), intervalMs);
  const isDone = (slotMs: number) => slotMs <= Math.max(actedMs, witnessedMs);
  // The latest slot of each kind: who takes over acts at once, also in a slot that it has witnessed.
  let actedMs = Number.NEGATIVE_INFINITY;
  let witnessedMs = Number.NEGATIVE_INFINITY;
  let epoch: number | null = null;
  /** Whether the database answered when the lease was last asked for. */
  let isAnswered = true;

  /** The slots of the minute, as the holder, until it is over or the lease is lost or handed back. */
  const rounds = async (fence: Fence): Promise<void> => {
    let slotMs = Math.max(slotNow(), actedMs + intervalMs);
    while (slotMs < endMs && clock.nowMs() < endMs) {
      if (slotMs > clock.nowMs()) await clock.sleep(slotMs - clock.nowMs());
      if (!(await roundInSlot(deps, fence, shard, slotMs, tally))) return;
      actedMs = slotMs;
      if (await handedBack(deps, fence, shard)) return;
      // A slot that has passed is made up for at once; the one under way has its round already.
      const nextMs = slotMs + intervalMs;
      slotMs = clock.nowMs() > nextMs ? slotNow() : nextMs;
    }
    actedMs = endMs;
  };

  return {
    endMs,
    isOver: () => actedMs >= endMs || clock.nowMs() >= endMs,
    /** A database that does not answer for a moment must not cost the minute. */
    contend: async (): Promise<Taking | null> => {
      try {
        const taking = await takeShard(deps, shard);
        isAnswered = true;
        return taking;
      } catch (error) {
        isAnswered = false;
        tally.lastError = error;
        return null;
      }
    },
    act: async (fence: Fence): Promise<void> => {
      epoch = fence.epoch;
      try {
        await whileHeld(deps, fence, () => rounds(fence));
      } finally {
        await leases.release(fence).catch(() => undefined);
      }
    },
    witness: async (): Promise<void> => {
      const slotMs = slotNow();
      if (isDone(slotMs)) return;
      witnessedMs = slotMs;
      await witnessInSlot(deps, shard, slotMs, tally);
    },
    untilNext: (taking: Taking | null): number => {
      const leftMs = actedMs >= endMs ? 0 : Math.max(0, endMs - clock.nowMs());
      if (taking === null || taking.held !== null || !isWitness(deps, taking)) return Math.min(leftMs, retryMs);
      // A slot that began while the last one was witnessed is due at once.
      const nextSlotMs = isDone(slotNow()) ? slotNow() + intervalMs - clock.nowMs() : 0;
      return Math.min(leftMs, nextSlotMs, Math.max(contendMs, taking.freeInMs));
    },
    report: async (): Promise<void> => {
      if (epoch === null && tally.witnessed + tally.failures === 0) {
        if (!isAnswered) throw tally.lastError;
        return log.info("tick", { shard: shard.index, result: "held_elsewhere" });
      }
      if (!(await reportTally(deps, shard, epoch, tally))) throw tally.lastError;
    },
  };
};
