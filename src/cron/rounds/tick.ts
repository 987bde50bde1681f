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
  /** How long a run goes on past its minute where no other run of its provider has begun; 0: it ends with its minute. */
  readonly overtimeMs: number;
  /** How many shards share the invocation; without it this one is alone. */
  readonly shardsHere?: number;
  /** What the invocation may still send, where more than this run draws on it. */
  readonly requestPool?: RequestPool;
};

/** Cron comes once a minute. */
export const runMs = 60_000;

/** Cron comes a little early at most; where it seems to, it goes by a clock of its own that is ahead of the database's. */
const earliestMs = 2_000;

const dueAt = (scheduledAtMs: number, nowMs: number): number => Math.max(nowMs, Math.min(scheduledAtMs, nowMs + earliestMs));

/** Less than this a clock that is kept in time is put right by now and then. */
const leastCorrectionMs = 1_000;

/** How often a run asks again where another run of this provider may only be finishing its last round, or the database is away. */
export const retryMs = (intervalMs: number): number => Math.min(1_000, intervalMs / 4);

/**
 * Rounds of one shard for the minute that begins at `scheduledAtMs`, or now where that is past: as the holder of its lease,
 * or as the witness of the other provider, from which it takes over as soon as the lease lapses. A doubled run waits for the
 * first one; a round that overruns delays the next and is counted. A round that fails is logged and the next one tries again.
 * Where the next cron is late, the run goes on, slot by slot, until that one's run is there. Where the number of shards is
 * another one meanwhile, nobody has a right to this shard any more, and the run ends.
 * @param untilMs where its minute ends, if not a minute from now
 * @returns where its minute would have ended, if it ended because the services are dealt out anew; null: it is done
 * @throws the last error where nothing succeeded
 */
export const runTick = async (deps: TickDeps, shard: Shard, scheduledAtMs: number, untilMs?: number): Promise<number | null> => {
  const { clock, overtimeMs } = deps;
  const { intervalMs } = deps.probe;
  const dueEndMs = untilMs ?? slotOf(dueAt(scheduledAtMs, clock.nowMs()), intervalMs) + Math.ceil(runMs / intervalMs) * intervalMs;
  // A witness' round may still be under way when it takes over: both share the connections of this invocation.
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
  for (; roundAtMs < overMs && !run.isDealtAnew(); roundAtMs += intervalMs) {
    // Not from the beginning of the slot: who is due now may be a little late. The lease is free meanwhile.
    await clock.sleep(roundAtMs + intervalMs / 2 - clock.nowMs());
    if (await run.isSucceeded()) break;
    await workUntil(run, roundAtMs + intervalMs);
  }
  await begun;
  await run.report();
  return run.isDealtAnew() ? roundAtMs : null;
};

/** What is to do in the slots before `endMs`. */
const workUntil = async (run: Run, endMs: number): Promise<void> => {
  run.endsAt(endMs);
  while (!run.isOver()) {
    const taking = await run.contend();
    if (run.isDealtAnew()) return;
    if (taking?.held != null) await run.act(taking.held);
    else if (run.isWitness(taking)) run.watch();
    await run.untilDue(taking);
  }
};

type Run = ReturnType<typeof createRun>;

/** One run of one shard: what has been done in it, and in which slot. */
const createRun = (deps: TickDeps & { readonly connections: Connections }, shard: Shard) => {
  const { clock, connections, log, provider, runId, tickRuns } = deps;
  const { intervalMs } = deps.probe;
  const tally: Tally = newTally(clock.nowMs());
  let endMs = 0;
  // The latest slot of each kind: who takes over acts at once, also in a slot that it has witnessed.
  let actedMs = Number.NEGATIVE_INFINITY;
  let witnessedMs = Number.NEGATIVE_INFINITY;
  let watching: Promise<void> | null = null;
  let epoch: number | null = null;
  /** Until then the lease is left to the other provider: under this one every round has failed. */
  let restsUntilMs = 0;
  /** Whether the database answered when the lease was last asked for. */
  let isAnswered = true;
  let isDealtAnew = false;
  let correctedMs = deps.sharedClock?.correctedMs() ?? 0;

  /** Where the clock was put right, what was told by it before is told anew: the same moments, to a slot. */
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
      // A slot that has passed is made up for at once; the one under way has its round already.
      followClock();
      const nextMs = actedMs + intervalMs;
      roundAtMs = clock.nowMs() > nextMs ? slotNow() : nextMs;
    }
  };

  /** Sleeps, but no longer than a witness' round lasts that is under way. */
  const pause = async (ms: number): Promise<void> => await (watching === null ? clock.sleep(ms) : patiently(clock, watching, ms, undefined));

  return {
    endsAt: (ms: number): void => void (endMs = ms),
    endMs: (): number => endMs,
    isOver,
    isDealtAnew: (): boolean => isDealtAnew,
    /** Tells the run before that its successor is there. Where that fails, both go on for a while: the lease is one's only. */
    begin: (): Promise<void> => tickRuns.begin(shard.index, provider, runId).catch(() => undefined),
    isSucceeded: async (): Promise<boolean> => !(await tickRuns.isLatest(shard.index, provider, runId).catch(() => true)),
    isWitness: (taking: Taking | null) => rests() || (taking !== null && isWitness(deps, taking)),
    /** A database that does not answer for a moment must not cost the run. @returns null where the lease was not asked for */
    contend: async (): Promise<Taking | null> => {
      if (rests()) return null;
      try {
        const taking = await takeShard(deps, shard);
        isAnswered = true;
        // There is no such lease: it would be this run's otherwise.
        isDealtAnew = taking.held === null && taking.by === null;
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
      // What is asked of DNS may outlast a round, but never the lease under which it was asked.
      const dnsTalk = createDnsTalk(clock, connections);
      try {
        await whileHeld(deps, fence, () => rounds(fence, dnsTalk));
      } finally {
        dnsTalk.reading.stop();
        await giveBack(deps, fence);
      }
    },
    /** Begins a witness' round. Nobody waits for it: the lease may lapse before all of its time-outs are in. */
    watch: (): void => {
      if (!isDue()) return;
      // As a holder does, it makes up for the slot that has just passed; for none before that.
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
