import type { Shard } from "../adapters/ports/dispatcher.ts";
import type { Fence, Taking } from "../adapters/ports/lease.ts";
import { whileHeld } from "../pipeline/lease.ts";
import { createSlots, waitingConnections } from "../pipeline/slots.ts";
import type { ShardDeps, Tally } from "./shard-rounds.ts";
import { afterRound, isWitness, newTally, reportTally, restMs, roundInSlot, slotOf, takeShard, waitMs, witnessInSlot } from "./shard-rounds.ts";

export type TickDeps = ShardDeps;

/** Cron comes once a minute: early or late, a run lasts until the next one is due. */
const runMs = 60_000;

/** How often a run asks again where another run of this provider may only be finishing its last round, or the database is away. */
const retryMs = 1_000;

/**
 * Rounds of one shard for the minute that begins at `scheduledAtMs`, or now where that is past: as the holder of its lease,
 * or as the witness of the other provider, from which it takes over as soon as the lease lapses. A doubled run waits for the
 * first one; a round that overruns delays the next and is counted. A round that fails is logged and the next one tries again.
 * @throws the last error where nothing succeeded
 */
export const runTick = async (deps: TickDeps, shard: Shard, scheduledAtMs: number): Promise<void> => {
  const { clock, probe } = deps;
  const endMs = slotOf(Math.max(scheduledAtMs, clock.nowMs()), probe.intervalMs) + runMs;
  // A witness' round may still be under way when it takes over: both share the connections of this invocation.
  const run = createRun({ ...deps, slots: deps.slots ?? createSlots(waitingConnections) }, shard, endMs);
  while (!run.isOver()) {
    const taking = await run.contend();
    if (taking?.held != null) await run.act(taking.held);
    else if (run.isWitness(taking)) run.watch();
    // In the last slot the lease falls free because its round is done: nothing is left to take over.
    else if (clock.nowMs() + retryMs >= endMs - probe.intervalMs) break;
    await run.untilDue(taking);
  }
  await run.report();
};

/** One run of one shard: what has been done in it, and in which slot. */
const createRun = (deps: TickDeps, shard: Shard, endMs: number) => {
  const { clock, leases, log } = deps;
  const { intervalMs } = deps.probe;
  const tally: Tally = newTally(clock.nowMs());
  const slotNow = () => slotOf(clock.nowMs(), intervalMs);
  // The latest slot of each kind: who takes over acts at once, also in a slot that it has witnessed.
  let actedMs = Number.NEGATIVE_INFINITY;
  let witnessedMs = Number.NEGATIVE_INFINITY;
  let watching: Promise<void> | null = null;
  let epoch: number | null = null;
  /** Until then the lease is left to the other provider: under this one every round has failed. */
  let restsUntilMs = 0;
  /** Whether the database answered when the lease was last asked for. */
  let isAnswered = true;

  const isDue = (): boolean => watching === null && slotNow() > Math.max(actedMs, witnessedMs);
  const rests = (): boolean => clock.nowMs() < restsUntilMs;

  /** The slots of the run, as the holder, until it is over or the lease is gone. */
  const rounds = async (fence: Fence): Promise<void> => {
    let slotMs = Math.max(slotNow(), actedMs + intervalMs);
    while (slotMs < endMs && clock.nowMs() < endMs) {
      if (slotMs > clock.nowMs()) await clock.sleep(slotMs - clock.nowMs());
      const done = await roundInSlot(deps, fence, shard, slotMs, tally);
      if (done === "lost") return;
      actedMs = slotMs;
      const after = await afterRound(deps, fence, shard, tally);
      if (after === "given_up") restsUntilMs = clock.nowMs() + restMs(intervalMs);
      if (after !== "kept") return;
      // A slot that has passed is made up for at once; the one under way has its round already.
      const nextMs = slotMs + intervalMs;
      slotMs = clock.nowMs() > nextMs ? slotNow() : nextMs;
    }
    actedMs = endMs;
  };

  /** Sleeps, but no longer than a witness' round lasts that is under way. */
  const pause = async (ms: number): Promise<void> => {
    const done = new AbortController();
    try {
      await Promise.race([clock.sleep(ms, done.signal), ...(watching === null ? [] : [watching])]);
    } finally {
      done.abort();
    }
  };

  return {
    isOver: () => actedMs >= endMs || clock.nowMs() >= endMs,
    isWitness: (taking: Taking | null) => rests() || (taking !== null && isWitness(deps, taking)),
    /** A database that does not answer for a moment must not cost the run. @returns null where the lease was not asked for */
    contend: async (): Promise<Taking | null> => {
      if (rests()) return null;
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
    /** Begins a witness' round. Nobody waits for it: the lease may lapse before all of its time-outs are in. */
    watch: (): void => {
      if (!isDue()) return;
      witnessedMs = slotNow();
      watching = witnessInSlot(deps, shard, witnessedMs, tally).finally(() => void (watching = null));
    },
    /** Until the lease may be free, the next slot is due, or the run is over. */
    untilDue: async (taking: Taking | null): Promise<void> => {
      const isWatching = rests() || (taking !== null && isWitness(deps, taking));
      const againMs = clock.nowMs() + (rests() ? restsUntilMs - clock.nowMs() : waitMs(deps, taking, retryMs));
      while (actedMs < endMs && clock.nowMs() < Math.min(againMs, endMs) && !(isWatching && isDue())) {
        await pause(Math.min(againMs, endMs, isWatching ? slotNow() + intervalMs : endMs) - clock.nowMs());
      }
    },
    report: async (): Promise<void> => {
      await watching;
      if (tally.acted + tally.witnessed + tally.failures === 0) {
        if (!isAnswered) throw tally.lastError;
        return log.info("tick", { shard: shard.index, result: "held_elsewhere" });
      }
      if (!(await reportTally(deps, shard, epoch, tally))) throw tally.lastError;
    },
  };
};
