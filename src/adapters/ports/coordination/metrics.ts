import type { SealedWith } from "../../../domain/tenants/seals.ts";
import type { LeaseStanding, ShardStanding, Takeover } from "./status.ts";

/** A snapshot of the database for operators. Ages are seconds on the database's clock. */
export type MetricsReading = {
  readonly storms: readonly { readonly kind: string; readonly state: string; readonly count: number }[];
  readonly stormsTotal: number;
  /** Kept secrets, by the key that sealed them. */
  readonly seals: readonly SealedWith[];
  /** Samples of the last five minutes; `result` is `ok` or the error code. */
  readonly samples: readonly { readonly path: string; readonly vantage: string; readonly result: string; readonly count: number }[];
  readonly jobs: readonly {
    readonly job: string;
    readonly provider: string;
    readonly successes: number;
    readonly failures: number;
    readonly overruns: number;
    readonly lastDurationMs: number | null;
    readonly lastSuccessAgeSeconds: number | null;
  }[];
  readonly counters: readonly { readonly name: string; readonly provider: string; readonly label: string; readonly value: number }[];
  readonly routingChanges: readonly { readonly result: string; readonly count: number }[];
  /** Switches of the last 24 hours by whether visitors were observed to follow. */
  readonly switchProofs: readonly { readonly proof: string; readonly count: number }[];
  /** DNS accounts that are paused after failures in a row, and those that refuse GetChange. */
  readonly dnsAccounts: { readonly paused: number; readonly pollsRefused: number };
  /** Accepted changes that are not known to be on all servers, and the age of the oldest; null: there is none. */
  readonly pendingChanges: { readonly count: number; readonly oldestAgeSeconds: number | null };
  /** Live domains by the status that the API shows. */
  readonly domains: readonly { readonly status: string; readonly count: number }[];
  /** Live services by routing state; `unsteered`: no round has handled it yet. */
  readonly services: readonly { readonly state: string; readonly reason: string; readonly count: number }[];
  /** `outcome` is `healing` or why it was not healed. */
  readonly drifts: readonly { readonly outcome: string; readonly count: number }[];
  readonly frozen: boolean;
  readonly panic: boolean;
  /** Customers all of whose services are frozen at once. */
  readonly customerFreezes: number;
  /** As the status shows them: without those of removed shards. */
  readonly leases: readonly Pick<LeaseStanding, "name" | "provider" | "epoch" | "held" | "ageSeconds">[];
  /** Null: never. */
  readonly providers: readonly {
    readonly name: string;
    readonly heartbeatAgeSeconds: number | null;
    readonly lastRoundAgeSeconds: number | null;
    readonly publicOk: boolean | null;
    readonly clockSkewMs: number | null;
  }[];
  /** Shards that passed to the other provider, in total. */
  readonly takeovers: readonly (Pick<Takeover, "kind" | "from" | "to"> & { readonly count: number })[];
  readonly vantages: readonly { readonly name: string; readonly place: string | null; readonly lastHeardAgeSeconds: number }[];
  /** Of live ones; of one that has told nothing yet, since it was made. */
  readonly probeAgents: readonly { readonly name: string; readonly lastSampleAgeSeconds: number }[];
  readonly shards: number;
  readonly shardLoads: readonly ShardStanding[];
  readonly invoices: number;
  /** Open findings of the reconciliation. */
  readonly findings: readonly { readonly rule: string; readonly count: number }[];
  /** Open ones: of customers, and the installation's, which are the same CDNs seen by the operator. */
  readonly incidents: readonly { readonly kind: string; readonly scope: string; readonly count: number }[];
  readonly channels: readonly { readonly kind: string; readonly state: string; readonly count: number }[];
  /**
   * Messages that wait, by the kind of their channel: since when the oldest was made, and for how long the one that is due longest
   * has not been tried; null: none is due.
   */
  readonly pendingDeliveries: readonly {
    readonly kind: string;
    readonly count: number;
    readonly oldestAgeSeconds: number;
    readonly overdueSeconds: number | null;
  }[];
  /** Given up within 24 hours. */
  readonly deadDeliveries: readonly { readonly kind: string; readonly count: number }[];
  /** Null: nothing waits. */
  readonly outboxLagSeconds: number | null;
  /** Open alerts of error budgets. */
  readonly sloAlerts: readonly { readonly alert: string; readonly count: number }[];
  /** By their state at the end of the last closed day; `new`: none is closed yet. */
  readonly objectives: readonly { readonly state: string; readonly count: number }[];
  /** Anomalies of cost that are not resolved. */
  readonly costAnomalies: readonly { readonly severity: string; readonly count: number }[];
  /** What idles, with what it is known to cost a month. */
  readonly zombies: readonly { readonly rule: string; readonly count: number; readonly wasteCents: number }[];
  /** Batches of events that wait to be scored, and those that could not be. */
  readonly costBatches: readonly { readonly state: string; readonly count: number; readonly oldestAgeSeconds: number }[];
  /** Breakers of outside services that are open. */
  readonly breakers: readonly { readonly kind: string; readonly count: number }[];
  /** Causes of adjustments that wait for the next billing run. */
  readonly adjustmentCauses: number;
};

export interface MetricsStore {
  /** One round trip. */
  read(): Promise<MetricsReading>;
}
