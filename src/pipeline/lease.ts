import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { Fence, LeaseStore } from "../adapters/ports/coordination/lease.ts";

/** How often a lease is renewed within its life, so that a renewal or two may fail. */
const renewals = 3;

/** Runs work under a lease, renewing it meanwhile. Writes after a lost lease are fenced off. */
export const whileHeld = async <T>(
  deps: { readonly leases: LeaseStore; readonly clock: Clock },
  fence: Fence,
  work: () => Promise<T>,
): Promise<T> => {
  const { leases, clock } = deps;
  const done = new AbortController();
  const keep = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(leases.ttlMs / renewals, done.signal);
      if (done.signal.aborted || !(await leases.renew(fence).catch(() => true))) return;
    }
  };
  void keep();
  try {
    return await work();
  } finally {
    done.abort();
  }
};

/** The retry interval of a release while the database is unreachable. */
const againMs = 1_000;

/**
 * Releases a lease. A brief outage of the database must not block the next run until it lapses: retried
 * for as long as the lease may last. Never throws: an unreleased lease lapses.
 */
export const giveBack = async ({ leases, clock }: { readonly leases: LeaseStore; readonly clock: Clock }, fence: Fence): Promise<void> => {
  const untilMs = clock.nowMs() + leases.ttlMs;
  for (;;) {
    try {
      return await leases.release(fence);
    } catch {
      if (clock.nowMs() + againMs >= untilMs) return;
      await clock.sleep(againMs);
    }
  }
};
