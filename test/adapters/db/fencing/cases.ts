import { createBillingStore } from "../../../../src/adapters/db/billing/billing.ts";
import { noteReadings } from "../../../../src/adapters/db/metering/cdn-accounts.ts";
import type { Database } from "../../../../src/adapters/db/platform/client.ts";
import { createDnsSetupStore } from "../../../../src/adapters/db/steering/dns-setup.ts";
import { createEvidenceAnchorStore } from "../../../../src/adapters/db/evidence/evidence-anchors.ts";
import { createIngestStore } from "../../../../src/adapters/db/metering/ingest.ts";
import { createCorroborationStore } from "../../../../src/adapters/db/detection/corroboration.ts";
import { createObservationStore } from "../../../../src/adapters/db/steering/observations.ts";
import { createOwnershipStore } from "../../../../src/adapters/db/tenants/ownership.ts";
import { createPruneStore } from "../../../../src/adapters/db/coordination/prune.ts";
import { createReconciliationStore } from "../../../../src/adapters/db/billing/reconciliation.ts";
import { createRollupStore } from "../../../../src/adapters/db/detection/rollups.ts";
import { createReconstructionStore } from "../../../../src/adapters/db/slo/reconstruct.ts";
import { createRoundStore } from "../../../../src/adapters/db/round/rounds.ts";
import { createStandingStore } from "../../../../src/adapters/db/steering/standing.ts";
import { createTargetStore } from "../../../../src/adapters/db/detection/targets.ts";
import type { SaveUsage } from "../../../../src/adapters/ports/metering/ingest.ts";
import type { Fence } from "../../../../src/adapters/ports/coordination/lease.ts";
import type { RoundDecisions, RoundOutcomes } from "../../../../src/adapters/ports/detection/round.ts";
import type { StandingProgress } from "../../../../src/adapters/ports/steering/standing.ts";
import type { TestDatabase } from "../../../support/database.ts";
import { everyStorm } from "../../../../src/domain/billing/credit.ts";
import { policyView, unreadRouting } from "../../../support/round-fixtures.ts";
import { wholeWindow } from "../../../support/usage.ts";
import { told as outbox } from "./outbox-cases.ts";
import { costs } from "./cost-cases.ts";
import { retained } from "./retention-cases.ts";
import { objectives } from "./slo-cases.ts";
import { hourMs, nowMs } from "./tenant.ts";
import type { Tenant } from "./tenant.ts";
import { afterLook } from "../../../../src/domain/tenants/ownership.ts";
import { dueBounds } from "../../../../src/domain/billing/billing-cycle.ts";
import type { BillingCycle } from "../../../../src/domain/billing/billing-cycle.ts";

export type World = { readonly db: Database; readonly sql: TestDatabase["sql"]; readonly tenant: Tenant };
type Call = (fence: Fence) => Promise<unknown>;

/** A write of the pipeline. `writes`: every table that it changes under a good fence; `refused`: its answer without one. */
export type FencedWrite = {
  /** The store and its method. */
  readonly method: string;
  readonly what: string;
  readonly writes: readonly string[];
  readonly refused: unknown;
  /** Makes the call have something to write. */
  readonly prepare: (world: World) => Promise<Call>;
};

const nothing: RoundDecisions = {
  storms: [],
  healthy: [],
  services: [],
  domains: [],
  resolved: [],
  intents: [],
  lapsed: [],
  drifts: [],
  contests: [],
  states: [],
  unreached: [],
};
const weights = (primary: number, backup: number) => ({ primary, backup });

const decisions = (what: string, writes: readonly string[], decide: (tenant: Tenant) => Promise<Partial<RoundDecisions>>): FencedWrite => ({
  method: "rounds.saveDecisions",
  what,
  writes,
  refused: new Map(),
  prepare: async ({ db, tenant }) => {
    const decided = { ...nothing, ...(await decide(tenant)) };
    return (fence) => createRoundStore(db).saveDecisions(fence, decided, nowMs);
  },
});

