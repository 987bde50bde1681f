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
  /** The step that failed last, how often in a row, and when it is tried again. */
  readonly failedStep: string | null;
  readonly failures: number;
  readonly nextAtMs: number | null;
  /** The domain, or its service, was deleted: no round reads its records any more, and its checks are to go. */
  readonly orphaned: boolean;
};

export type StandingProgress = Pick<
  StandingDomain,
  | "domainId" | "generation" | "checks" | "restore" | "obsolete" | "attached" | "checkedAtMs" | "lastError" | "failedStep" | "failures" | "nextAtMs"
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

/** Standing failovers: what is wanted of them by the API, what has become of them by the job. */
export interface StandingStore {
  /** @returns null where there is no such domain; a view of null where it has no standing failover */
  get(customerId: number, serviceId: number, domainId: number): Promise<{ readonly view: StandingView | null } | null>;
  /** Wants one. @returns null where there is no such domain */
  want(customerId: number, serviceId: number, domainId: number, nonce: string, change: Change): Promise<StandingWish | null>;
  /** Wants it gone. @returns false where there is no such domain; true although there was none */
  unwant(customerId: number, serviceId: number, domainId: number, change: Change): Promise<boolean>;
  /** Every standing failover, ascending by domain; that of a deleted domain is `removing`. */
  all(): Promise<readonly StandingDomain[]>;
  /** DNS accounts that rounds have found in trouble. */
  troubledAccounts(): Promise<readonly DnsStanding[]>;
  /** Keeps how far it has come; what is wanted of it is left alone. @returns false where the lease is lost */
  save(fence: Fence, progress: StandingProgress): Promise<boolean>;
  /** The records carry other health checks now: with an audit row, and they are read again. */
  noteRewrite(fence: Fence, domainId: number, records: readonly WeightedRecord[], action: "attach" | "detach"): Promise<void>;
  /** The records are not as they were last read. */
  readAgain(fence: Fence, domainId: number): Promise<void>;
  /** Nothing is left of it. */
  forget(fence: Fence, domainId: number): Promise<void>;
}
