import type { Clock } from "../adapters/ports/clock.ts";
import type { Count, JobRunStore } from "../adapters/ports/job-runs.ts";
import type { Fence, LeaseStore } from "../adapters/ports/lease.ts";
import type { Log } from "../adapters/ports/log.ts";
import { whileHeld } from "../pipeline/lease.ts";
import type { RoundDeps } from "../pipeline/round.ts";
import { runRound } from "../pipeline/round.ts";

export type TickDeps = RoundDeps & {
  readonly leases: LeaseStore;
  readonly jobRuns: JobRunStore;
  readonly log: Log;
  readonly provider: string;
  readonly runId: string;
  /** What calls to DNS came to since it was last asked. */
  readonly takeDnsCalls?: () => readonly Count[];
};

const minuteMs = 60_000;

/** How often a run that finds the lease taken asks again: the minute before may only be finishing its last round. */
const retryMs = 1_000;

/** A database that does not answer for a moment must not cost the minute. @throws its last error where it never answered */
const acquireWithin = async (deps: TickDeps, clock: Clock, name: string, untilMs: number): Promise<Fence | null> => {
  for (;;) {
    const last = clock.nowMs() + retryMs >= untilMs;
    try {
      const fence = await deps.leases.acquire(name, deps.provider, `${deps.provider}:${deps.runId}`);
      if (fence !== null || last) return fence;
    } catch (error) {
      if (last) throw error;
    }
    await clock.sleep(retryMs);
  }
};

/**
 * Rounds of one shard for the minute that began at `scheduledAtMs`, one each `PROBE_INTERVAL`. A run that starts late
 * does the rest of the minute; a doubled one waits and finds nothing left to do; a round that overruns delays the next
 * and is counted. A round that fails is logged and the next one tries again.
 * @throws the last round's error where every round failed
 */
export const runTick = async (
  deps: TickDeps,
  shard: { readonly index: number; readonly count: number },
  scheduledAtMs: number,
): Promise<void> => {
  const { clock, log, jobRuns, provider } = deps;
  const { intervalMs } = deps.probe;
  const startedAtMs = clock.nowMs();
  const endMs = scheduledAtMs + minuteMs;
  // In the last slot of the minute the lease falls free because its round is done: nothing is left to take over.
  const fence = await acquireWithin(deps, clock, `shard:${shard.index}`, endMs - intervalMs);
  if (fence === null) return log.info("tick", { shard: shard.index, result: "held_elsewhere" });
  let [rounds, roundsMs, failures, overruns, unprobed, switches, storms] = [0, 0, 0, 0, 0, 0, 0];
  let lastError: unknown = null;
  const runRounds = async (): Promise<void> => {
    let slotMs = Math.floor(clock.nowMs() / intervalMs) * intervalMs;
    while (slotMs < endMs && clock.nowMs() < endMs) {
      const roundAtMs = clock.nowMs();
      try {
        const report = await runRound(deps, fence, shard, slotMs);
        if (!report.held) return;
        rounds += 1;
        roundsMs += clock.nowMs() - roundAtMs;
        unprobed += report.unprobed;
        switches += report.switches;
        storms += report.stormsChanged;
      } catch (error) {
        failures += 1;
        lastError = error;
        log.error("round", error, { shard: shard.index });
      }
      const nextMs = slotMs + intervalMs;
      const late = clock.nowMs() - nextMs;
      if (late > 0) overruns += 1;
      slotMs = late > 0 ? Math.floor(clock.nowMs() / intervalMs) * intervalMs : nextMs;
      // A slot that has passed is made up for at once; the one under way has its round already.
      if (slotMs < endMs) await clock.sleep(slotMs - clock.nowMs());
    }
  };
  try {
    await whileHeld(deps, fence, runRounds);
  } finally {
    await deps.leases.release(fence).catch(() => undefined);
  }
  const ok = rounds > 0 || failures === 0;
  const endedAtMs = clock.nowMs();
  log.info("tick", { shard: shard.index, result: ok ? "ok" : "failed", epoch: fence.epoch, rounds, failures, overruns, unprobed, storms, switches });
  const counts: readonly Count[] = [
    { name: "rounds", label: "", value: rounds },
    { name: "round_ms", label: "", value: Math.round(roundsMs) },
    ...(deps.takeDnsCalls?.() ?? []),
  ];
  await jobRuns.record({ job: `tick:${shard.index}`, provider, startedAtMs, endedAtMs, ok, overruns, counts });
  if (!ok) throw lastError;
};
