import { createJobRunStore } from "../adapters/db/coordination/job-runs.ts";
import { createLeaseStore } from "../adapters/db/coordination/leases.ts";
import { createMetricsStore } from "../adapters/db/coordination/metrics.ts";
import { createPruneStore } from "../adapters/db/coordination/prune.ts";
import { createReadiness } from "../adapters/db/coordination/readiness.ts";
import { createRetentionStore } from "../adapters/db/coordination/retention.ts";
import { createSettingsStore } from "../adapters/db/coordination/settings.ts";
import { createShardControl } from "../adapters/db/coordination/shard-control.ts";
import { createStatusStore } from "../adapters/db/coordination/status.ts";
import { createTickRunStore } from "../adapters/db/coordination/tick-runs.ts";
import type { Database } from "../adapters/db/platform/client.ts";
import type { Dispatcher } from "../adapters/ports/coordination/shards.ts";
import type { CoordinationDeps } from "../adapters/ports/deps.ts";
import type { Clock } from "../adapters/ports/platform/clock.ts";
import { createDurableShards, isShardNamespace } from "../adapters/providers/durable-shards.ts";
import { createHttpShards } from "../adapters/providers/http-shards.ts";
import { createPeer } from "../adapters/providers/peer.ts";
import type { Config } from "../config.ts";
import type { JobDeps } from "../cron/schedule.ts";

type Needs = {
  readonly config: Config;
  readonly db: Database;
  readonly clock: Clock;
  readonly fetch: typeof fetch;
  readonly bindings: Readonly<Record<string, unknown>>;
};

/** Starts invocations for shards; null: all run in the cron invocation. */
const dispatcherOf = ({ config: { selfUrl, cronSecret }, bindings, fetch }: Needs): Dispatcher | null => {
  const namespace = bindings["SHARDS"];
  if (isShardNamespace(namespace)) return createDurableShards(namespace);
  return selfUrl === null || cronSecret === null ? null : createHttpShards({ selfUrl, cronSecret, fetch });
};

type Jobs = Pick<
  JobDeps,
  | "provider"
  | "preferredProvider"
  | "handBackAfterMs"
  | "peer"
  | "jobRuns"
  | "jobHistory"
  | "tickRuns"
  | "overtimeMs"
  | "settings"
  | "dispatcher"
  | "pruning"
  | "retention"
  | "auditRetentionMs"
  | "costEventRetentionMs"
  | "sampleRetentionMs"
  | "sessionTtlMs"
>;

/** Leases, jobs and their status, and retention. */
export const buildCoordination = (needs: Needs): CoordinationDeps & Jobs => {
  const { config, db, clock, fetch } = needs;
  const { provider } = config;
  const status = createStatusStore(db);
  return {
    provider,
    preferredProvider: config.preferredProvider,
    handBackAfterMs: config.handBackAfterMs,
    peer: createPeer({ url: config.peerUrl, provider: config.peerProvider, fetch, nowMs: clock.nowMs }),
    leases: createLeaseStore(db, config.leaseTtlMs),
    shardControl: createShardControl(db, config.leaseTtlMs),
    tickRuns: createTickRunStore(db),
    overtimeMs: config.overtimeMs,
    settings: createSettingsStore(db),
    dispatcher: dispatcherOf(needs),
    jobRuns: createJobRunStore(db),
    jobHistory: createJobRunStore(db),
    readiness: createReadiness(db, clock, config.usage.windowMs / 1_000, status),
    status,
    metrics: createMetricsStore(db),
    pruning: createPruneStore(db),
    retention: createRetentionStore(db),
    auditRetentionMs: config.auditRetentionMs,
    costEventRetentionMs: config.costEventRetentionMs,
    sampleRetentionMs: config.sampleRetentionMs,
    sessionTtlMs: config.sessionTtlMs,
  };
};