const silence: RoundOutcomes = {
  intents: [],
  domains: [],
  failures: [],
  dropped: [],
  settled: [],
  polled: [],
  expire: null,
  standings: [],
};
const outcomes = (what: string, writes: readonly string[], tell: (tenant: Tenant) => Promise<Partial<RoundOutcomes>>): FencedWrite => ({
  method: "rounds.saveOutcomes",
  what,
  writes,
  refused: undefined,
  prepare: async ({ db, tenant }) => {
    const told = await tell(tenant);
    return (fence) => createRoundStore(db).saveOutcomes(fence, { ...silence, ...told }, nowMs);
  },
});

const policyOf = (tenant: Tenant, stormId: number | null = null) =>
  policyView({
    policyId: tenant.policy,
    serviceId: tenant.service,
    storm:
      stormId === null
        ? null
        : { id: stormId, state: "storm", startedAtMs: nowMs - hourMs, recoveringSinceMs: null, relapses: 0, creditReason: null },
  });
const intentOf = (tenant: Tenant) =>
  ({
    serviceId: tenant.service,
    domainId: tenant.domain,
    from: weights(100, 0),
    to: weights(0, 100),
    reason: "storm",
    actor: "tranche",
    result: "intent",
  }) as const;

const creditOf = (domainId: number) => {
  const down = [{ domainId, verified: true, editedAtMs: null, neverHealthy: false }];
  return {
    credit: "earned",
    reason: null,
    case: { terms: everyStorm, rule: "storm", monitorOnly: false, policy: policyView(), domains: down },
    down,
  } as const;
};

const standingOf = ({ customer }: Tenant, strikes: number): RoundOutcomes["standings"][number] => ({
  customerId: customer,
  strikes,
  pauses: 0,
  pausedUntilMs: null,
  lastError: "no answer",
  lastErrorAtMs: nowMs,
  pollsRefused: 0,
  pollsError: null,
  pollsPausedUntilMs: null,
});

const fine = { state: "up", serving: "primary", attribution: null, upstreamCdn: null, avoided: false } as const;

