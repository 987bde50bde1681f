import type { Count, JobRunStore } from "../adapters/ports/job-runs.ts";
import type { Shard } from "../adapters/ports/dispatcher.ts";
import type { RoundDone } from "../adapters/ports/jobs.ts";
import type { Fence, LeaseStore, Taking } from "../adapters/ports/lease.ts";
import type { Log } from "../adapters/ports/log.ts";
import type { RoundDeps } from "../pipeline/round.ts";
import { runRound } from "../pipeline/round.ts";
import { runWitness } from "../pipeline/witness.ts";

export type ShardDeps = RoundDeps & {
  readonly leases: LeaseStore;
  readonly jobRuns: JobRunStore;
  readonly log: Log;
  readonly provider: string;
  readonly runId: string;
  /** The provider that a lease is handed back to, and for how long it must have looked good by then. */
  readonly preferredProvider: string;
  readonly handBackAfterMs: number;
  /** What calls to DNS came to since it was last asked. */
  readonly takeDnsCalls?: () => readonly Count[];
  readonly onRound?: (round: RoundDone) => void;
};

/** What a shard's rounds have come to since `startedAtMs`; recorded about once a minute. */
export type Tally = {
  readonly startedAtMs: number;
  rounds: number;
  roundsMs: number;
  /** Rounds as a witness, beside those as the holder. */
  witnessed: number;
  failures: number;
  overruns: number;
  unprobed: number;
  switches: number;
  storms: number;
  lastError: unknown;
};

export const newTally = (startedAtMs: number): Tally => ({
  startedAtMs, rounds: 0, roundsMs: 0, witnessed: 0, failures: 0, overruns: 0, unprobed: 0, switches: 0, storms: 0, lastError: null,
});

/** The slot that a moment lies in: rounds are numbered by the clock, so their times do not drift apart. */
export const slotOf = (nowMs: number, intervalMs: number): number => Math.floor(nowMs / intervalMs) * intervalMs;

/** Asks for a shard's lease. A takeover from the other provider is an alert. @throws where the database does not answer */
export const takeShard = async (deps: ShardDeps, shard: Shard): Promise<Taking> => {
  const { leases, log, provider, runId } = deps;
  const taking = await leases.take(`shard:${shard.index}`, provider, `${provider}:${runId}`, shard.count);
  if (taking.held !== null && taking.from !== null && taking.from !== provider) {
    log.warn("takeover", { shard: shard.index, from: taking.from, to: provider, epoch: taking.held.epoch });
  }
  return taking;
};

/** Whether it is the other provider that has a lease, or is preferred for it: then this one is its witness. */
export const isWitness = (deps: ShardDeps, taking: Taking): boolean => taking.held === null && taking.by !== null && taking.by !== deps.provider;

/** Hands a shard back to the preferred provider where it is time to (semantics §10). @returns whether it did */
export const handedBack = async (deps: ShardDeps, fence: Fence, shard: Shard): Promise<boolean> => {
  const { leases, log, provider, preferredProvider, handBackAfterMs } = deps;
  if (provider === preferredProvider) return false;
  const handed = await leases.handBack(fence, preferredProvider, handBackAfterMs).catch(() => false);
  if (handed) log.warn("handed_back", { shard: shard.index, from: provider, to: preferredProvider, epoch: fence.epoch });
  return handed;
};

/** Keeps count of what is done in a slot. @returns what it returned; true where it failed */
const inSlot = async (deps: ShardDeps, role: RoundDone["role"], shard: Shard, slotMs: number, tally: Tally, work: () => Promise<boolean>): Promise<boolean> => {
  const { clock, log } = deps;
  const startedAtMs = clock.nowMs();
  let ok = true;
  try {
    if (!(await work())) return false;
  } catch (error) {
    tally.failures += 1;
    tally.lastError = error;
    ok = false;
    log.error("round", error, { shard: shard.index, role });
  }
  if (clock.nowMs() > slotMs + deps.probe.intervalMs) tally.overruns += 1;
  deps.onRound?.({ role, shardIndex: shard.index, slotMs, durationMs: clock.nowMs() - startedAtMs, ok });
  return true;
};

/**
 * The round of one slot. One that fails is logged and counted; one that lasts into the next slot is an overrun.
 * @returns false where the lease is lost
 */
export const roundInSlot = async (deps: ShardDeps, fence: Fence, shard: Shard, slotMs: number, tally: Tally): Promise<boolean> => {
  const { clock, log } = deps;
  const startedAtMs = clock.nowMs();
  return await inSlot(deps, "holder", shard, slotMs, tally, async () => {
    const report = await runRound(deps, fence, shard, slotMs);
    if (!report.held) return false;
    tally.rounds += 1;
    tally.roundsMs += clock.nowMs() - startedAtMs;
    tally.unprobed += report.unprobed;
    tally.switches += report.switches;
    tally.storms += report.stormsChanged;
    for (const domain of report.contested) log.warn("weights_contested", domain);
    return true;
  });
};

/** What a witness does in one slot; a failure is logged and counted. */
export const witnessInSlot = async (deps: ShardDeps, shard: Shard, slotMs: number, tally: Tally): Promise<void> => {
  await inSlot(deps, "witness", shard, slotMs, tally, async () => {
    const { unprobed } = await runWitness(deps, shard, slotMs);
    tally.witnessed += 1;
    tally.unprobed += unprobed;
    return true;
  });
};

/** Logs and records a tally. @returns whether any round was done, or none was to do */
export const reportTally = async (deps: ShardDeps, shard: Shard, epoch: number | null, tally: Tally): Promise<boolean> => {
  const { startedAtMs, rounds, roundsMs, witnessed, failures, overruns, unprobed, storms, switches } = tally;
  const ok = rounds + witnessed > 0 || failures === 0;
  const endedAtMs = deps.clock.nowMs();
  deps.log.info("tick", { shard: shard.index, result: ok ? "ok" : "failed", epoch, rounds, witnessed, failures, overruns, unprobed, storms, switches });
  const counts: readonly Count[] = [
    { name: "rounds", label: "", value: rounds },
    { name: "round_ms", label: "", value: Math.round(roundsMs) },
    { name: "witness_rounds", label: "", value: witnessed },
    ...(deps.takeDnsCalls?.() ?? []),
  ];
  await deps.jobRuns.record({ job: `tick:${shard.index}`, provider: deps.provider, startedAtMs, endedAtMs, ok, overruns, counts });
  return ok;
};
