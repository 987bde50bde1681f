import type { Count, JobRunStore } from "../adapters/ports/job-runs.ts";
import type { Shard } from "../adapters/ports/dispatcher.ts";
import type { RoundDone } from "../adapters/ports/jobs.ts";
import type { Fence, LeaseStore } from "../adapters/ports/lease.ts";
import type { Log } from "../adapters/ports/log.ts";
import type { RoundDeps } from "../pipeline/round.ts";
import { runRound } from "../pipeline/round.ts";

export type ShardDeps = RoundDeps & {
  readonly leases: LeaseStore;
  readonly jobRuns: JobRunStore;
  readonly log: Log;
  readonly provider: string;
  readonly runId: string;
  /** What calls to DNS came to since it was last asked. */
  readonly takeDnsCalls?: () => readonly Count[];
  readonly onRound?: (round: RoundDone) => void;
};

/** What a shard's rounds have come to since `startedAtMs`; recorded about once a minute. */
export type Tally = {
  readonly startedAtMs: number;
  rounds: number;
  roundsMs: number;
  failures: number;
  overruns: number;
  unprobed: number;
  switches: number;
  storms: number;
  lastError: unknown;
};

export const newTally = (startedAtMs: number): Tally => ({
  startedAtMs, rounds: 0, roundsMs: 0, failures: 0, overruns: 0, unprobed: 0, switches: 0, storms: 0, lastError: null,
});

/** The slot that a moment lies in: rounds are numbered by the clock, so their times do not drift apart. */
export const slotOf = (nowMs: number, intervalMs: number): number => Math.floor(nowMs / intervalMs) * intervalMs;

/**
 * The round of one slot. One that fails is logged and counted; one that lasts into the next slot is an overrun.
 * @returns false where the lease is lost
 */
export const roundInSlot = async (deps: ShardDeps, fence: Fence, shard: Shard, slotMs: number, tally: Tally): Promise<boolean> => {
  const { clock, log } = deps;
  const startedAtMs = clock.nowMs();
  let ok = true;
  try {
    const report = await runRound(deps, fence, shard, slotMs);
    if (!report.held) return false;
    tally.rounds += 1;
    tally.roundsMs += clock.nowMs() - startedAtMs;
    tally.unprobed += report.unprobed;
    tally.switches += report.switches;
    tally.storms += report.stormsChanged;
    for (const domain of report.contested) log.warn("weights_contested", domain);
  } catch (error) {
    tally.failures += 1;
    tally.lastError = error;
    ok = false;
    log.error("round", error, { shard: shard.index });
  }
  if (clock.nowMs() > slotMs + deps.probe.intervalMs) tally.overruns += 1;
  deps.onRound?.({ shardIndex: shard.index, slotMs, durationMs: clock.nowMs() - startedAtMs, ok });
  return true;
};

/** Logs and records a tally. @returns whether any round was done, or none was to do */
export const reportTally = async (deps: ShardDeps, shard: Shard, epoch: number | null, tally: Tally): Promise<boolean> => {
  const { startedAtMs, rounds, roundsMs, failures, overruns, unprobed, storms, switches } = tally;
  const ok = rounds > 0 || failures === 0;
  const endedAtMs = deps.clock.nowMs();
  deps.log.info("tick", { shard: shard.index, result: ok ? "ok" : "failed", epoch, rounds, failures, overruns, unprobed, storms, switches });
  const counts: readonly Count[] = [
    { name: "rounds", label: "", value: rounds },
    { name: "round_ms", label: "", value: Math.round(roundsMs) },
    ...(deps.takeDnsCalls?.() ?? []),
  ];
  await deps.jobRuns.record({ job: `tick:${shard.index}`, provider: deps.provider, startedAtMs, endedAtMs, ok, overruns, counts });
  return ok;
};