const rounds: readonly FencedWrite[] = [
  decisions("what visitors get now", ["service_states"], async (tenant) => ({
    states: [
      {
        serviceId: tenant.service,
        presentId: null,
        spans: [
          {
            ...fine,
            startedAtMs: nowMs,
            outageAtMs: null,
          },
        ],
      },
    ],
  })),
  decisions("a storm that begins", ["adjustment_causes", "evidence", "evidence_chains", "storm_events"], async (tenant) => ({
    storms: [
      {
        policy: policyOf(tenant),
        transition: { kind: "begin", startedAtMs: nowMs - 30_000 },
        monitorOnly: false,
        credit: creditOf(tenant.domain),
        evidence: "{}",
      },
    ],
  })),
  decisions("a storm that ends", ["adjustment_causes", "evidence", "evidence_chains", "storm_events"], async (tenant) => ({
    storms: [
      {
        policy: policyOf(tenant, await tenant.storm()),
        transition: { kind: "end", endedAtMs: nowMs, reason: "recovered" },
        monitorOnly: false,
        credit: null,
        evidence: "{}",
      },
    ],
  })),
  decisions("a storm that recovers", ["adjustment_causes", "storm_events"], async (tenant) => ({
    storms: [
      { policy: policyOf(tenant, await tenant.storm()), transition: { kind: "recover", sinceMs: nowMs }, monitorOnly: false, credit: null },
    ],
  })),
  decisions("a domain that is seen healthy", ["service_domains"], async ({ domain }) => ({
    healthy: [{ domainId: domain, primaryCdn: "cdn-a", primaryTarget: "a.cdn.net", probePath: null, expectStatus: "200-399" }],
  })),
  decisions("the state of a service", ["service_routing"], async ({ service }) => ({
    services: [{ serviceId: service, state: "storm", reason: "storm", latch: null, failback: null, shadowTarget: null }],
  })),
  decisions("the records of a domain", ["domain_routing"], async ({ service, domain }) => ({
    domains: [{ domainId: domain, serviceId: service, ...unreadRouting, readAtMs: nowMs }],
  })),
  decisions("what an intent came to", ["evidence", "evidence_chains", "routing_changes"], async (tenant) => ({
    resolved: [{ id: await tenant.change("intent", await tenant.storm()), result: "accepted" }],
  })),
  decisions("an intent", ["routing_changes"], async (tenant) => ({ intents: [intentOf(tenant)] })),
  decisions("an intent that is tried again", ["routing_changes"], async (tenant) => {
    await tenant.change("intent");
    return { intents: [intentOf(tenant)] };
  }),
  decisions("an attempt that nobody wants any more", ["domain_routing", "routing_changes"], async (tenant) => {
    await tenant.routing();
    const id = await tenant.change("failed");
    await tenant.refused(id, "denied");
    return { lapsed: [id] };
  }),
  decisions("an attempt that is counted to a later one", ["routing_changes"], async (tenant) => {
    const id = await tenant.change("intent");
    await tenant.change("failed");
    return { resolved: [{ id, result: "superseded" }] };
  }),
  decisions("a drift", ["counters", "routing_drifts"], async ({ service, domain }) => ({
    drifts: [
      {
        serviceId: service,
        domainId: domain,
        recordType: "CNAME",
        previous: weights(100, 0),
        found: weights(50, 50),
        expected: weights(100, 0),
        leftAlone: null,
      },
    ],
  })),
  decisions("a fight", ["domain_routing"], async (tenant) => {
    await tenant.routing();
    return { contests: [{ domainId: tenant.domain, contested: true }] };
  }),
  outcomes("what DNS answered", ["evidence", "evidence_chains", "routing_changes"], async (tenant) => {
    const changeRowId = await tenant.change("intent", await tenant.storm());
    return {
      intents: [
        { changeRowId, result: "accepted", changeId: "C1", acceptedAtMs: nowMs, error: null, nextAttemptAtMs: null, doubtfulSinceMs: null },
      ],
    };
  }),
  outcomes("records that were changed", ["domain_routing"], async ({ service, domain }) => ({
    domains: [{ domainId: domain, serviceId: service, ...unreadRouting, readAtMs: nowMs }],
  })),
  outcomes("records in doubt", ["domain_routing"], async (tenant) => {
    await tenant.routing();
    return { failures: [{ domainId: tenant.domain, lastError: "no answer", again: true }] };
  }),
  outcomes("health checks that were left out", ["audit_log"], async ({ domain }) => ({ dropped: [{ domainId: domain, checks: ["h1"] }] })),
  outcomes("a change that is on all servers", ["routing_changes"], async (tenant) => {
    await tenant.change("accepted", null, `C-${tenant.name}`);
    return { settled: [{ changeId: `C-${tenant.name}`, result: "insync", error: null }] };
  }),
  outcomes("a change that is pending", ["routing_changes"], async (tenant) => {
    await tenant.change("accepted", null, `C-${tenant.name}`);
    return { polled: [{ changeId: `C-${tenant.name}`, nextCheckAtMs: nowMs + 10_000 }] };
  }),
  outcomes("changes that nobody asks after any more", ["routing_changes"], async (tenant) => {
    await tenant.change("accepted", null, `C-${tenant.name}`);
    await tenant.age(2 * hourMs);
    return { expire: { index: 0, count: 1 } };
  }),
  outcomes("an account in trouble", ["dns_standings"], async (tenant) => ({ standings: [standingOf(tenant, 1)] })),
  outcomes("an account that is well again", ["dns_standings"], async (tenant) => {
    await tenant.troubled();
    return { standings: [standingOf(tenant, 0)] };
  }),
];

const reconstructed: readonly FencedWrite[] = [
  {
    method: "reconstruction.save",
    what: "what visitors got before that was recorded",
    writes: ["service_states", "slo_reconstructions"],
    refused: false,
    prepare: async ({ db, tenant }) => {
      const span = { ...fine, startedAtMs: nowMs - hourMs, endedAtMs: nowMs, outageAtMs: null };
      const service = { serviceId: tenant.service, recordedFromMs: nowMs, doneFromMs: null };
      return (fence) => createReconstructionStore(db).save(fence, service, [span], nowMs - hourMs);
    },
  },
];

