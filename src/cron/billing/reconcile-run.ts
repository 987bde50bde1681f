import type { Clock } from "../../adapters/ports/platform/clock.ts";
import type { Fence } from "../../adapters/ports/coordination/lease.ts";
import type { Log, LogFields } from "../../adapters/ports/platform/log.ts";
import type { Noted, ReconciliationStore } from "../../adapters/ports/billing/reconciliation.ts";
import type { UsageSource } from "../../adapters/ports/metering/usage.ts";
import type { CheckLimits } from "../../domain/metering/check-spans.ts";

export type ReconcileDeps = {
  readonly reconciliation: ReconciliationStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly provider: string;
  /** CDNs that the operator measures for all customers. */
  readonly usageSources: readonly Pick<UsageSource, "cdn">[];
  readonly usageWindows: { readonly windowMs: number; readonly lookbackMs: number };
};

/** How a sweep ended this night: complete, out of time, or the lease is lost. */
export type SweepEnd = "done" | "later" | "fenced";

/** The state of one night's run that its sweeps share. */
export type ReconcileRun = ReconcileDeps & {
  readonly fence: Fence;
  readonly limits: CheckLimits;
  readonly nowMs: number;
  readonly count: {
    chunks: number;
    recentWindows: number;
    olderWindows: number;
    invoices: number;
    differences: number;
    cleared: number;
    failures: number;
  };
  /** Adds up the findings, and logs the first ones. */
  note(noted: Noted): void;
  /** Something could not be checked; the sweep continues after it. */
  fail(error: unknown, what: LogFields): void;
};

/** Most rows named in the log; all of them are in `reconciliation_findings`. */
const namedRows = 50;

export const openRun = (deps: ReconcileDeps, fence: Fence, limits: CheckLimits): ReconcileRun & { readonly lastError: () => unknown } => {
  const count = { chunks: 0, recentWindows: 0, olderWindows: 0, invoices: 0, differences: 0, cleared: 0, failures: 0 };
  let named = 0;
  let lastError: unknown = null;
  return {
    ...deps,
    fence,
    limits,
    nowMs: deps.clock.nowMs(),
    count,
    note: (noted) => {
      count.differences += noted.differences;
      count.cleared += noted.cleared;
      for (const finding of noted.named.slice(0, namedRows - named)) {
        named += 1;
        deps.log.error("reconciliation_difference", new Error("figures differ"), { ...finding });
      }
    },
    fail: (error, what) => {
      lastError = error;
      count.failures += 1;
      deps.log.error("reconcile", error, what);
    },
    lastError: () => lastError,
  };
};
