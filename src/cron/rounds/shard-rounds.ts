import type { Count, JobRunStore, MeasuredShard, RoundDone } from "../../adapters/ports/coordination/job-runs.ts";
import type { Shard } from "../../adapters/ports/coordination/shards.ts";
import type { Fence, LeaseStore, Taking } from "../../adapters/ports/coordination/lease.ts";
import type { Log } from "../../adapters/ports/platform/log.ts";
import type { RoundLoad } from "../../domain/coordination/shard-load.ts";
import { addLoads, noLoad, utilisationOf } from "../../domain/coordination/shard-load.ts";
import type { RoundDeps } from "../../pipeline/round.ts";
import { runRound } from "../../pipeline/round.ts";
import { waitingConnections } from "../../pipeline/connection-slots.ts";
import { runWitness } from "../../pipeline/witness.ts";

export type ShardDeps = RoundDeps & {
  readonly leases: LeaseStore;
  readonly jobRuns: JobRunStore;
  readonly log: Log;
  readonly provider: string;
  readonly runId: string;
  /** The provider that a lease is handed back to, and for how long it must have been healthy by then. */
  readonly preferredProvider: string;
  readonly handBackAfterMs: number;
  /** Results of DNS calls since the last reading. */
  readonly takeDnsCalls?: () => readonly Count[];
  /** How many requests one invocation may send; absent: no limit. */
  readonly requestLimit?: number;
  readonly onRound?: (round: RoundDone) => void;
};

/** Totals of a shard's rounds since `startedAtMs`; recorded about once a minute. */
export type Tally = {
  readonly startedAtMs: number;
  rounds: number;
  roundsMs: number;
  /** Rounds as a witness, besides those as the holder. */
  witnessed: number;
  /** Slots in which a round as the holder was tried, and how many of the latest failed in a row. */
  acted: number;
  failedInRow: number;
  /** How many failed since the last completed one, across changes of the lease. */
  failedSince: number;
  failures: number;
  overruns: number;
  unprobed: number;
  unreadable: number;
  overBudget: number;
  /** The total load of its rounds as the holder. */
  load: RoundLoad;
  switches: number;
  storms: number;
  lastError: unknown;
};

export const newTally = (startedAtMs: number): Tally => ({
  startedAtMs,
  rounds: 0,
  roundsMs: 0,
  witnessed: 0,
  acted: 0,
  failedInRow: 0,
  failedSince: 0,
  failures: 0,
  overruns: 0,
  unprobed: 0,
  unreadable: 0,
  overBudget: 0,
  load: noLoad,
  switches: 0,
  storms: 0,
  lastError: null,
});

/** The start of the slot that a time lies in: slots follow the clock, so rounds do not drift. */
export const slotOf = (nowMs: number, intervalMs: number): number => Math.floor(nowMs / intervalMs) * intervalMs;

/** Tries to acquire a shard's lease. A takeover from the other provider is an alert. @throws where the database does not answer */
export const takeShard = async (deps: ShardDeps, shard: Shard): Promise<Taking> => {
  const { leases, log, provider, runId } = deps;
  const taking = await leases.take(`shard:${shard.index}`, provider, `${provider}:${runId}`, shard.count);
  // Slots need a synchronised clock: the database answers now, and may not have done so before.
  await deps.sharedClock?.sync();
  if (taking.held !== null && taking.from !== null && taking.from !== provider) {
    log.warn("takeover", { shard: shard.index, from: taking.from, to: provider, epoch: taking.held.epoch });
  }
  return taking;
};

/** Whether the other provider holds a lease, or is preferred for it: then this one is its witness. */
export const isWitness = (deps: Pick<ShardDeps, "provider">, taking: Taking): boolean =>
  taking.held === null && taking.by !== null && taking.by !== deps.provider;

/** Failed rounds in a row after which a provider leaves its lease to the other one: a minute has six. */
const givenUpAfter = 3;

/** How long an abandoned lease is left to the other provider, which asks for it in every slot. */
export const restMs = (intervalMs: number): number => 2 * intervalMs;