const standing: readonly FencedWrite[] = [
  {
    method: "standing.save",
    what: "how far it has come",
    writes: ["standing_failovers"],
    refused: false,
    prepare: async ({ db, tenant }) => {
      await tenant.standing("standing");
      const progress: StandingProgress = {
        domainId: tenant.domain,
        generation: 2,
        checks: { primary: null, backup: null },
        restore: null,
        obsolete: [],
        attached: true,
        checkedAtMs: nowMs,
        lastError: null,
        failedStep: null,
        failures: 0,
        nextAtMs: null,
      };
      return (fence) => createStandingStore(db).save(fence, progress);
    },
  },
  {
    method: "standing.noteRewrite",
    what: "records with other health checks",
    writes: ["audit_log", "domain_routing"],
    refused: undefined,
    prepare: async ({ db, tenant }) => {
      await tenant.routing();
      return (fence) => createStandingStore(db).noteRewrite(fence, tenant.domain, [], "attach");
    },
  },
  {
    method: "standing.readAgain",
    what: "records in doubt",
    writes: ["domain_routing"],
    refused: undefined,
    prepare: async ({ db, tenant }) => {
      await tenant.routing();
      return (fence) => createStandingStore(db).readAgain(fence, tenant.domain);
    },
  },
  {
    method: "standing.forget",
    what: "one of which nothing is left",
    writes: ["audit_log", "standing_failovers"],
    refused: undefined,
    prepare: async ({ db, tenant }) => {
      await tenant.standing("removing");
      return (fence) => createStandingStore(db).forget(fence, tenant.domain);
    },
  },
];

const ingested = (tenant: Tenant, bytes: number): SaveUsage =>
  wholeWindow({ serviceId: tenant.service, domainId: tenant.domain, cdn: "cdn-a", startMs: nowMs - 3 * hourMs, windowMs: hourMs, bytes });
const bill = (db: Database, tenant: Tenant, fence: Fence, cycle: BillingCycle = "run") =>
  createBillingStore(db).issue({
    fence,
    cycle,
    customerIds: [tenant.customer],
    terms: { rateCentsPerGb: "12", discountRate: "0.5", currency: "USD" },
    issuedAtMs: nowMs,
    bounds: dueBounds(nowMs, 0, 24 * hourMs),
    withheldAfterMs: nowMs,
    maxWindows: 100,
  });

/** Bills under a lease of its own, so that there is something billed. */
const billed = async ({ db, sql, tenant }: World): Promise<void> => {
  await tenant.window(3);
  const fence = { name: `bill:${tenant.name}`, epoch: 1 };
  await sql(
    "insert into leases (name, holder, provider, epoch, acquired_at, expires_at) values ($1, 'test', 'test', 1, now(), now() + interval '1 hour')",
    [fence.name],
  );
  await bill(db, tenant, fence);
};

const checkWindows = ({ db, tenant }: World, fence: Fence) =>
  createReconciliationStore(db).checkWindows(
    fence,
    [{ serviceId: tenant.service, fromMs: Math.floor(nowMs / hourMs - 4) * hourMs, toMs: nowMs, isLast: true }],
    { windowMs: hourMs, measuredCdns: [], completeByMs: nowMs, nowMs },
  );
const found = ({ sql, tenant }: World, rule: string, objectType: string, objectId: string | undefined) =>
  sql(
    `insert into reconciliation_findings (customer_id, rule, object_type, object_id, expected, actual, found_at, last_seen_at)
   values ($1, $2, $3, $4, '', '', $5, $5)`,
    [tenant.customer, rule, objectType, objectId, new Date(nowMs - hourMs)],
  );

