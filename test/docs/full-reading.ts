import type { MetricsReading } from "../../src/adapters/ports/coordination/metrics.ts";
import { schedule } from "../../src/cron/schedule.ts";
import type { MetricFamily } from "../../src/http/prometheus.ts";
import { metricFamilies } from "../../src/routes/platform/metric-families.ts";

const counters = [
  "rounds",
  "rounds_failed",
  "round_ms",
  "witness_rounds",
  "unreadable_probes",
  "probes_over_budget",
  "route53_calls",
  "abandoned_calls",
  "domains_left_out",
];

/** A scrape in which there is one of everything. */
const fullReading: MetricsReading = {
  storms: [],
  stormsTotal: 1,
  seals: [],
  frozen: true,
  panic: true,
  customerFreezes: 1,
  shards: 1,
  invoices: 1,
  adjustmentCauses: 1,
  outboxLagSeconds: 1,
  samples: ["local", "agent:fra-1"].flatMap((vantage) =>
    ["ok", "timeout"].map((result) => ({ path: "primary", vantage, result, count: 1 })),
  ),
  jobs: ["tick:0", "witness:0", ...Object.values(schedule).flat()].map((job) => ({
    job,
    provider: "local",
    successes: 1,
    failures: 1,
    overruns: 1,
    lastDurationMs: 1,
    lastSuccessAgeSeconds: 1,
  })),
  counters: counters.map((name) => ({ name, provider: "local", label: "holder", value: 1 })),
  routingChanges: ["intent", "accepted", "insync", "failed", "superseded", "unconfirmed", "shadow"].map((result) => ({ result, count: 1 })),
  switchProofs: ["observed", "diverged", "unknown"].map((proof) => ({ proof, count: 1 })),
  dnsAccounts: { paused: 1, pollsRefused: 1 },
  pendingChanges: { count: 1, oldestAgeSeconds: 1 },
  domains: ["found", "unprovisioned", "error", "contested", "unread"].map((status) => ({ status, count: 1 })),
  services: [{ state: "held", reason: "backup_down", count: 1 }],
  drifts: [{ outcome: "healing", count: 1 }],
  leases: [{ name: "shard:0", provider: "local", epoch: 1, held: true, ageSeconds: 1 }],
  providers: [{ name: "local", heartbeatAgeSeconds: 1, lastRoundAgeSeconds: 1, publicOk: true, clockSkewMs: 1 }],
  takeovers: [{ kind: "takeover", from: "local", to: "vercel", count: 1 }],
  vantages: [{ name: "local", place: "here", lastHeardAgeSeconds: 1 }],
  probeAgents: [{ name: "fra-1", lastSampleAgeSeconds: 1 }],
  shardLoads: [{ shard: 0, domains: 1, leftOut: 0, utilisation: 1, measuredAtMs: 0 }],
  findings: [],
  incidents: [],
  channels: [],
  pendingDeliveries: [],
  deadDeliveries: [],
  sloAlerts: [],
  objectives: [],
  costAnomalies: [],
  zombies: [],
  costBatches: [],
  breakers: [],
};

/** Every family with a sample of each of its labels. */
export const everyFamily = (): readonly MetricFamily[] => metricFamilies(fullReading, [], { version: "0", provider: "local" });
