import type { Clock } from "../adapters/ports/clock.ts";
import type { Fence } from "../adapters/ports/lease.ts";
import type { Log } from "../adapters/ports/log.ts";
import type { PruneStore } from "../adapters/ports/rollups.ts";
import { factsKeptMs } from "../domain/metering.ts";
import type { JobReport } from "./job.ts";

export type PruneDeps = {
  readonly pruning: PruneStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly sampleRetentionMs: number;
  readonly sessionTtlMs: number;
};

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Semantics §4 and §1. */
const keptMs = { minuteRollups: 35 * dayMs, hourRollups: 400 * dayMs, idempotencyKeys: dayMs } as const;

/** Rows a statement deletes: a tenth of a second or so. */
const chunkRows = 10_000;

/** A run stops here, and the next goes on. */
const longestRunMs = 10 * 60_000;

/**
 * Deletes what is kept for a while only, in chunks. Samples that are not rolled up yet wait, twice their time at most.
 * @throws the last error where everything failed
 */
export const prune = async (deps: PruneDeps, fence: Fence): Promise<JobReport> => {
  const { pruning, clock, log, sampleRetentionMs, sessionTtlMs } = deps;
  const nowMs = clock.nowMs();
  const tasks = {
    samples: () => pruning.samples(fence, nowMs - sampleRetentionMs, nowMs - 2 * sampleRetentionMs, chunkRows),
    minuteRollups: () => pruning.rollups(fence, "minute", nowMs - keptMs.minuteRollups, chunkRows),
    hourRollups: () => pruning.rollups(fence, "hour", nowMs - keptMs.hourRollups, chunkRows),
    probeMarks: () => pruning.probeMarks(fence, nowMs - 2 * sampleRetentionMs, chunkRows),
    idempotencyKeys: () => pruning.idempotencyKeys(fence, nowMs - keptMs.idempotencyKeys, chunkRows),
    installSessions: () => pruning.installSessions(fence, nowMs - sessionTtlMs, chunkRows),
    readings: () => pruning.usageFacts(fence, "readings", nowMs - factsKeptMs, chunkRows),
    readingsPast: () => pruning.usageFacts(fence, "readings_past", nowMs - factsKeptMs, chunkRows),
    pushes: () => pruning.usageFacts(fence, "pushes", nowMs - factsKeptMs, chunkRows),
    pushesPast: () => pruning.usageFacts(fence, "pushes_past", nowMs - factsKeptMs, chunkRows),
  };
  const report: Record<string, number> = {};
  let failures = 0;
  let lastError: unknown = null;
  for (const [name, deleteChunk] of Object.entries(tasks)) {
    report[name] = 0;
    try {
      for (let deleted = chunkRows; deleted > 0 && clock.nowMs() - nowMs < longestRunMs; ) {
        deleted = await deleteChunk();
        report[name] += deleted;
      }
    } catch (error) {
      failures += 1;
      lastError = error;
      log.error("prune", error, { what: name });
    }
  }
  if (failures === Object.keys(tasks).length) throw lastError;
  return { ...report, failures };
};