const money: readonly FencedWrite[] = [
  {
    method: "ingest.save",
    what: "the very first window, which fixes their length",
    writes: ["settings", "usage_readings", "usage_snapshots"],
    refused: { stored: 0, corrected: 0 },
    prepare: async ({ db, sql, tenant }) => {
      await sql("update settings set usage_window_seconds = null");
      return (fence) => createIngestStore(db).save(fence, ingested(tenant, 5));
    },
  },
  {
    method: "ingest.save",
    what: "a window that is not billed",
    writes: ["usage_readings", "usage_snapshots"],
    refused: { stored: 0, corrected: 0 },
    prepare: async ({ db, tenant }) => {
      await tenant.window(3);
      return (fence) => createIngestStore(db).save(fence, ingested(tenant, 5));
    },
  },
  {
    method: "ingest.save",
    what: "a window that is billed",
    writes: ["adjustment_causes", "usage_corrections", "usage_readings"],
    refused: { stored: 0, corrected: 0 },
    prepare: async (world) => {
      await billed(world);
      return (fence) => createIngestStore(world.db).save(fence, ingested(world.tenant, 5));
    },
  },
  {
    method: "ingest.noteHosts",
    what: "a host that can not be read",
    writes: ["metering_marks", "reconciliation_findings"],
    refused: undefined,
    prepare:
      async ({ db, tenant }) =>
      (fence) =>
        createIngestStore(db).noteHosts(
          fence,
          [{ domainId: tenant.domain, customerId: tenant.customer, cdn: "cdn-a", host: "app.example.test", reason: "not listed" }],
          nowMs,
        ),
  },
  {
    method: "ingest.settle",
    what: "how far a host was read",
    writes: ["metering_marks"],
    refused: undefined,
    prepare:
      async ({ db, tenant }) =>
      (fence) =>
        createIngestStore(db).settle(fence, [{ domainId: tenant.domain, cdn: "cdn-a", settledUntilMs: nowMs }]),
  },
  {
    method: "customerSources.note",
    what: "how a reading went",
    writes: ["cdn_accounts"],
    refused: undefined,
    prepare: async ({ db, sql, tenant }) => {
      const [row] = await sql<{ id: string }>(
        "insert into cdn_accounts (customer_id, cdn, sealed_token) values ($1, 'fastly', 'sealed') returning id",
        [tenant.customer],
      );
      return (fence) => noteReadings(db, fence, [{ accountId: Number(row?.id), error: null }], nowMs);
    },
  },
  {
    method: "billingStore.issue",
    what: "an invoice",
    refused: { status: "fenced" },
    writes: ["audit_log", "customers", "invoice_documents", "invoice_line_items", "invoice_services", "invoices", "usage_snapshots"],
    prepare: async ({ db, tenant }) => {
      await tenant.window(3);
      return (fence) => bill(db, tenant, fence);
    },
  },
  {
    method: "billingStore.issue",
    what: "an adjustment",
    refused: { status: "fenced" },
    writes: [
      "adjustment_causes",
      "audit_log",
      "customers",
      "invoice_documents",
      "invoice_line_items",
      "invoice_line_storms",
      "invoice_services",
      "invoices",
    ],
    prepare: async (world) => {
      const { db, sql, tenant } = world;
      await billed(world);
      await sql(
        "insert into usage_corrections (snapshot_id, primary_bytes, backup_bytes) select id, 2000000000, 5000000000 from usage_snapshots where service_id = $1",
        [tenant.service],
      );
      await tenant.storm();
      await sql("update storm_events set started_at = $2 where service_id = $1", [tenant.service, new Date(nowMs - 5 * hourMs)]);
      return (fence) => bill(db, tenant, fence);
    },
  },
  {
    method: "billingStore.issue",
    what: "that a day is closed",
    writes: ["customers"],
    refused: { status: "fenced" },
    prepare: ({ db, tenant }) => Promise.resolve((fence) => bill(db, tenant, fence, "day")),
  },
  {
    method: "reconciliation.checkWindows",
    what: "a difference",
    writes: ["reconciliation_findings"],
    refused: { status: "fenced" },
    prepare: async (world) => {
      await billed(world);
      await world.sql(
        "insert into usage_corrections (snapshot_id, primary_bytes, backup_bytes) select id, 7, 0 from usage_snapshots where service_id = $1",
        [world.tenant.service],
      );
      return (fence) => checkWindows(world, fence);
    },
  },
  {
    method: "reconciliation.checkWindows",
    what: "a difference that is no more",
    writes: ["reconciliation_findings"],
    refused: { status: "fenced" },
    prepare: async (world) => {
      await billed(world);
      await found(
        world,
        "window_bytes",
        "usage_snapshot",
        (await world.sql<{ id: string }>("select id from usage_snapshots where service_id = $1", [world.tenant.service]))[0]?.id,
      );
      return (fence) => checkWindows(world, fence);
    },
  },
  {
    method: "reconciliation.noteServices",
    what: "what was found of a service",
    writes: ["reconciliation_findings"],
    refused: null,
    prepare:
      async ({ db, tenant }) =>
      (fence) =>
        createReconciliationStore(db).noteServices(fence, {
          serviceIds: [tenant.service],
          rules: ["side_incomplete"],
          nowMs,
          findings: [{ serviceId: tenant.service, rule: "side_incomplete", expected: "", actual: "" }],
        }),
  },
  {
    method: "reconciliation.checkInvoices",
    what: "a difference",
    writes: ["reconciliation_findings"],
    refused: { status: "fenced" },
    prepare: async ({ db, sql, tenant }) => {
      await sql("update customers set next_invoice_number = 7 where id = $1", [tenant.customer]);
      return (fence) =>
        createReconciliationStore(db).checkInvoices(fence, { customerId: tenant.customer - 1, number: 0, count: 0 }, 100, nowMs);
    },
  },
  {
    method: "reconciliation.keepPosition",
    what: "where a sweep goes on",
    writes: ["job_cursors"],
    refused: false,
    prepare:
      async ({ db, tenant }) =>
      (fence) =>
        createReconciliationStore(db).keepPosition(fence, "reconcile:recent", { at: tenant.name }),
  },
  {
    method: "reconciliation.forgetGone",
    what: "a finding of a window that is gone",
    writes: ["reconciliation_findings"],
    refused: { cleared: 0, next: null },
    prepare: async (world) => {
      await found(world, "window_stranger", "usage_snapshot", "999999999");
      return (fence) => createReconciliationStore(world.db).forgetGone(fence, null, nowMs);
    },
  },
];

