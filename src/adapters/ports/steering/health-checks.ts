import type { DnsBudget } from "./dns.ts";

/** What a health check asks: a GET of `path` at a host, from all over the world. */
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
  /** Rises with every change; a change that names an old one is refused. */
  readonly version: number;
  /** The name under which it was made: once per account, also after it is gone. */
  readonly reference: string;
  /** Null: not a check of the kind that tranche makes. */
  readonly target: HealthCheckTarget | null;
  /** A disabled check counts as healthy. */
  readonly disabled: boolean;
};

/** How many checkers there are and see the target healthy, and the regions in which at least one does, and those in which none does. */
export type CheckersView = {
  readonly healthy: number;
  readonly all: number;
  readonly regions: { readonly healthy: readonly string[]; readonly others: readonly string[] };
};

export type HealthCheckFailure = { readonly status: "failed"; readonly detail: string; readonly retryable: boolean };
export type HealthCheckResult<Done> = ({ readonly status: "done" } & Done) | HealthCheckFailure;

/** Health checks at the DNS provider, which work while nobody of tranche does. Never throws. */
export interface HealthChecks {
  /**
   * Makes a check, or finds the one that was made under this reference before.
   * `spent`: the reference belonged to one that is gone, and cannot be used again.
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
  /** What the provider's checkers see now; `missing`: there is no such check. */
  observeCheck(id: string, budget: DnsBudget): Promise<HealthCheckResult<{ readonly seen: CheckersView }> | { readonly status: "missing" }>;
  /** One that is gone already counts as deleted. */
  deleteCheck(id: string, budget: DnsBudget): Promise<HealthCheckResult<object>>;
}
