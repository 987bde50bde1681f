import type { Clock } from "../adapters/ports/clock.ts";
import type { Fence, LeaseStore } from "../adapters/ports/lease.ts";

/** Three times within the life of a lease (45 s, semantics §10), so that a renewal or two may fail. */
const renewalMs = 15_000;

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
      await clock.sleep(renewalMs, done.signal);
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
