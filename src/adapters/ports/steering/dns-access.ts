import type { BesideRecord } from "../../../domain/steering/readiness-beside.ts";
import type { RoleTrust } from "../../../domain/steering/role-trust.ts";
import type { Budget } from "../platform/budget.ts";
import type { Dns, DnsBudget, WeightChange, WeightChangeResult, WeightedRecord, Weights } from "./dns.ts";
import type { DnsInventoryReader } from "./dns-inventory.ts";
import type { HealthChecks } from "./health-checks.ts";

/**
 * A compare-and-set of whole records: `after` has each one's successor, in the same order. Where nothing differs it changes
 * nothing, and proves the permission.
 */
export type PairRewrite = Omit<WeightChange, "to"> & { readonly after: readonly WeightedRecord[] };

/** A weighted CNAME pair that is to exist. */
export type PairWish = {
  readonly domain: string;
  readonly targets: { readonly primary: string; readonly backup: string };
  readonly weights: Weights;
  readonly ttlSeconds: number;
};

export type CreatedRecord = {
  readonly type: string;
  readonly setIdentifier: string;
  readonly weight: number;
  readonly ttlSeconds: number;
  readonly value: string;
};

/** `refused`: the zone as it is does not allow it; `detail` says what to do. */
export type ProvisionResult =
  | {
      readonly status: "created";
      readonly zoneId: string;
      readonly changeId: string;
      readonly records: readonly CreatedRecord[];
      /** What the owner has to decide before the records answer anybody; absent: they already do. */
      readonly question?: string;
    }
  | { readonly status: "exists"; readonly zoneId: string }
  | { readonly status: "refused"; readonly detail: string }
  | { readonly status: "failed"; readonly detail: string; readonly retryable: boolean };

/** Setting up a name, as opposed to steering it. Never throws. */
export interface DnsSetupWriter {
  /** Records of other types that bear on steering these names, HTTPS, SVCB and CAA; names that could not be read are left out. */
  inspect(domains: readonly string[], budget: DnsBudget): Promise<ReadonlyMap<string, readonly BesideRecord[]>>;
  /** One result per pair, in the order given. */
  rewrite(rewrites: readonly PairRewrite[], budget: DnsBudget): Promise<readonly WeightChangeResult[]>;
  /** Creates the pair, or the missing half of one. What exists is never changed. */
  provision(wish: PairWish, budget: DnsBudget): Promise<ProvisionResult>;
}

/** Everything that one set of DNS credentials gives access to. Without an inventory: there is no account to be looked into. */
export type DnsAccess = Dns & DnsSetupWriter & HealthChecks & Partial<DnsInventoryReader>;

/** Selects a customer's DNS credentials: their own account, else the operator's. */
export interface DnsDirectory {
  /** The operator's account. */
  readonly operator: DnsAccess;
  /** The same, restricted for customers: not in zones that serve others. Absent: no zone is bound. @param ownerOf the customer of a name */
  readonly operatorFor?: (ownerOf: (name: string) => number) => DnsAccess;
  /** Never throws: for an unusable account it returns an access whose every answer is the reason. */
  of(customerId: number): Promise<DnsAccess>;
  /** The same for many at once, in one reading. Customers not in the result have no account: the operator's applies. */
  ofAll(customerIds: readonly number[]): Promise<ReadonlyMap<number, DnsAccess>>;
}

/** Guards against the confused deputy problem: which roles named by customers may be assumed for them. */
export interface RoleTrustCheck {
  /** Tries to assume it without its external id, and with an unused one. Never throws. */
  trustOf(role: { readonly roleArn: string; readonly region: string }, budget: Budget): Promise<RoleTrust>;
}
