/**
 * How long a table's rows are kept: for days, for as long as a setting says, or (`stays`) with a reason for not deleting them
 * by age. `stays` besides a period: rows that are kept even so.
 */
export type Retention =
  | { readonly days: number; readonly stays?: string }
  | { readonly setting: "SAMPLE_RETENTION" | "SESSION_TTL_SECONDS" | "AUDIT_RETENTION" | "COST_EVENT_RETENTION" }
  | { readonly stays: string };

const books = { stays: "the books" } as const;
const few = { stays: "a handful of rows" } as const;
const byOwner = { stays: "a row a domain or service" } as const;
const parties = { stays: "invoices, storms and usage refer to them" } as const;
const terms = { stays: "by these a storm was judged, or a window was billed" } as const;
const promises = { stays: "what was promised, and what did not count" } as const;
const access = { stays: "who had access, and by which account was read" } as const;
const holdings = { stays: "usage is attributed by who held what, and how far it was read" } as const;
const facts = { days: 400, stays: "that of windows that are not billed yet" } as const;

/**
 * Every table of the schema. docs/retention.md gives the reasons; `cron/prune.ts` has a task for each with a
 * period. A table without an entry fails test/adapters/db/retention.test.ts.
 */
export const retention = {
  probe_samples: { setting: "SAMPLE_RETENTION" },
  probe_marks: { setting: "SAMPLE_RETENTION" },
  probe_rollups_minute: { days: 35 },
  probe_minutes_folded: { days: 35 },
  probe_rollups_hour: { days: 400 },
  rollup_marks: few,
  job_cursors: few,
  counters: few,
  settings: few,
  issuer_profile: few,
  vantages: { days: 35 },

  storm_events: { stays: "what invoices refer to" },
  evidence: {
    days: 400,
    stays: "that of a storm on an invoice or in a window that is still to be billed or billed anew, and what follows it in its chain",
  },
  evidence_anchors: { stays: "a row a day, by which chains are known to be what they were" },
  evidence_anchor_leaves: { stays: "a row a service and day on which something was recorded of it" },
  evidence_chains: { stays: "where a chain ends, and where it was cut" },

  service_states: { days: 800, stays: "those that have not ended" },
  slo_alerts: { days: 800, stays: "those that are not resolved" },
  slo_objectives: promises,
  slo_objective_versions: promises,
  slo_corrections: promises,
  slo_daily_snapshots: { stays: "a row an objective and day: what was promised, and kept" },
  slo_achievements: byOwner,
  slo_digests: { stays: "a row a customer and week" },
  slo_reconstructions: byOwner,

  routing_changes: { days: 400, stays: "the last switch that was made of each domain, and those whose outcome is not known" },
  routing_drifts: { days: 400 },
  domain_routing: byOwner,
  service_routing: byOwner,
  readiness_checks: byOwner,
  standing_failovers: byOwner,
  dns_standings: { stays: "a row an account in trouble; it goes when the account is well, or replaced" },

  customer_quotas: { stays: "a row a customer whose limits an admin has set" },
  probe_targets: { days: 2 },
  probe_claims: { stays: "a row a path of an unverified domain: dealt anew every five minutes" },
  customers: parties,
  services: parties,
  service_domains: parties,
  storm_policies: parties,
  storm_policy_versions: terms,
  billing_terms: terms,
  billing_profiles: terms,
  service_cdns: holdings,
  domain_tenures: holdings,
  metering_marks: holdings,
  customer_tokens: access,
  admin_tokens: access,
  accounts: access,
  account_links: { days: 30 },
  account_sessions: { days: 1 },
  account_attempts: { days: 1 },
  probe_agents: access,
  dns_accounts: access,
  dns_zone_grants: access,
  cdn_accounts: access,

  usage_snapshots: books,
  usage_corrections: books,
  usage_correction_requests: books,
  invoices: books,
  invoice_line_items: books,
  invoice_line_storms: books,
  invoice_line_uncredited: books,
  invoice_documents: books,
  invoice_services: books,
  usage_readings: facts,
  usage_readings_past: facts,
  usage_pushes: facts,
  usage_pushes_past: facts,
  adjustment_causes: { stays: "a queue: the next billing run takes them" },
  invoice_links: { days: 400 },
  reconciliation_findings: { days: 400, stays: "those that are not cleared" },

  cost_events: { setting: "COST_EVENT_RETENTION" },
  cost_hours: { setting: "COST_EVENT_RETENTION" },
  cost_batches: { days: 90, stays: "those that are still to be scored" },
  cost_files: { stays: "files of the hour that is listed again, and those that could not be read: reading forgets them" },
  cost_seasons: { stays: "192 rows a series of egress at most: what is usual at an hour" },
  zombie_sightings: { stays: "until what idles is used again, or gone" },
  cost_series: { stays: "a row a series: what is usual of it would have to be learnt again" },
  cost_anomalies: { days: 400, stays: "those that are not resolved" },
  cost_modes: { stays: "a row a customer who is told of anomalies" },
  cost_rates: { stays: "a row a customer and CDN: what it charges" },
  cost_accounts: access,
  cost_cursors: { stays: "a row a prefix of a bucket: how far it was read" },
  zombies: { days: 400, stays: "those that are not remediated" },
  zombie_hunts: { stays: "a row a customer" },
  breakers: { days: 7, stays: "a row an account, as long as it is called: it goes with its account" },

  notifications: { days: 90, stays: "those whose messages are not decided, or of which one is kept" },
  deliveries: { days: 90, stays: "those that wait, and the one that opened what is still open" },
  incidents: { days: 90, stays: "those that are open, or of which a message is kept" },
  incident_services: { days: 90, stays: "those of incidents that are kept" },
  channels: { stays: "a row a channel, removed ones too: messages refer to them" },

  status_pages: { stays: "a row a customer who publishes one" },
  customer_freezes: { stays: "an order that is in force, until it is lifted: a row a customer" },
  status_incidents: { stays: "what a customer has published: a thousand at most, until it deletes them" },

  audit_log: { setting: "AUDIT_RETENTION" },
  idempotency_keys: { days: 1 },
  install_sessions: { setting: "SESSION_TTL_SECONDS" },

  takeovers: { days: 400, stays: "the newest, which the next one is chained to" },
  leases: { days: 1, stays: "those of shards and jobs: of readiness checks each has a name of its own" },
  tick_runs: few,
  job_runs: few,
  providers: few,
  shard_loads: few,
} as const satisfies Readonly<Record<string, Retention>>;

type Kept = typeof retention;

/** Tables whose rows are deleted by age. */
export type AgingTable = {
  [Table in keyof Kept]: Kept[Table] extends { readonly days: number } | { readonly setting: string } ? Table : never;
}[keyof Kept];

type DatedTable = { [Table in keyof Kept]: Kept[Table] extends { readonly days: number } ? Table : never }[keyof Kept];

/** @returns milliseconds, of a table with a fixed period */
export const keptMs = (table: DatedTable): number => retention[table].days * 86_400_000;
