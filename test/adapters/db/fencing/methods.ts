import { glob, readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { BillingStore } from "../../../../src/adapters/ports/billing/billing.ts";
import type { CustomerSources } from "../../../../src/adapters/ports/metering/cdn-accounts.ts";
import type { DnsSetupStore } from "../../../../src/adapters/ports/steering/dns-setup.ts";
import type { EvidenceAnchorStore } from "../../../../src/adapters/ports/evidence/evidence-anchors.ts";
import type { IngestStore } from "../../../../src/adapters/ports/metering/ingest.ts";
import type { JobHistory, JobRunStore } from "../../../../src/adapters/ports/coordination/job-runs.ts";
import type { LeaseStore, TickRunStore } from "../../../../src/adapters/ports/coordination/lease.ts";
import type { CorroborationStore } from "../../../../src/adapters/ports/detection/corroboration.ts";
import type { Outbox } from "../../../../src/adapters/ports/notify/outbox.ts";
import type { ObservationStore } from "../../../../src/adapters/ports/steering/observations.ts";
import type { OwnershipStore } from "../../../../src/adapters/ports/tenants/ownership.ts";
import type { ReconciliationStore } from "../../../../src/adapters/ports/billing/reconciliation.ts";
import type { HuntStore } from "../../../../src/adapters/ports/cost/hunting.ts";
import type { ScoringStore } from "../../../../src/adapters/ports/cost/scoring.ts";
import type { AuditReadings } from "../../../../src/adapters/ports/cost/audit-logs.ts";
import type { TrailReadings } from "../../../../src/adapters/ports/cost/trail-readings.ts";
import type { BreakerStore } from "../../../../src/adapters/ports/platform/breakers.ts";
import type { CostEventStore } from "../../../../src/adapters/ports/cost/ingest.ts";
import type { RetentionStore } from "../../../../src/adapters/ports/coordination/retention.ts";
import type { PruneStore, RollupStore } from "../../../../src/adapters/ports/detection/rollups.ts";
import type { BudgetWatch } from "../../../../src/adapters/ports/slo/watch.ts";
import type { DayBook } from "../../../../src/adapters/ports/slo/daily.ts";
import type { DigestBook } from "../../../../src/adapters/ports/slo/digest.ts";
import type { ReconstructionStore } from "../../../../src/adapters/ports/slo/reconstruct.ts";
import type { RoundStore } from "../../../../src/adapters/ports/detection/round.ts";
import type { SettingsStore } from "../../../../src/adapters/ports/coordination/shards.ts";
import type { StandingStore } from "../../../../src/adapters/ports/steering/standing.ts";
import type { TargetStore } from "../../../../src/adapters/ports/detection/targets.ts";

/** `fenced` has a case in `cases.ts`; `telemetry` says what one sees and does, whoever one is; `request` is the API's, not the pipeline's. */
type Kind = "fenced" | "reads" | "lease" | "telemetry" | "request";

/** What rounds and jobs have of the database, by the name under which they have it. A new method has to be put down here. */
export const pipelineMethods = {
  rounds: {
    load: "lease",
    survey: "reads",
    edgeSamples: "reads",
    saveAndEvaluate: "telemetry",
    saveWitnessed: "telemetry",
    saveDecisions: "fenced",
    saveOutcomes: "fenced",
  } satisfies Record<keyof RoundStore, Kind>,
  leases: {
    ttlMs: "reads",
    take: "lease",
    acquire: "lease",
    renew: "lease",
    release: "lease",
    giveUp: "lease",
    handBack: "lease",
  } satisfies Record<keyof LeaseStore, Kind>,
  jobRuns: { record: "telemetry" } satisfies Record<keyof JobRunStore, Kind>,
  jobHistory: { lastGoodStartMs: "reads" } satisfies Record<keyof JobHistory, Kind>,
  tickRuns: { begin: "telemetry", isLatest: "reads" } satisfies Record<keyof TickRunStore, Kind>,
  settings: { shards: "reads" } satisfies Record<keyof SettingsStore, Kind>,
  ingest: { holdings: "reads", noteHosts: "fenced", save: "fenced", settle: "fenced" } satisfies Record<keyof IngestStore, Kind>,
  customerSources: { open: "reads", note: "fenced" } satisfies Record<keyof CustomerSources, Kind>,
  billingStore: { due: "reads", issue: "fenced" } satisfies Record<keyof BillingStore, Kind>,
  reconciliation: {
    position: "reads",
    services: "reads",
    keepPosition: "fenced",
    checkWindows: "fenced",
    noteServices: "fenced",
    checkInvoices: "fenced",
    forgetGone: "fenced",
  } satisfies Record<keyof ReconciliationStore, Kind>,
  rollups: {
    marks: "reads",
    rollMinutes: "fenced",
    rollHour: "fenced",
    markHours: "fenced",
    firstMinute: "reads",
    fold: "fenced",
    markFolded: "fenced",
  } satisfies Record<keyof RollupStore, Kind>,
  pruning: {
    samples: "fenced",
    rollups: "fenced",
    foldedMinutes: "fenced",
    probeMarks: "fenced",
    idempotencyKeys: "fenced",
    installSessions: "fenced",
    usageFacts: "fenced",
  } satisfies Record<keyof PruneStore, Kind>,
  retention: {
    auditLog: "fenced",
    routingChanges: "fenced",
    routingDrifts: "fenced",
    evidence: "fenced",
    takeovers: "fenced",
    findings: "fenced",
    vantages: "fenced",
    checkLeases: "fenced",
    invoiceLinks: "fenced",
    accountLinks: "fenced",
    accountSessions: "fenced",
    accountAttempts: "fenced",
    probeTargets: "fenced",
    deliveries: "fenced",
    notifications: "fenced",
    incidentServices: "fenced",
    incidents: "fenced",
    serviceStates: "fenced",
    sloAlerts: "fenced",
    costEvents: "fenced",
    costHours: "fenced",
    deadBatches: "fenced",
    costAnomalies: "fenced",
    zombies: "fenced",
    breakers: "fenced",
  } satisfies Record<keyof RetentionStore, Kind>,
  reconstruction: { due: "reads", past: "reads", save: "fenced" } satisfies Record<keyof ReconstructionStore, Kind>,
  budgetWatch: { candidates: "reads", measure: "reads", save: "fenced" } satisfies Record<keyof BudgetWatch, Kind>,
  dayBook: { oldestDue: "reads", nextService: "reads", services: "reads", close: "fenced" } satisfies Record<keyof DayBook, Kind>,
  digestBook: { due: "reads", objectives: "reads", save: "fenced" } satisfies Record<keyof DigestBook, Kind>,
  corroboration: { watched: "reads", seen: "reads", save: "fenced" } satisfies Record<keyof CorroborationStore, Kind>,
  targets: { due: "reads", ofDomain: "reads", save: "fenced", deal: "fenced", clear: "fenced" } satisfies Record<keyof TargetStore, Kind>,
  evidenceAnchors: { grown: "reads", save: "fenced", ofService: "request" } satisfies Record<keyof EvidenceAnchorStore, Kind>,
  outbox: {
    noteExpired: "fenced",
    news: "reads",
    save: "fenced",
    claim: "fenced",
    freeze: "fenced",
    record: "fenced",
    nextDueMs: "reads",
  } satisfies Record<keyof Outbox, Kind>,
  // Batches by their claim, series by their version: whoever has another writes nothing, whichever run it is of (decision 78).
  scoring: {
    claim: "lease",
    split: "lease",
    giveBack: "lease",
    release: "lease",
    read: "reads",
    save: "lease",
    egressDue: "reads",
    callsDue: "reads",
    upkeep: "telemetry",
  } satisfies Record<keyof ScoringStore, Kind>,
  hunting: {
    due: "reads",
    begin: "fenced",
    facts: "reads",
    abandoned: "reads",
    services: "reads",
    silentBackups: "reads",
    customersWith: "reads",
    sighted: "fenced",
    record: "fenced",
  } satisfies Record<keyof HuntStore, Kind>,
  trailReadings: { due: "reads", progress: "reads", settle: "fenced", note: "fenced" } satisfies Record<keyof TrailReadings, Kind>,
  auditReadings: { due: "reads", known: "reads", note: "fenced" } satisfies Record<keyof AuditReadings, Kind>,
  costEvents: { add: "request", list: "reads" } satisfies Record<keyof CostEventStore, Kind>,
  // By the breaker's version, and a trial by its claim: whoever has another writes nothing (decision 81).
  breakerStore: { take: "lease", find: "reads", save: "lease", list: "request" } satisfies Record<keyof BreakerStore, Kind>,
  observations: { due: "reads", save: "fenced" } satisfies Record<keyof ObservationStore, Kind>,
  standing: {
    get: "reads",
    all: "reads",
    troubledAccounts: "reads",
    want: "request",
    unwant: "request",
    save: "fenced",
    noteRewrite: "fenced",
    readAgain: "fenced",
    forget: "fenced",
  } satisfies Record<keyof StandingStore, Kind>,
  ownership: {
    claims: "reads",
    save: "fenced",
    renew: "request",
    due: "reads",
    ofService: "reads",
    byIds: "reads",
    noteFirstSwitch: "fenced",
    disputes: "reads",
  } satisfies Record<keyof OwnershipStore, Kind>,
  dnsSetup: {
    get: "reads",
    permitted: "reads",
    permittedToOperator: "reads",
    backupHealth: "reads",
    lastCheck: "reads",
    saveCheck: "fenced",
    noteProvisioning: "request",
    noteProvisioned: "request",
  } satisfies Record<keyof DnsSetupStore, Kind>,
} as const;

/** The ports that those interfaces are of. */
export const databasePorts = [
  "billing/billing",
  "billing/reconciliation",
  "cost/hunting",
  "cost/ingest",
  "cost/scoring",
  "cost/audit-logs",
  "cost/trail-readings",
  "coordination/job-runs",
  "coordination/lease",
  "coordination/retention",
  "coordination/shards",
  "detection/corroboration",
  "detection/rollups",
  "detection/round",
  "detection/targets",
  "evidence/evidence-anchors",
  "metering/cdn-accounts",
  "metering/ingest",
  "platform/breakers",
  "slo/daily",
  "slo/digest",
  "slo/reconstruct",
  "slo/watch",
  "steering/dns-setup",
  "steering/observations",
  "steering/standing",
  "tenants/ownership",
  "notify/outbox",
];

/** All other ports of rounds and jobs: nothing behind them writes to the database. */
export const otherPorts = [
  "cost/access",
  "cost/archive",
  "cost/caller-identity",
  "cost/cloud",
  "cost/trail-files",
  "cost/zombies",
  "steering/dns-inventory",
  "coordination/peer",
  "detection/probe",
  "detection/round-view",
  "evidence/evidence-signer",
  "metering/usage",
  "platform/budget",
  "platform/clock",
  "platform/log",
  "platform/random",
  "steering/dns",
  "steering/dns-access",
  "steering/health-checks",
  "steering/name-servers",
  "steering/resolver",
  "notify/channel",
  "platform/secrets",
];

/** The ports that rounds and jobs import. */
export const portsOfPipeline = async (): Promise<string[]> => {
  const src = resolve(import.meta.dirname, "../../../../src");
  const ports = new Set<string>();
  for await (const path of glob(["cron/**/*.ts", "pipeline/**/*.ts"], { cwd: src })) {
    for (const [, port] of (await readFile(resolve(src, path), "utf8")).matchAll(/"(?:\.\.\/)+adapters\/ports\/([a-z/-]+)\.ts"/g))
      if (port !== undefined) ports.add(port);
  }
  return [...ports].toSorted();
};

/** What writes without a fence of its own, by file: how many statements or parts of them, and why that is right. */
export const allowedUnfenced: Readonly<Record<string, readonly [count: number, why: string]>> = {
  "db/cost/scoring.ts": [7, "by the claim of a batch, of which there is one at a time; what is over by its time alone"],
  "db/cost/series-rows.ts": [6, "parts of a transaction that ends where a series, or a batch, is not what it was"],
  "db/cost/events.ts": [3, "what was sent, or read, is true whoever stores it: each event once, by its id, and a cursor forward only"],
  "db/coordination/leases.ts": [5, "the lease itself: each names holder, epoch and time as its own condition"],
  "db/round/samples.ts": [
    2,
    "samples, where they were last taken, and vantages: what one saw is true whoever holds the lease (decision 6)",
  ],
  "db/round/evaluate.ts": [1, "when a shard was judged, on its own lease: it names epoch and time as its own condition"],
  "db/coordination/providers.ts": [2, "signs of life of whoever lives (decision 6)"],
  "db/coordination/job-runs.ts": [1, "how a run went, and what it counted (decision 6)"],
  "db/metering/usage-write.ts": [1, "a part of statements, under a condition that its caller gives: ingestion gives the fence"],
  "db/metering/usage-store.ts": [1, "a request: usage that is pushed"],
  "db/metering/ingest.ts": [1, "a part of a statement, under a condition that holds the fence"],
  "db/coordination/tick-runs.ts": [1, "which run is the latest, which gives no right to anything (decision 29)"],
  "db/billing/billing-documents.ts": [
    1,
    "a part of the statement that issues invoices: it selects from what that has issued, under its fence",
  ],
  "db/billing/reconcile-findings.ts": [1, "a part of statements, each of which has the fence, as its own condition says"],
  "db/metering/usage-window.ts": [1, "a part of statements, under a condition that its caller gives: ingestion gives the fence"],
  "db/platform/write.ts": [2, "parts of statements: they select from what those have written"],
  "db/metering/cdn-accounts.ts": [2, "requests: making an account, and removing it"],
  "db/steering/standing.ts": [2, "requests: wanting one, and not wanting it any more"],
  "db/platform/breakers.ts": [
    2,
    "by the breaker's version: whoever has read another one writes nothing; a trial by its claim (decision 81)",
  ],
  "db/platform/reseal.ts": [1, "the operator's command, by hand or by the API: it replaces the very seal that it opened"],
  "db/tenants/ownership.ts": [
    2,
    "a part of a statement that has the fence, where a job or a round gives one; a request: another token for a claim",
  ],
  "db/notify/deleted-matters.ts": [1, "a part of requests: what was told of something ends in the statement that deletes it"],
  "db/notify/missed-ends.ts": [2, "parts of requests: what a channel missed, in the statement that switches it on, off, or deletes it"],
  "db/steering/dns-setup.ts": [1, "a request: records that were provisioned are read again"],
};

/** Files in which there are only requests of the API: whoever makes one has the right to. */
export const requestFiles: readonly string[] = [
  "db/cost/anomalies.ts",
  "db/cost/dead-letters.ts",
  "db/cost/modes.ts",
  "db/cost/rates.ts",
  "db/cost/series.ts",
  "db/cost/zombies.ts",
  "db/notify/channels.ts",
  "db/notify/history.ts",
  "db/slo/corrections.ts",
  "db/slo/objectives.ts",
  "db/tenants/account-attempts.ts",
  "db/tenants/account-links.ts",
  "db/tenants/accounts.ts",
  "db/tenants/admin-tokens.ts",
  "db/detection/storms.ts",
  "db/metering/usage-requests.ts",
  "db/billing/billing-profiles.ts",
  "db/billing/billing-terms.ts",
  "db/tenants/customers.ts",
  "db/cost/accounts.ts",
  "db/steering/dns-accounts.ts",
  "db/tenants/domains.ts",
  "db/detection/end-storms.ts",
  "db/steering/freeze.ts",
  "db/steering/panic.ts",
  "db/publish/status-incidents.ts",
  "db/publish/status-pages.ts",
  "db/billing/adjustments.ts",
  "db/coordination/shard-control.ts",
  "db/tenants/idempotency.ts",
  "db/billing/invoice-links.ts",
  "db/detection/policies.ts",
  "db/detection/probe-agents.ts",
  "db/tenants/quotas.ts",
  "db/steering/routing.ts",
  "db/tenants/services.ts",
  "db/tenants/sessions.ts",
  "db/platform/telemetry.ts",
  "db/tenants/tokens.ts",
  "db/steering/zone-grants.ts",
];