/** The fate of a lease after a round under it. */
export type Kept = "kept" | "handed_back" | "given_up";

/**
 * Gives up a lease where needed: to the preferred provider once it has been healthy for long enough (semantics §10), or
 * to anybody where rounds keep failing. A holder that only renews is worse than none.
 */
export const afterRound = async (deps: ShardDeps, fence: Fence, shard: Shard, tally: Tally): Promise<Kept> => {
  const { leases, log, provider, preferredProvider, handBackAfterMs } = deps;
  if (tally.failedInRow >= givenUpAfter) {
    tally.failedInRow = 0;
    await leases.giveUp(fence).catch(() => undefined);
    log.warn("lease_given_up", { shard: shard.index, failures: givenUpAfter, epoch: fence.epoch });
    return "given_up";
  }
  if (provider === preferredProvider || !(await leases.handBack(fence, preferredProvider, handBackAfterMs).catch(() => false)))
    return "kept";
  log.warn("handed_back", { shard: shard.index, from: provider, to: preferredProvider, epoch: fence.epoch });
  return "handed_back";
};

/** The shortest interval between attempts to acquire a lease. */
const leastWaitMs = 250;

/**
 * How long to wait before a refused lease is requested again. The non-preferred provider waits a little longer, so
 * that another waiting run of the preferred one gets it first.
 */
export const waitMs = (deps: ShardDeps, taking: Taking | null, retryMs: number): number => {
  if (taking === null || taking.held !== null) return retryMs;
  if (!isWitness(deps, taking)) return Math.max(leastWaitMs, Math.min(retryMs, taking.freeInMs));
  const courtesyMs = deps.provider === deps.preferredProvider ? 0 : deps.leases.ttlMs / 45;
  return Math.max(leastWaitMs, taking.freeInMs + courtesyMs);
};

/** How a round ended; `lost`: nothing was done, the lease was lost. */
export type RoundEnd = "done" | "failed" | "lost";

/** Counts the work of a slot. @param work false: the lease is lost */
const inSlot = async (
  deps: ShardDeps,
  role: RoundDone["role"],
  shard: Shard,
  roundAtMs: number,
  tally: Tally,
  work: () => Promise<boolean>,
): Promise<RoundEnd> => {
  const { clock, log } = deps;
  const startedAtMs = clock.nowMs();
  let ok = true;
  try {
    if (!(await work())) return "lost";
  } catch (error) {
    tally.failures += 1;
    tally.lastError = error;
    ok = false;
    log.error("round", error, { shard: shard.index, role });
  }
  if (clock.nowMs() > roundAtMs + deps.probe.intervalMs) tally.overruns += 1;
  deps.onRound?.({ role, shardIndex: shard.index, roundAtMs, durationMs: clock.nowMs() - startedAtMs, ok });
  return ok ? "done" : "failed";
};

/** The round of one slot. One that fails is logged and counted; one that lasts into the next slot is an overrun. */
export const roundInSlot = async (deps: ShardDeps, fence: Fence, shard: Shard, roundAtMs: number, tally: Tally): Promise<RoundEnd> => {
  const { clock, log } = deps;
  const startedAtMs = clock.nowMs();
  const end = await inSlot(deps, "holder", shard, roundAtMs, tally, async () => {
    const report = await runRound(deps, fence, shard, roundAtMs);
    if (!report.held) return false;
    tally.rounds += 1;
    tally.roundsMs += clock.nowMs() - startedAtMs;
    tally.unprobed += report.unprobed;
    tally.unreadable += report.unreadable;
    tally.overBudget += report.overBudget;
    tally.load = addLoads(tally.load, report.load ?? noLoad);
    tally.switches += report.switches;
    tally.storms += report.stormsChanged;
    if (report.unjudged !== undefined)
      log.error("evaluation", report.unjudged.error, { shard: shard.index, services: report.unjudged.services });
    for (const domain of report.unreached) log.warn("visitors_not_on_backup", domain);
    for (const domain of report.contested) log.warn("weights_contested", domain);
    for (const error of report.thrown) log.error("dns", error, { shard: shard.index });
    return true;
  });
  if (end !== "lost") tally.acted += 1;
  tally.failedInRow = end === "failed" ? tally.failedInRow + 1 : 0;
  if (end === "failed") tally.failedSince += 1;
  if (end === "done") tally.failedSince = 0;
  return end;
};

