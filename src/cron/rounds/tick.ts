import type { TickRunStore } from "../../adapters/ports/coordination/lease.ts";
import type { Shard } from "../../adapters/ports/coordination/shards.ts";
import { createConnections } from "../../pipeline/connection-slots.ts";
import type { RequestPool } from "../../pipeline/requests.ts";
import { createRequestAccount, createRequestPool } from "../../pipeline/requests.ts";
import type { ShardDeps } from "./shard-rounds.ts";
import { slotOf } from "./shard-rounds.ts";
import { createShardRole } from "./shard-role.ts";

/**
 * The stages of a run for a minute. What it does in its slots, as holder or witness, depends on its role (`shard-role.ts`):
 *
 * | stage      | what it does                                          | ends with                  | then                                         |
 * |------------|-------------------------------------------------------|----------------------------|----------------------------------------------|
 * | `minute`   | the work of its slots                                 | the minute                 | `pause`, or `over` where no overtime is left |
 * | `pause`    | nothing, its lease is free: has its successor begun?  | the middle of the slot     | `overtime`; `over` where it has              |
 * | `overtime` | the work of one slot                                  | that slot                  | `pause`, or `over` where no overtime is left |
 * | `over`     | reports                                               |                            |                                              |
 *
 * `minute` and `overtime` lead to `over` at once where the services are re-sharded; the rest of the minute is for the new shards.
 */
export type Stage =
  | { readonly at: "minute"; readonly endMs: number }
  | { readonly at: "pause" | "overtime"; readonly roundAtMs: number }
  /** `leftUntilMs`: where its time would have ended, if the services were re-sharded; null: it is done. */
  | { readonly at: "over"; readonly leftUntilMs: number | null };

/** What is known at the end of a stage. */
export type StageEnd = {
  /** Of the minute: its end, by the clock as corrected meanwhile. */
  readonly endMs: number;
  /** No slot begins that late. */
  readonly overtimeEndMs: number;
  readonly isResharded: boolean;
  /** Of a pause: whether another run of this provider has begun. */
  readonly isSucceeded: boolean;
};

export const nextStage = (stage: Exclude<Stage, { at: "over" }>, end: StageEnd, intervalMs: number): Stage => {
  if (stage.at === "pause") return end.isSucceeded ? { at: "over", leftUntilMs: null } : { at: "overtime", roundAtMs: stage.roundAtMs };
  const roundAtMs = stage.at === "minute" ? end.endMs : stage.roundAtMs + intervalMs;
  if (end.isResharded) return { at: "over", leftUntilMs: roundAtMs };
  return roundAtMs < end.overtimeEndMs ? { at: "pause", roundAtMs } : { at: "over", leftUntilMs: null };
};

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

/** How a run and its successor notice each other. Where the database does not answer, both continue: only one has the lease. */
const successionOf = ({ tickRuns, provider, runId }: TickDeps, shard: Shard) => ({
  /** Tells the previous run that its successor has begun. */
  begin: (): Promise<void> => tickRuns.begin(shard.index, provider, runId).catch(() => undefined),
  isSucceeded: async (): Promise<boolean> => !(await tickRuns.isLatest(shard.index, provider, runId).catch(() => true)),
});

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
  const minuteEndMs = untilMs ?? slotOf(dueAt(scheduledAtMs, clock.nowMs()), intervalMs) + Math.ceil(runMs / intervalMs) * intervalMs;
  let stage: Stage = { at: "minute", endMs: minuteEndMs };
  // A witness' round may still be in flight at a takeover: both share the connections of this invocation.
  const connections = deps.connections ?? createConnections(clock);
  let overtimeEndMs: number | null = null;
  const slotsLeft = (): number => Math.ceil(((overtimeEndMs ?? role.endMs() + overtimeMs) - clock.nowMs()) / intervalMs);
  const pool = deps.requestPool ?? createRequestPool(deps.requestLimit ?? Number.POSITIVE_INFINITY, connections);
  const requests = createRequestAccount(pool, slotsLeft, deps.shardsHere);
  const role = createShardRole({ ...deps, connections, requests }, shard);
  const succession = successionOf(deps, shard);
  const begun = overtimeMs > 0 ? succession.begin() : null;

  while (stage.at !== "over") {
    let isSucceeded = false;
    if (stage.at === "minute") await role.workUntil(stage.endMs);
    if (stage.at === "pause") {
      // Not from the beginning of the slot: the successor may be a little late.
      await clock.sleep(stage.roundAtMs + intervalMs / 2 - clock.nowMs());
      isSucceeded = await succession.isSucceeded();
    }
    if (stage.at === "overtime") await role.workUntil(stage.roundAtMs + intervalMs);
    overtimeEndMs ??= role.endMs() + overtimeMs;
    stage = nextStage(stage, { endMs: role.endMs(), overtimeEndMs, isResharded: role.isResharded(), isSucceeded }, intervalMs);
  }
  await begun;
  await role.report();
  return stage.leftUntilMs;
};