const days = (count: number) => count * 24 * hourMs;
const kept: readonly FencedWrite[] = [
  {
    method: "rollups.rollMinutes",
    what: "minutes, and how far they are",
    writes: ["probe_rollups_minute", "rollup_marks"],
    refused: false,
    prepare: async ({ db, tenant }) => {
      await tenant.samples(hourMs);
      return (fence) => createRollupStore(db).rollMinutes(fence, nowMs - hourMs, nowMs);
    },
  },
  {
    method: "rollups.rollHour",
    what: "an hour",
    writes: ["probe_rollups_hour"],
    refused: null,
    prepare: async ({ db, tenant }) => {
      const startMs = Math.floor(nowMs / hourMs) * hourMs;
      await tenant.rollup("minute", nowMs - startMs);
      return (fence) => createRollupStore(db).rollHour(fence, startMs, tenant.domain - 1, 1);
    },
  },
  {
    method: "rollups.markHours",
    what: "how far the hours are",
    writes: ["rollup_marks"],
    refused: false,
    prepare:
      async ({ db }) =>
      (fence) =>
        createRollupStore(db).markHours(fence, nowMs),
  },
  {
    method: "pruning.samples",
    what: "samples",
    writes: ["probe_samples"],
    refused: 0,
    prepare: async ({ db, tenant }) => {
      await tenant.samples(days(10));
      return (fence) => createPruneStore(db).samples(fence, nowMs - days(5), nowMs - days(5), 100);
    },
  },
  ...(["minute", "hour"] as const).map((level): FencedWrite => ({
    method: "pruning.rollups",
    what: `sums by the ${level}`,
    writes: [`probe_rollups_${level}`],
    refused: 0,
    prepare: async ({ db, tenant }) => {
      await tenant.rollup(level, days(10));
      return (fence) => createPruneStore(db).rollups(fence, level, nowMs - days(5), 100);
    },
  })),
  {
    method: "pruning.usageFacts",
    what: "pushes of windows that are billed",
    writes: ["usage_pushes"],
    refused: 0,
    prepare: async (world) => {
      await billed(world);
      await world.sql(
        "insert into usage_pushes (service_id, window_start, side, bytes, covers, actor) select service_id, window_start, 'primary', 5, 'rest', 'token:1' from usage_snapshots where service_id = $1",
        [world.tenant.service],
      );
      return (fence) => createPruneStore(world.db).usageFacts(fence, "pushes", nowMs, 100);
    },
  },
  {
    method: "pruning.probeMarks",
    what: "where a path was last probed",
    writes: ["probe_marks"],
    refused: 0,
    prepare: async ({ db, sql, tenant }) => {
      await sql("insert into probe_marks (domain_id, path, vantage, setup, round_at) values ($1, 'primary', 'vercel', 0, $2)", [
        tenant.domain,
        new Date(nowMs - days(10)),
      ]);
      return (fence) => createPruneStore(db).probeMarks(fence, nowMs - days(5), 100);
    },
  },
  {
    method: "pruning.idempotencyKeys",
    what: "remembered answers",
    writes: ["idempotency_keys"],
    refused: 0,
    prepare: async ({ db, sql, tenant }) => {
      await sql(
        "insert into idempotency_keys (customer_id, method, path, key, body_hash, status, created_at) values ($1, 'POST', '/', 'key', 'hash', 201, $2)",
        [tenant.customer, new Date(nowMs - days(10))],
      );
      return (fence) => createPruneStore(db).idempotencyKeys(fence, nowMs - days(5), 100);
    },
  },
  {
    method: "pruning.installSessions",
    what: "what installations told",
    writes: ["install_sessions"],
    refused: 0,
    prepare: async ({ db, sql }) => {
      await sql(
        `insert into install_sessions (week, session_id, protocol_version, daemon_version, platform, node_version, primary_framework, first_seen_at)
         values ('2026-W01', 'session-1', '1.0.0', '1.0.0', 'linux', '24.0.0', 'vue', $1)`,
        [new Date(nowMs - days(10))],
      );
      return (fence) => createPruneStore(db).installSessions(fence, nowMs - days(5), 100);
    },
  },
];

