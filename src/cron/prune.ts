import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { Fence } from "../adapters/ports/coordination/lease.ts";
import type { Log } from "../adapters/ports/platform/log.ts";
import type { RetentionStore } from "../adapters/ports/coordination/retention.ts";
import type { PruneStore, UsageFact } from "../adapters/ports/detection/rollups.ts";
import type { AgingTable } from "../domain/coordination/retention.ts";
import { keptMs } from "../domain/coordination/retention.ts";
import type { JobReport } from "./job.ts";

export type PruneDeps = {
  readonly pruning: PruneStore;
  readonly retention: RetentionStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly sampleRetentionMs: number;
  readonly sessionTtlMs: number;
  readonly auditRetentionMs: number;
  readonly costEventRetentionMs: number;
};

const hourMs = 3_600_000;

/** Rows per statement: about a tenth of a second. */
const chunkRows = 10_000;
/** The same for rows with row triggers, or large ones. */
const smallChunkRows = 1_000;
const servicesPerPage = 50;

/** A run stops here, and the next continues. */
const longestRunMs = 10 * 60_000;

/** Deletes one chunk. `more`: there may be another. */
type Task = () => Promise<{ readonly rows: number; readonly more: boolean }>;

const whileAny =
  (deleteChunk: () => Promise<number>): Task =>
  async () => {
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

/** A task for every table with a retention period in `domain/coordination/retention.ts`. */
const tasksOf = (
  { pruning, retention, sampleRetentionMs, sessionTtlMs, auditRetentionMs, costEventRetentionMs }: PruneDeps,
  fence: Fence,
  nowMs: number,
): Readonly<Record<AgingTable, Task>> => {
  const before = (table: Parameters<typeof keptMs>[0]): number => nowMs - keptMs(table);
  const facts = (table: Parameters<typeof keptMs>[0], kind: UsageFact) =>
    whileAny(() => pruning.usageFacts(fence, kind, before(table), chunkRows));
  return {
    probe_samples: whileAny(() => pruning.samples(fence, nowMs - sampleRetentionMs, nowMs - 2 * sampleRetentionMs, chunkRows)),
    probe_marks: whileAny(() => pruning.probeMarks(fence, nowMs - 2 * sampleRetentionMs, chunkRows)),
    probe_rollups_minute: whileAny(() => pruning.rollups(fence, "minute", before("probe_rollups_minute"), chunkRows)),
    // A row is of a whole hour: kept until its last minute is past its retention.
    probe_minutes_folded: whileAny(() => pruning.foldedMinutes(fence, before("probe_minutes_folded") - hourMs, chunkRows)),
    probe_rollups_hour: whileAny(() => pruning.rollups(fence, "hour", before("probe_rollups_hour"), chunkRows)),
    idempotency_keys: whileAny(() => pruning.idempotencyKeys(fence, before("idempotency_keys"), chunkRows)),
    install_sessions: whileAny(() => pruning.installSessions(fence, nowMs - sessionTtlMs, chunkRows)),
    usage_readings: facts("usage_readings", "readings"),
    usage_readings_past: facts("usage_readings_past", "readings_past"),
    usage_pushes: facts("usage_pushes", "pushes"),
    usage_pushes_past: facts("usage_pushes_past", "pushes_past"),
    audit_log: whileAny(() => retention.auditLog(fence, nowMs - auditRetentionMs, chunkRows)),
    routing_changes: whileAny(() => retention.routingChanges(fence, before("routing_changes"), chunkRows)),
    routing_drifts: whileAny(() => retention.routingDrifts(fence, before("routing_drifts"), chunkRows)),
    evidence: evidenceOf(retention, fence, before("evidence")),
    takeovers: whileAny(() => retention.takeovers(fence, before("takeovers"), smallChunkRows)),
    reconciliation_findings: whileAny(() => retention.findings(fence, before("reconciliation_findings"), smallChunkRows)),
    vantages: whileAny(() => retention.vantages(fence, before("vantages"), smallChunkRows)),
    leases: whileAny(() => retention.checkLeases(fence, before("leases"), smallChunkRows)),
    probe_targets: whileAny(() => retention.probeTargets(fence, before("probe_targets"), chunkRows)),
    deliveries: whileAny(() => retention.deliveries(fence, before("deliveries"), chunkRows)),
    notifications: whileAny(() => retention.notifications(fence, before("notifications"), chunkRows)),
    incident_services: whileAny(() => retention.incidentServices(fence, before("incident_services"), chunkRows)),
    incidents: whileAny(() => retention.incidents(fence, before("incidents"), smallChunkRows)),
    service_states: whileAny(() => retention.serviceStates(fence, before("service_states"), chunkRows)),
    slo_alerts: whileAny(() => retention.sloAlerts(fence, before("slo_alerts"), chunkRows)),
    cost_events: whileAny(() => retention.costEvents(fence, nowMs - costEventRetentionMs, smallChunkRows)),
    cost_hours: whileAny(() => retention.costHours(fence, nowMs - costEventRetentionMs, chunkRows)),
    cost_batches: whileAny(() => retention.deadBatches(fence, before("cost_batches"), smallChunkRows)),
    cost_anomalies: whileAny(() => retention.costAnomalies(fence, before("cost_anomalies"), smallChunkRows)),
    zombies: whileAny(() => retention.zombies(fence, before("zombies"), smallChunkRows)),
    breakers: whileAny(() => retention.breakers(fence, before("breakers"), smallChunkRows)),
    account_links: whileAny(() => retention.accountLinks(fence, before("account_links"), smallChunkRows)),
    account_sessions: whileAny(() => retention.accountSessions(fence, before("account_sessions"), smallChunkRows)),
    account_attempts: whileAny(() => retention.accountAttempts(fence, before("account_attempts"), chunkRows)),
    invoice_links: whileAny(() => retention.invoiceLinks(fence, before("invoice_links"), smallChunkRows)),
  };
};

/**
 * Deletes rows past their retention, in chunks, round-robin over tables, so that a large one does not starve
 * the others. Samples that are not rolled up yet are kept, up to twice their period.
 * @throws the last error where everything failed
 */
export const prune = async (deps: PruneDeps, fence: Fence): Promise<JobReport> => {
  const { clock, log } = deps;
  const nowMs = clock.nowMs();
  const tasks = Object.entries(tasksOf(deps, fence, nowMs));
  const report: Record<string, number> = Object.fromEntries(tasks.map(([table]) => [table, 0]));
  let left = tasks;
  let failures = 0;
  let lastError: unknown = null;
  while (left.length > 0 && clock.nowMs() - nowMs < longestRunMs) {
    const again: typeof tasks = [];
    for (const [table, deleteChunk] of left) {
      try {
        const { rows, more } = await deleteChunk();
        report[table] = (report[table] ?? 0) + rows;
        if (more) again.push([table, deleteChunk]);
      } catch (error) {
        failures += 1;
        lastError = error;
        log.error("prune", error, { what: table });
      }
    }
    left = again;
  }
  if (failures === tasks.length) throw lastError;
  return { ...report, failures, unfinished: left.length };
};
