import type { DnsBudget } from "./dns.ts";

/** A health check's request: a GET of `path` at a host, from all regions. */
export type HealthCheckTarget = {
  readonly type: "HTTP" | "HTTPS";
  /** A hostname or an IP address. */
  readonly host: string;
  readonly port: number;
  /** Begins with a slash. */
  readonly path: string;
};

export type HealthCheck = {
  readonly id: string;
  /** Increments with every change; a change that names an old one is refused. */
  readonly version: number;
  /** The caller reference: unique per account, also after deletion. */
  readonly reference: string;
  /** Null: not a check of the kind that tranche makes. */
  readonly target: HealthCheckTarget | null;
  /** A disabled check counts as healthy. */
  readonly disabled: boolean;
};

/** How many checkers there are, how many see the target healthy, and the regions in which at least one does, or none does. */
export type CheckersView = {
  readonly healthy: number;
  readonly all: number;
  readonly regions: { readonly healthy: readonly string[]; readonly others: readonly string[] };
};

export type HealthCheckFailure = { readonly status: "failed"; readonly detail: string; readonly retryable: boolean };
export type HealthCheckResult<Done> = ({ readonly status: "done" } & Done) | HealthCheckFailure;

/** Health checks at the DNS provider, which work without tranche. Never throws. */
export interface HealthChecks {
  /**
   * Creates a check, or finds the one created under this reference before.
   * `spent`: the reference belonged to a deleted one, and cannot be reused.
   */
  createCheck(
    reference: string,
    target: HealthCheckTarget,
    disabled: boolean,
    budget: DnsBudget,
  ): Promise<HealthCheckResult<{ readonly check: HealthCheck }> | { readonly status: "spent" }>;
  /** Every check of the account, by id. */
  listChecks(budget: DnsBudget): Promise<HealthCheckResult<{ readonly checks: ReadonlyMap<string, HealthCheck> }>>;
  /** Compare-and-set by the version. `stale`: somebody changed it meanwhile; `missing`: it is gone. */
  updateCheck(
    check: Pick<HealthCheck, "id" | "version">,
    target: HealthCheckTarget,
    disabled: boolean,
    budget: DnsBudget,
  ): Promise<HealthCheckResult<{ readonly check: HealthCheck }> | { readonly status: "stale" | "missing" }>;
  /** The checkers' present status; `missing`: there is no such check. */
  observeCheck(id: string, budget: DnsBudget): Promise<HealthCheckResult<{ readonly seen: CheckersView }> | { readonly status: "missing" }>;
  /** Idempotent. */
  deleteCheck(id: string, budget: DnsBudget): Promise<HealthCheckResult<object>>;
}
