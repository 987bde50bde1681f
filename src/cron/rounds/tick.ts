import type { Shard } from "../../adapters/ports/coordination/dispatcher.ts";
import type { Fence, Taking } from "../../adapters/ports/coordination/lease.ts";
import type { TickRunStore } from "../../adapters/ports/coordination/tick-runs.ts";
import { giveBack, whileHeld } from "../../pipeline/lease.ts";
import { patiently } from "../../pipeline/with-timeout.ts";
import type { DnsTalk } from "../../pipeline/round.ts";
import { createDnsTalk } from "../../pipeline/round.ts";
import type { RequestPool } from "../../pipeline/requests.ts";
import { createRequestAccount, createRequestPool } from "../../pipeline/requests.ts";
import type { Connections } from "../../pipeline/connection-slots.ts";
import { createConnections } from "../../pipeline/connection-slots.ts";
import type { ShardDeps, Tally } from "./shard-rounds.ts";
import { afterRound, isWitness, newTally, reportTally, restMs, roundInSlot, slotOf, takeShard, waitMs, witnessInSlot } from "./shard-rounds.ts";

export type TickDeps = ShardDeps & {
  readonly tickRuns: TickRunStore;
  /** How long a run continues past its minute where no other run of its provider has begun; 0: it ends with its minute. */
  readonly overtimeMs: number;
  /** How many shards share the invocation; without it this one is alone. */
  readonly shardsHere?: number;
  /** The invocation's remaining requests, where they are shared. */
  readonly requestPool?: RequestPool;
};

/** Cron comes once a minute. */
export const runMs = 60_000;

/** Cron is early by this at most: its clock may be ahead of the database's. */
const earliestMs = 2_000;

const dueAt = (scheduledAtMs: number, nowMs: number): number => Math.max(nowMs, Math.min(scheduledAtMs, nowMs + earliestMs));

/** Corrections of a synchronised clock are smaller than this. */
const leastCorrectionMs = 1_000;

/** The retry interval where another run of this provider may just be finishing its last round, or the database is unreachable. */
export const retryMs = (intervalMs: number): number => Math.min(1_000, intervalMs / 4);

/**
 * Rounds of one shard for the minute that begins at `scheduledAtMs`, or now where that is past: as the holder of its lease,
 * or as the witness of the other provider, from which it takes over as soon as the lease lapses. A duplicate run waits for the
 * first one; a round that overruns delays the next and is counted. A failed round is logged, and the next one is run.
 * Where the next cron is late, the run continues, slot by slot, until that one's run has begun. Where the number of shards
 * changes meanwhile, this shard's lease is void, and the run ends.
 * @param untilMs where its minute ends, if not a minute from now
 * @returns where its minute would have ended, if it ended because the services were re-sharded; null: it is done
 * @throws the last error where nothing succeeded
 */
export const runTick = async (deps: TickDeps, shard: Shard, scheduledAtMs: number, untilMs?: number): Promise<number | null> => {
  const { clock, overtimeMs } = deps;
  const { intervalMs } = deps.probe;
  const dueEndMs = untilMs ?? slotOf(dueAt(scheduledAtMs, clock.nowMs()), intervalMs) + Math.ceil(runMs / intervalMs) * intervalMs;
  // A witness' round may still be in flight at a takeover: both share the connections of this invocation.
  const connections = deps.connections ?? createConnections(clock);
  let overMs: number | null = null;
  const slotsLeft = (): number => Math.ceil(((overMs ?? run.endMs() + overtimeMs) - clock.nowMs()) / intervalMs);
  const requests = createRequestAccount(
    deps.requestPool ?? createRequestPool(deps.requestLimit ?? Number.POSITIVE_INFINITY, connections), slotsLeft, deps.shardsHere);
  const run: Run = createRun({ ...deps, connections, requests }, shard);
  const begun = overtimeMs > 0 ? run.begin() : null;
  await workUntil(run, dueEndMs);
  let roundAtMs = run.endMs();
  overMs = roundAtMs + overtimeMs;
  for (; roundAtMs < overMs && !run.isResharded(); roundAtMs += intervalMs) {
    // Not from the beginning of the slot: the successor may be a little late. The lease is free meanwhile.
    await clock.sleep(roundAtMs + intervalMs / 2 - clock.nowMs());
    if (await run.isSucceeded()) break;
    await workUntil(run, roundAtMs + intervalMs);
  }
  await begun;
  await run.report();
  return run.isResharded() ? roundAtMs : null;
};

/** Runs the slots before `endMs`. */
const workUntil = async (run: Run, endMs: number): Promise<void> => {
  run.endsAt(endMs);
  while (!run.isOver()) {
    const taking = await run.contend();
    if (run.isResharded()) return;
    if (taking?.held != null) await run.act(taking.held);
    else if (run.isWitness(taking)) run.watch();
    await run.untilDue(taking);
  }
};

type Run = ReturnType<typeof createRun>;

