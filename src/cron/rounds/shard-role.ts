import type { Fence, Taking } from "../../adapters/ports/coordination/lease.ts";
import type { Shard } from "../../adapters/ports/coordination/shards.ts";
import type { Connections } from "../../pipeline/connection-slots.ts";
import { giveBack, whileHeld } from "../../pipeline/lease.ts";
import type { DnsTalk } from "../../pipeline/round.ts";
import { createDnsTalk } from "../../pipeline/round.ts";
import { patiently } from "../../pipeline/with-timeout.ts";
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

/**
 * A run's role towards the lease of its shard. It requests the lease, the answer gives it a role, and it retries when that ends:
 *
 * | role         | cause                                             | what it does                   | until                                            | then       |
 * |--------------|---------------------------------------------------|--------------------------------|--------------------------------------------------|------------|
 * | `holder`     | the lease was granted                             | the round of each slot         | the lease is lost or handed back, or time is up  | `released` |
 * |              |                                                   |                                | several rounds in a row failed: it gives it up   | `resting`  |
 * | `released`   | it was a holder                                   | nothing                        | `retryMs` later                                  | retries    |
 * | `resting`    | it has given the lease up and does not request it | a witness' round of each slot  | `restMs` later: time for the other provider      | retries    |
 * | `witness`    | the other provider holds it, or is preferred      | a witness' round of each slot  | that lease may be free                           | retries    |
 * | `queued`     | another run of this provider holds it             | nothing                        | that lease may be free, `retryMs` later at most  | retries    |
 * | `unanswered` | the database did not answer                       | nothing                        | `retryMs` later                                  | retries    |
 * | `resharded`  | the number of shards has changed: no such lease   | nothing                        |                                                  | ends       |
 *
 * Whatever the role, a run acts in its own slots only: after the last of them it has released its lease.
 */
export type Role = "holder" | "released" | "resting" | "witness" | "queued" | "unanswered" | "resharded";

/** The role by an answer. @param taking null: the lease was not requested, or the database did not answer */
export const roleOf = (taking: Taking | null, isResting: boolean, provider: string): Role => {
  if (taking !== null && taking.held !== null) return "holder";
  if (taking !== null && taking.by === null) return "resharded";
  if (isResting) return "resting";
  if (taking === null) return "unanswered";
  return isWitness({ provider }, taking) ? "witness" : "queued";
};

const watches = (role: Role): boolean => role === "witness" || role === "resting";

/** The retry interval where another run of this provider may just be finishing its last round, or the database is unreachable. */
export const retryMs = (intervalMs: number): number => Math.min(1_000, intervalMs / 4);

/** Corrections of a synchronised clock are smaller than this. */
const leastCorrectionMs = 1_000;

/** One run of one shard: its progress, by slot. */
export type ShardRole = {
  /** Acts by its roles in the slots before this time, or until the services are re-sharded. */
  workUntil(endMs: number): Promise<void>;
  /** That time, by the clock as corrected meanwhile. */
  endMs(): number;
  isResharded(): boolean;
  /** Awaits a witness' round in flight; logs and records the totals. @throws the last error where nothing succeeded */
  report(): Promise<void>;
};

export const createShardRole = (deps: ShardDeps & { readonly connections: Connections }, shard: Shard): ShardRole => {
  const { clock, connections, log, provider } = deps;
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

  /** A brief outage of the database must not end the run. @returns null where the lease could not be requested, or there was no answer */
  const ask = async (): Promise<Taking | null> => {
    if (rests()) return null;
    try {
      const taking = await takeShard(deps, shard);
      isAnswered = true;
      return taking;
    } catch (error) {
      // Once for as long as it lasts.
      if (isAnswered) log.error("lease_unanswered", error, { shard: shard.index });
      isAnswered = false;
      tally.lastError = error;
      return null;
    }
  };

  /** The slots of the run, as the holder, until it is over or the lease is lost. */
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

  /** @returns the next role */
  const hold = async (fence: Fence): Promise<Role> => {
    epoch = fence.epoch;
    // DNS calls may outlast a round, but never the lease under which they began.
    const dnsTalk = createDnsTalk(clock, connections);
    try {
      await whileHeld(deps, fence, () => rounds(fence, dnsTalk));
    } finally {
      dnsTalk.reading.stop();
      await giveBack(deps, fence);
    }
    return rests() ? "resting" : "released";
  };

  /** Begins a witness' round, not awaited: the lease may lapse before all of its time-outs are in. */
  const watch = (): void => {
    if (!isDue()) return;
    // Like a holder it makes up for the slot that has just passed, but for no earlier one.
    const nextMs = Math.max(actedMs, witnessedMs) + intervalMs;
    witnessedMs = nextMs === slotNow() - intervalMs ? nextMs : slotNow();
    watching = witnessInSlot(deps, shard, witnessedMs, tally).finally(() => void (watching = null));
  };

  /** Sleeps, but no longer than a witness' round in flight lasts. */
  const pause = async (ms: number): Promise<void> =>
    await (watching === null ? clock.sleep(ms) : patiently(clock, watching, ms, undefined));

  /** Until the role ends, a witness' next slot is due, or the run is over. */
  const untilDue = async (role: Role, taking: Taking | null): Promise<void> => {
    const againMs = clock.nowMs() + (role === "resting" ? restsUntilMs - clock.nowMs() : waitMs(deps, taking, retryMs(intervalMs)));
    while (!isOver() && clock.nowMs() < againMs && !(watches(role) && isDue())) {
      await pause(Math.min(againMs, endMs, watches(role) ? slotNow() + intervalMs : endMs) - clock.nowMs());
    }
  };

  return {
    workUntil: async (untilMs) => {
      endMs = untilMs;
      while (!isOver()) {
        const taking = await ask();
        let role = roleOf(taking, rests(), provider);
        isResharded = role === "resharded";
        if (isResharded) return;
        if (taking !== null && taking.held !== null) role = await hold(taking.held);
        else if (watches(role)) watch();
        await untilDue(role, taking);
      }
    },
    endMs: () => endMs,
    isResharded: () => isResharded,
    report: async () => {
      await watching;
      if (tally.acted + tally.witnessed + tally.failures === 0) {
        if (!isAnswered) throw tally.lastError;
        return log.info("tick", { shard: shard.index, result: "held_elsewhere" });
      }
      if (!(await reportTally(deps, shard, epoch, tally))) throw tally.lastError;
    },
  };
};
