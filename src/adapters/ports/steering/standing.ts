import type { StandingFailover } from "../../../domain/steering/standing-failover.ts";
import type { Change } from "../tenants/change.ts";
import type { WeightedRecord } from "./dns.ts";
import type { Fence } from "../coordination/lease.ts";
import type { DnsStanding } from "../detection/round-view.ts";

/** A standing failover with the domain it is for. */
export type StandingDomain = StandingFailover & {
  readonly domainId: number;
  readonly customerId: number;
  readonly name: string;
  readonly primaryTarget: string | null;
  readonly backupTarget: string | null;
  /** Null: the configured PROBE_PATH. */
  readonly expectStatus: string;
  readonly probePath: string | null;
  readonly frozen: boolean;
  readonly shadow: boolean;
  readonly verified: boolean;
  /** As last read; null: never. */
  readonly routingStatus: "found" | "unprovisioned" | "error" | null;
  readonly zoneId: string | null;
  readonly records: readonly WeightedRecord[] | null;
  readonly attached: boolean;
  readonly checkedAtMs: number | null;
  readonly lastError: string | null;
  /** The step that failed last, how often in a row, and when it is retried. */
  readonly failedStep: string | null;
  readonly failures: number;
  readonly nextAtMs: number | null;
  /** The domain, or its service, was deleted: rounds no longer read its records, and its checks are to be deleted. */
  readonly orphaned: boolean;
};

export type StandingProgress = Pick<
  StandingDomain,
  | "domainId"
  | "generation"
  | "checks"
  | "restore"
  | "obsolete"
  | "attached"
  | "checkedAtMs"
  | "lastError"
  | "failedStep"
  | "failures"
  | "nextAtMs"
>;

export type StandingView = {
  readonly domainId: number;
  readonly state: "standing" | "removing";
  readonly attached: boolean;
  readonly disabled: boolean;
  readonly primaryCheckId: string | null;
  readonly backupCheckId: string | null;
  readonly lastError: string | null;
  readonly checkedAtMs: number | null;
  readonly createdAtMs: number;
};

/** What may be asked for with a domain. */
export type StandingWish = { readonly kind: "made"; readonly view: StandingView } | { readonly kind: "refused"; readonly detail: string };

/** Standing failovers: the desired state set by the API, the actual state by the job. */
export interface StandingStore {
  /** @returns null where there is no such domain; a view of null where it has no standing failover */
  get(customerId: number, serviceId: number, domainId: number): Promise<{ readonly view: StandingView | null } | null>;
  /** Requests one. @returns null where there is no such domain */
  want(customerId: number, serviceId: number, domainId: number, nonce: string, change: Change): Promise<StandingWish | null>;
  /** Requests its removal. @returns false where there is no such domain; true although there was none */
  unwant(customerId: number, serviceId: number, domainId: number, change: Change): Promise<boolean>;
  /** Every standing failover, ascending by domain; that of a deleted domain is `removing`. */
  all(): Promise<readonly StandingDomain[]>;
  /** DNS accounts that rounds have found failing. */
  troubledAccounts(): Promise<readonly DnsStanding[]>;
  /** Stores its actual state, without its desired one. @returns false where the lease is lost */
  save(fence: Fence, progress: StandingProgress): Promise<boolean>;
  /** The records now reference other health checks: writes an audit row, and has them read again. */
  noteRewrite(fence: Fence, domainId: number, records: readonly WeightedRecord[], action: "attach" | "detach"): Promise<void>;
  /** The live records differ from the last reading. */
  readAgain(fence: Fence, domainId: number): Promise<void>;
  /** Deletes it: nothing is left of it at the provider. */
  forget(fence: Fence, domainId: number): Promise<void>;
}