const observed: readonly FencedWrite[] = [
  {
    method: "corroboration.save",
    what: "what others saw of a storm's CDN",
    writes: ["adjustment_causes", "evidence", "evidence_chains", "storm_events"],
    refused: 0,
    prepare: async ({ db, sql, tenant }) => {
      const stormId = await tenant.storm();
      await sql("update storm_events set credit = 'pending', credit_reason = 'uncorroborated' where id = $1", [stormId]);
      return (fence) => createCorroborationStore(db).save(fence, [{ stormId, creditedUntilMs: nowMs, body: "{}" }]);
    },
  },
  {
    method: "observations.save",
    what: "what DNS answers after a storm's switch",
    writes: ["evidence", "evidence_chains", "routing_changes"],
    refused: false,
    prepare: async ({ db, tenant }) => {
      const change = await tenant.change("insync", await tenant.storm());
      return (fence) =>
        createObservationStore(db).save(fence, change, { atMs: nowMs, verdict: "confirmed", type: "CNAME", expected: [], resolvers: [] });
    },
  },
  {
    method: "ownership.save",
    what: "a proof that is gone, and a name that goes over for it",
    writes: ["audit_log", "domain_tenures", "service_domains"],
    refused: false,
    prepare: async ({ db, sql, tenant }) => {
      const store = createOwnershipStore(db);
      await sql("update service_domains set lapsed_at = $2, absences = 9 where id = $1", [
        tenant.domain,
        new Date(nowMs - 8 * 24 * hourMs),
      ]);
      const named = (await store.claims(tenant.domain)) ?? { name: "", claims: [] };
      const rival = { ...named.claims[0], id: 0, verifiedAtMs: null, disputedAtMs: nowMs - 1, seenAtMs: nowMs } as never;
      const changes = afterLook([...named.claims, rival], tenant.domain, "missing", nowMs).filter(
        ({ claim }) => claim.id === tenant.domain,
      );
      return (fence) => store.save(named, tenant.domain, changes, { actor: "tranche", requestId: null, fence });
    },
  },
  {
    method: "ownership.noteFirstSwitch",
    what: "a proof that was looked up for a first switch",
    writes: ["service_domains"],
    refused: undefined,
    prepare:
      async ({ db, tenant }) =>
      (fence) =>
        createOwnershipStore(db).noteFirstSwitch([tenant.domain], fence),
  },
  {
    method: "evidenceAnchors.save",
    what: "an anchor of a chain",
    writes: ["evidence_anchor_leaves", "evidence_anchors", "evidence_chains"],
    refused: false,
    prepare: async ({ db, sql, tenant }) => {
      const storm = await tenant.storm();
      await sql("insert into evidence (service_id, storm_id, kind, body) values ($1, $2, 'begin', '{}')", [tenant.service, storm]);
      const store = createEvidenceAnchorStore(db);
      const { latestHash } = await store.grown(1);
      const anchor = { body: "{}", hash: `${storm}`, keyId: null, signature: null, timestamp: null, timestampError: null };
      return (fence) => store.save(fence, anchor, [{ serviceId: tenant.service, seq: 1, hash: "x", place: 0, path: ["y"] }], latestHash);
    },
  },
  {
    method: "dnsSetup.saveCheck",
    what: "a check, with its audit row",
    writes: ["audit_log", "idempotency_keys", "readiness_checks"],
    refused: null,
    prepare: async ({ db, tenant }) => {
      const idempotency = { customerId: tenant.customer, method: "POST", path: "/check", key: "key", bodyHash: "hash" };
      const check = {
        serviceId: tenant.service,
        checkedAtMs: nowMs,
        actor: "test",
        result: "pass",
        checks: [],
        domainsChecked: 1,
        domainsTotal: 1,
      } as const;
      return (fence) => createDnsSetupStore(db).saveCheck(fence, check, { actor: "test", requestId: "r", idempotency });
    },
  },
];

