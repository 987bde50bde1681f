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
 * What a run is to the lease of its shard. It asks for the lease, is given a role by the answer, and asks again when that ends:
 *
 * | role         | how it comes about                                | what it does                   | until                                            | then       |
 * |--------------|---------------------------------------------------|--------------------------------|--------------------------------------------------|------------|
 * | `holder`     | the lease was given                               | the round of each slot         | the lease is lost or handed back, or time is up  | `released` |
 * |              |                                                   |                                | several rounds in a row failed: it is given up   | `resting`  |
 * | `released`   | it was a holder                                   | nothing                        | `retryMs` later                                  | asks again |
 * | `resting`    | it has given the lease up: does not ask for it    | a witness' round of each slot  | `restMs` later: the other provider had its turn  | asks again |
 * | `witness`    | the other provider has it, or is preferred        | a witness' round of each slot  | that lease may be free                           | asks again |
 * | `queued`     | another run of this provider has it               | nothing                        | that lease may be free, `retryMs` later at most  | asks again |
 * | `unanswered` | the database did not answer                       | nothing                        | `retryMs` later                                  | asks again |
 * | `dealt_anew` | there is no such lease: the number of shards is another one | nothing              |                                                  | the end    |
 *
 * Whatever the role, a run acts in its own slots only: after the last of them it has given its lease back.
 */
export type Role = "holder" | "released" | "resting" | "witness" | "queued" | "unanswered" | "dealt_anew";

/** The role that an answer gives. @param taking null: the lease was not asked for, or the database did not answer */
export const roleOf = (taking: Taking | null, isResting: boolean, provider: string): Role => {
  if (taking !== null && taking.held !== null) return "holder";
  if (taking !== null && taking.by === null) return "dealt_anew";
  if (isResting) return "resting";
  if (taking === null) return "unanswered";
  return isWitness({ provider }, taking) ? "witness" : "queued";
};

const watches = (role: Role): boolean => role === "witness" || role === "resting";

/** How often a run asks again where another run of this provider may only be finishing its last round, or the database is away. */
export const retryMs = (intervalMs: number): number => Math.min(1_000, intervalMs / 4);

/** Less than this a clock that is kept in time is put right by now and then. */
const leastCorrectionMs = 1_000;

/** One run of one shard: what has been done in it, and in which slot. */
export type ShardRole = {
  /** Does what its roles ask for in the slots before this moment, or until the services are dealt out anew. */
  workUntil(endMs: number): Promise<void>;
  /** That moment, by the clock as it has been put right meanwhile. */
  endMs(): number;
  isDealtAnew(): boolean;
  /** Waits for a witness' round that is under way; logs and records what was done. @throws the last error where nothing succeeded */
  report(): Promise<void>;
};

export const createShardRole = (deps: ShardDeps & { readonly connections: Connections }, shard: Shard): ShardRole => {
  const { clock, connections, log, provider } = deps;
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

  /** A database that does not answer for a moment must not cost the run. @returns null where the lease was not asked for, or there was no answer */
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

  /** The slots of the run, as the holder, until it is over or the lease is gone. */
  const rounds = async (fence: Fence, dnsTalk: DnsTalk): Promise<void> => {
    let slotMs = Math.max(slotNow(), actedMs + intervalMs);
    while (slotMs < endMs && clock.nowMs() < endMs) {
      if (slotMs > clock.nowMs()) await clock.sleep(slotMs - clock.nowMs());
      const done = await roundInSlot({ ...deps, dnsTalk }, fence, shard, slotMs, tally);
      if (done === "lost") return;
      actedMs = slotMs;
      const after = await afterRound(deps, fence, shard, tally);
      if (after === "given_up") restsUntilMs = clock.nowMs() + restMs(intervalMs);
      if (after !== "kept") return;
      // A slot that has passed is made up for at once; the one under way has its round already.
      followClock();
      const nextMs = actedMs + intervalMs;
      slotMs = clock.nowMs() > nextMs ? slotNow() : nextMs;
    }
  };

  /** @returns the role that follows on this one */
  const hold = async (fence: Fence): Promise<Role> => {
    epoch = fence.epoch;
    // What is asked of DNS may outlast a round, but never the lease under which it was asked.
    const dnsTalk = createDnsTalk(clock, connections);
    try {
      await whileHeld(deps, fence, () => rounds(fence, dnsTalk));
    } finally {
      dnsTalk.reading.stop();
      await giveBack(deps, fence);
    }
    return rests() ? "resting" : "released";
  };

  /** Begins a witness' round. Nobody waits for it: the lease may lapse before all of its time-outs are in. */
  const watch = (): void => {
    if (!isDue()) return;
    // As a holder does, it makes up for the slot that has just passed; for none before that.
    const nextMs = Math.max(actedMs, witnessedMs) + intervalMs;
    witnessedMs = nextMs === slotNow() - intervalMs ? nextMs : slotNow();
    watching = witnessInSlot(deps, shard, witnessedMs, tally).finally(() => void (watching = null));
  };

  /** Sleeps, but no longer than a witness' round lasts that is under way. */
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
        isDealtAnew = role === "dealt_anew";
        if (isDealtAnew) return;
        if (taking !== null && taking.held !== null) role = await hold(taking.held);
        else if (watches(role)) watch();
        await untilDue(role, taking);
      }
    },
    endMs: () => endMs,
    isDealtAnew: () => isDealtAnew,
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
