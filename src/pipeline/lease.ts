import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { Fence, LeaseStore } from "../adapters/ports/coordination/lease.ts";

/** How often a lease is renewed within its life, so that a renewal or two may fail. */
const renewals = 3;

/** Does work under a lease and renews it for as long as that takes. Work that outlives a lost lease is fenced out of its writes. */
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

/** How often a database that is away is asked again to take a lease back. */
const againMs = 1_000;

/**
 * Gives a lease back. A database that is away for a moment must not keep it from the next run until it lapses: it is asked again
 * for as long as the lease may last. Never throws: what is not given back lapses.
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