/** A domain that nobody has proven, and what is known of its target. */
const unproven = async (
  sql: TestDatabase["sql"],
  tenant: { readonly service: number; readonly customer: number; readonly name: string },
) => {
  const [row] = await sql<{ id: string }>(
    "insert into service_domains (service_id, customer_id, name, primary_target, challenge_token) values ($1, $2, $3, $4, 'token') returning id",
    [tenant.service, tenant.customer, `unproven.${tenant.name}.example.com`, `${tenant.name}.cdn.example`],
  );
  await sql("insert into probe_targets (host, addresses, consent, checked_at) values ($1, 'public', 'txt', now())", [
    `${tenant.name}.cdn.example`,
  ]);
  return Number(row?.id);
};

const targets: readonly FencedWrite[] = [
  {
    method: "targets.save",
    what: "what is known of a target",
    writes: ["probe_targets"],
    refused: undefined,
    prepare:
      async ({ db, tenant }) =>
      (fence) =>
        createTargetStore(db).save(fence, [{ host: `${tenant.name}.cdn.example`, addresses: "public", consent: null }], nowMs),
  },
  {
    method: "targets.deal",
    what: "the turn of an unverified domain",
    writes: ["probe_claims"],
    refused: 0,
    prepare: async ({ db, sql, tenant }) => {
      await unproven(sql, tenant);
      return (fence) => createTargetStore(db).deal(fence);
    },
  },
  {
    method: "targets.clear",
    what: "all that is known of targets",
    writes: ["probe_claims", "probe_targets"],
    refused: undefined,
    prepare: async ({ db, sql, tenant }) => {
      const domain = await unproven(sql, tenant);
      await sql("insert into probe_claims (domain_id, path, host, phase, period) values ($1, 'primary', 'x', 0, 10)", [domain]);
      return (fence) => createTargetStore(db).clear(fence);
    },
  },
];

/** Every write of the pipeline that is decided by whoever holds a lease. */
export const fencedWrites: readonly FencedWrite[] = [
  ...rounds,
  ...reconstructed,
  ...objectives,
  ...costs,
  ...standing,
  ...observed,
  ...targets,
  ...money,
  ...kept,
  ...outbox,
  ...retained,
];