/** One run of one shard: its progress, by slot. */
const createRun = (deps: TickDeps & { readonly connections: Connections }, shard: Shard) => {
  const { clock, connections, log, provider, runId, tickRuns } = deps;
  const { intervalMs } = deps.probe;
  const tally: Tally = newTally(clock.nowMs());
  let endMs = 0;
  // The latest slot of each role: a takeover acts at once, also in a slot that it has witnessed.
  let actedMs = Number.NEGATIVE_INFINITY;
  let witnessedMs = Number.NEGATIVE_INFINITY;
  let watching: Promise<void> | null = null;
  let epoch: number | null = null;
  /** Until then the lease is left to the other provider: under this one every round has failed. */
  let restsUntilMs = 0;
  /** Whether the database answered the last request for the lease. */
  let isAnswered = true;
  let isResharded = false;
  let correctedMs = deps.sharedClock?.correctedMs() ?? 0;

  /** Where the clock was corrected, stored times are shifted by the same amount, in whole slots. */
  const followClock = (): void => {
    const byMs = (deps.sharedClock?.correctedMs() ?? 0) - correctedMs;
    if (Math.abs(byMs) < leastCorrectionMs) return;
    correctedMs += byMs;
    const nearest = (ms: number): number => slotOf(ms + byMs + intervalMs / 2, intervalMs);
    [endMs, actedMs, witnessedMs, restsUntilMs] = [nearest(endMs), nearest(actedMs), nearest(witnessedMs), restsUntilMs + byMs];
  };
  const slotNow = (): number => {
    followClock();
    return slotOf(clock.nowMs(), intervalMs);
  };

  const isDue = (): boolean => watching === null && slotNow() > Math.max(actedMs, witnessedMs);
  const isOver = (): boolean => slotNow() >= endMs || actedMs + intervalMs >= endMs;
  const rests = (): boolean => clock.nowMs() < restsUntilMs;

  /** The slots of the run, as the holder, until it is over or the lease is gone. */
  const rounds = async (fence: Fence, dnsTalk: DnsTalk): Promise<void> => {
    let roundAtMs = Math.max(slotNow(), actedMs + intervalMs);
    while (roundAtMs < endMs && clock.nowMs() < endMs) {
      if (roundAtMs > clock.nowMs()) await clock.sleep(roundAtMs - clock.nowMs());
      const done = await roundInSlot({ ...deps, dnsTalk }, fence, shard, roundAtMs, tally);
      if (done === "lost") return;
      actedMs = roundAtMs;
      const after = await afterRound(deps, fence, shard, tally);
      if (after === "given_up") restsUntilMs = clock.nowMs() + restMs(intervalMs);
      if (after !== "kept") return;
      // A missed slot is made up for at once; the current one has its round already.
      followClock();
      const nextMs = actedMs + intervalMs;
      roundAtMs = clock.nowMs() > nextMs ? slotNow() : nextMs;
    }
  };

  /** Sleeps, but no longer than a witness' round in flight lasts. */
  const pause = async (ms: number): Promise<void> => await (watching === null ? clock.sleep(ms) : patiently(clock, watching, ms, undefined));

  return {
    endsAt: (ms: number): void => void (endMs = ms),
    endMs: (): number => endMs,
    isOver,
    isResharded: (): boolean => isResharded,
    /** Tells the previous run that its successor has begun. Where that fails, both continue for a while: only one has the lease. */
    begin: (): Promise<void> => tickRuns.begin(shard.index, provider, runId).catch(() => undefined),
    isSucceeded: async (): Promise<boolean> => !(await tickRuns.isLatest(shard.index, provider, runId).catch(() => true)),
    isWitness: (taking: Taking | null) => rests() || (taking !== null && isWitness(deps, taking)),
    /** A brief outage of the database must not end the run. @returns null where the lease could not be requested */
    contend: async (): Promise<Taking | null> => {
      if (rests()) return null;
      try {
        const taking = await takeShard(deps, shard);
        isAnswered = true;
        // There is no such lease: otherwise this run would have got it.
        isResharded = taking.held === null && taking.by === null;
        return taking;
      } catch (error) {
        // Once for as long as it lasts.
        if (isAnswered) log.error("lease_unanswered", error, { shard: shard.index });
        isAnswered = false;
        tally.lastError = error;
        return null;
      }
    },
    act: async (fence: Fence): Promise<void> => {
      epoch = fence.epoch;
      // DNS calls may outlast a round, but never the lease under which they began.
      const dnsTalk = createDnsTalk(clock, connections);
      try {
        await whileHeld(deps, fence, () => rounds(fence, dnsTalk));
      } finally {
        dnsTalk.reading.stop();
        await giveBack(deps, fence);
      }
    },
    /** Begins a witness' round, not awaited: the lease may lapse before all of its time-outs are in. */
    watch: (): void => {
      if (!isDue()) return;
      // Like a holder it makes up for the slot that has just passed, but for no earlier one.
      const nextMs = Math.max(actedMs, witnessedMs) + intervalMs;
      witnessedMs = nextMs === slotNow() - intervalMs ? nextMs : slotNow();
      watching = witnessInSlot(deps, shard, witnessedMs, tally).finally(() => void (watching = null));
    },
    /** Until the lease may be free, the next slot is due, or the run is over. */
    untilDue: async (taking: Taking | null): Promise<void> => {
      const isWatching = rests() || (taking !== null && isWitness(deps, taking));
      const againMs = clock.nowMs() + (rests() ? restsUntilMs - clock.nowMs() : waitMs(deps, taking, retryMs(intervalMs)));
      while (!isOver() && clock.nowMs() < againMs && !(isWatching && isDue())) {
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
