import type { Clock } from "../adapters/ports/clock.ts";
import type { Fence } from "../adapters/ports/lease.ts";
import type { Log } from "../adapters/ports/log.ts";
import type { RetentionStore } from "../adapters/ports/retention.ts";
import type { PruneStore } from "../adapters/ports/rollups.ts";
import type { JobReport } from "./job.ts";

export type PruneDeps = {
  readonly pruning: PruneStore;
  readonly retention: RetentionStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly sampleRetentionMs: number;
  readonly sessionTtlMs: number;
  readonly auditRetentionMs: number;
};

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Semantics §4 and §1; docs/retention.md has the reasons. */
const keptMs = {
  minuteRollups: 35 * dayMs, hourRollups: 400 * dayMs, idempotencyKeys: dayMs, routing: 400 * dayMs, evidence: 400 * dayMs,
  takeovers: 400 * dayMs, findings: 400 * dayMs, vantages: 35 * dayMs, checkLeases: dayMs, invoiceLinks: 400 * dayMs,
} as const;

/** Rows a statement deletes: a tenth of a second or so. */
const chunkRows = 10_000;
/** Of rows that triggers look at one by one, or that are large. */
const smallChunkRows = 1_000;
const servicesPerPage = 50;

/** A run stops here, and the next goes on. */
const longestRunMs = 10 * 60_000;

/** Deletes one chunk. `more`: there may be another. */
type Task = () => Promise<{ readonly rows: number; readonly more: boolean }>;

const whileAny = (deleteChunk: () => Promise<number>): Task => async () => {
  const rows = await deleteChunk();
  return { rows, more: rows > 0 };
};

/** Chains page by page, each as far as it goes. */
const evidenceOf = (retention: RetentionStore, fence: Fence, beforeMs: number): Task => {
  let afterServiceId = 0;
  return async () => {
    const { rows, lastServiceId } = await retention.evidence(fence, beforeMs, afterServiceId, servicesPerPage);
    if (rows === 0) afterServiceId = lastServiceId ?? afterServiceId;
    return { rows, more: lastServiceId !== null };
  };
};

const tasksOf = ({ pruning, retention, sampleRetentionMs, sessionTtlMs, auditRetentionMs }: PruneDeps, fence: Fence, nowMs: number): Readonly<Record<string, Task>> => {
  const before = (what: keyof typeof keptMs): number => nowMs - keptMs[what];
  return {
    samples: whileAny(() => pruning.samples(fence, nowMs - sampleRetentionMs, nowMs - 2 * sampleRetentionMs, chunkRows)),
    minuteRollups: whileAny(() => pruning.rollups(fence, "minute", before("minuteRollups"), chunkRows)),
    foldedMinutes: whileAny(() => pruning.foldedMinutes(fence, before("minuteRollups") - hourMs, chunkRows)),
    hourRollups: whileAny(() => pruning.rollups(fence, "hour", before("hourRollups"), chunkRows)),
    idempotencyKeys: whileAny(() => pruning.idempotencyKeys(fence, before("idempotencyKeys"), chunkRows)),
    installSessions: whileAny(() => pruning.installSessions(fence, nowMs - sessionTtlMs, chunkRows)),
    auditLog: whileAny(() => retention.auditLog(fence, nowMs - auditRetentionMs, chunkRows)),
    routingChanges: whileAny(() => retention.routingChanges(fence, before("routing"), chunkRows)),
    routingDrifts: whileAny(() => retention.routingDrifts(fence, before("routing"), chunkRows)),
    evidence: evidenceOf(retention, fence, before("evidence")),
    takeovers: whileAny(() => retention.takeovers(fence, before("takeovers"), smallChunkRows)),
    findings: whileAny(() => retention.findings(fence, before("findings"), smallChunkRows)),
    vantages: whileAny(() => retention.vantages(fence, before("vantages"), smallChunkRows)),
    checkLeases: whileAny(() => retention.checkLeases(fence, before("checkLeases"), smallChunkRows)),
    invoiceLinks: whileAny(() => retention.invoiceLinks(fence, before("invoiceLinks"), smallChunkRows)),
  };
};

/**
 * Deletes what is kept for a while only, in chunks, a chunk of each kind in turn: one of which there is much keeps no other
 * from its turn. Samples that are not rolled up yet wait, twice their time at most.
 * @throws the last error where everything failed
 */
export const prune = async (deps: PruneDeps, fence: Fence): Promise<JobReport> => {
  const { clock, log } = deps;
  const nowMs = clock.nowMs();
  const tasks = tasksOf(deps, fence, nowMs);
  const report: Record<string, number> = Object.fromEntries(Object.keys(tasks).map((name) => [name, 0]));
  let left = Object.keys(tasks);
  let failures = 0;
  let lastError: unknown = null;
  while (left.length > 0 && clock.nowMs() - nowMs < longestRunMs) {
    const again: string[] = [];
    for (const name of left) {
      try {
        const { rows, more } = (await tasks[name]?.()) ?? { rows: 0, more: false };
        report[name] = (report[name] ?? 0) + rows;
        if (more) again.push(name);
      } catch (error) {
        failures += 1;
        lastError = error;
        log.error("prune", error, { what: name });
      }
    }
    left = again;
  }
  if (failures === Object.keys(tasks).length) throw lastError;
  return { ...report, failures, unfinished: left.length };
};
