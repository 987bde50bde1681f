import type { TickRunStore } from "../../adapters/ports/coordination/lease.ts";
import type { Shard } from "../../adapters/ports/coordination/shards.ts";
import { createConnections } from "../../pipeline/connection-slots.ts";
import type { RequestPool } from "../../pipeline/requests.ts";
import { createRequestAccount, createRequestPool } from "../../pipeline/requests.ts";
import type { ShardDeps } from "./shard-rounds.ts";
import { slotOf } from "./shard-rounds.ts";
import { createShardRole } from "./shard-role.ts";

/**
 * Where a run is that was started for a minute. What it does in its slots, as holder or witness, is its role's (`shard-role.ts`):
 *
 * | stage      | what it does                                          | ends with                  | then                                         |
 * |------------|-------------------------------------------------------|----------------------------|----------------------------------------------|
 * | `minute`   | the work of its slots                                 | the minute                 | `pause`, or `over` where no overtime is left |
 * | `pause`    | nothing, its lease is free: has its successor begun?  | the middle of the slot     | `overtime`; `over` where it has              |
 * | `overtime` | the work of one slot                                  | that slot                  | `pause`, or `over` where no overtime is left |
 * | `over`     | reports                                               |                            |                                              |
 *
 * `minute` and `overtime` lead to `over` at once where the services are dealt out anew; what was left of the minute is then for others.
 */
export type Stage =
  | { readonly at: "minute"; readonly endMs: number }
  | { readonly at: "pause" | "overtime"; readonly slotMs: number }
  /** `leftUntilMs`: where its time would have ended, if the services were dealt out anew; null: it is done. */
  | { readonly at: "over"; readonly leftUntilMs: number | null };

/** What is known at the end of a stage. */
export type StageEnd = {
  /** Of the minute: where it has ended, by the clock as it has been put right meanwhile. */
  readonly endMs: number;
  /** No slot begins that late. */
  readonly overtimeEndMs: number;
  readonly isDealtAnew: boolean;
  /** Of a pause: whether another run of this provider has begun. */
  readonly isSucceeded: boolean;
};

export const nextStage = (stage: Exclude<Stage, { at: "over" }>, end: StageEnd, intervalMs: number): Stage => {
  if (stage.at === "pause") return end.isSucceeded ? { at: "over", leftUntilMs: null } : { at: "overtime", slotMs: stage.slotMs };
  const slotMs = stage.at === "minute" ? end.endMs : stage.slotMs + intervalMs;
  if (end.isDealtAnew) return { at: "over", leftUntilMs: slotMs };
  return slotMs < end.overtimeEndMs ? { at: "pause", slotMs } : { at: "over", leftUntilMs: null };
};

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

/** How a run and its successor know of each other. Where the database does not answer, both go on for a while: the lease is one's only. */
const successionOf = ({ tickRuns, provider, runId }: TickDeps, shard: Shard) => ({
  /** Tells the run before that its successor is there. */
  begin: (): Promise<void> => tickRuns.begin(shard.index, provider, runId).catch(() => undefined),
  isSucceeded: async (): Promise<boolean> => !(await tickRuns.isLatest(shard.index, provider, runId).catch(() => true)),
});

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
  const minuteEndMs = untilMs ?? slotOf(dueAt(scheduledAtMs, clock.nowMs()), intervalMs) + Math.ceil(runMs / intervalMs) * intervalMs;
  let stage: Stage = { at: "minute", endMs: minuteEndMs };
  // A witness' round may still be under way when it takes over: both share the connections of this invocation.
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
      // Not from the beginning of the slot: who is due now may be a little late.
      await clock.sleep(stage.slotMs + intervalMs / 2 - clock.nowMs());
      isSucceeded = await succession.isSucceeded();
    }
    if (stage.at === "overtime") await role.workUntil(stage.slotMs + intervalMs);
    overtimeEndMs ??= role.endMs() + overtimeMs;
    stage = nextStage(stage, { endMs: role.endMs(), overtimeEndMs, isDealtAnew: role.isDealtAnew(), isSucceeded }, intervalMs);
  }
  await begun;
  await role.report();
  return stage.leftUntilMs;
};