/** A witness' round of one slot; a failure is logged and counted. */
export const witnessInSlot = async (deps: ShardDeps, shard: Shard, roundAtMs: number, tally: Tally): Promise<void> => {
  await inSlot(deps, "witness", shard, roundAtMs, tally, async () => {
    const { unprobed, unreadable, overBudget } = await runWitness(deps, shard, roundAtMs);
    tally.witnessed += 1;
    tally.unprobed += unprobed;
    tally.unreadable += unreadable;
    tally.overBudget += overBudget;
    return true;
  });
};

/** A shard's load by its rounds; null where they measured nothing. */
const measured = (shard: Shard, { rounds, load }: Tally, intervalMs: number): MeasuredShard | null => {
  const utilisation = utilisationOf(load, rounds, waitingConnections, intervalMs);
  if (utilisation === null) return null;
  return {
    shard: shard.index,
    shards: shard.count,
    domains: Math.round(load.domains / rounds),
    leftOut: Math.ceil(load.leftOut / rounds),
    utilisation,
  };
};

/**
 * Logs and records a tally: the work of a witness under another name, so that it is never mistaken for a holder's. A run in
 * which any round failed is recorded as failed: occasional failures need attention as well.
 * @returns whether any round was done, or none was due
 */
export const reportTally = async (deps: ShardDeps, shard: Shard, epoch: number | null, tally: Tally): Promise<boolean> => {
  const {
    startedAtMs,
    rounds,
    roundsMs,
    witnessed,
    acted,
    failedSince,
    failures,
    overruns,
    unprobed,
    unreadable,
    overBudget,
    load,
    storms,
    switches,
  } = tally;
  const ok = (acted > 0 ? rounds : witnessed) > 0 || failures === 0;
  const endedAtMs = deps.clock.nowMs();
  deps.log.info("tick", {
    shard: shard.index,
    result: !ok ? "failed" : failures > 0 ? "partly_failed" : "ok",
    epoch,
    rounds,
    witnessed,
    failures,
    overruns,
    unprobed,
    unreadable,
    overBudget,
    leftOut: load.leftOut,
    storms,
    switches,
  });
  const counts: readonly Count[] = [
    { name: "rounds", label: "", value: rounds },
    { name: "round_ms", label: "", value: Math.round(roundsMs) },
    { name: "witness_rounds", label: "", value: witnessed },
    { name: "unreadable_probes", label: "", value: unreadable },
    ...(failures > 0
      ? [
          { name: "rounds_failed", label: "holder", value: acted - rounds } as const,
          { name: "rounds_failed", label: "witness", value: failures - (acted - rounds) } as const,
        ]
      : []),
    ...(overBudget > 0 ? [{ name: "probes_over_budget", label: "", value: overBudget } as const] : []),
    ...(load.leftOut > 0 ? [{ name: "domains_left_out", label: "", value: load.leftOut } as const] : []),
    ...(deps.takeDnsCalls?.() ?? []),
    ...(deps.connections?.takeAbandoned() ?? []).map(({ lane, count }): Count => ({ name: "abandoned_calls", label: lane, value: count })),
  ];
  await deps.jobRuns.record({
    job: `${acted === 0 && witnessed > 0 ? "witness" : "tick"}:${shard.index}`,
    provider: deps.provider,
    startedAtMs,
    endedAtMs,
    ok: failures === 0,
    overruns,
    ...(acted > 0 && { failedRounds: { count: failedSince, anew: rounds > 0 } }),
    counts,
    load: measured(shard, tally, deps.probe.intervalMs),
  });
  return ok;
};
