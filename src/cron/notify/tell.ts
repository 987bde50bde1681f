import type { LeaseStore } from "../../adapters/ports/coordination/lease.ts";
import { giveBack, whileHeld } from "../../pipeline/lease.ts";
import type { DeliverDeps } from "./deliver.ts";
import { deliver } from "./deliver.ts";

export type TellDeps = DeliverDeps & { readonly leases: LeaseStore; readonly provider: string };

/** How often, and at what distance, the lease is asked for: whoever has it may be about to end without having seen the news. */
const tries = 6;
const againMs = 500;

/** The lease of the job, under which it runs by the schedule as well (`runLeased`). */
const deliverLease = "job:deliver";

/** Delivers once under the job's lease. Somebody else who has it all the while sees the news as well. */
const deliverSoon = async (deps: TellDeps, runId: string): Promise<void> => {
  for (let asked = 0; asked < tries; asked += 1) {
    if (asked > 0) await deps.clock.sleep(againMs);
    const fence = await deps.leases.acquire(deliverLease, deps.provider, `${deps.provider}:${runId}`);
    if (fence === null) continue;
    try {
      await whileHeld(deps, fence, () => deliver(deps, fence));
    } finally {
      await giveBack(deps, fence);
    }
    return;
  }
};

/**
 * Begins to deliver what a round, or a request, has just written, so that nobody waits for the next minute. One run at a time:
 * called meanwhile, it runs once more afterwards.
 * @param background keeps the invocation alive
 */
export const createTeller = (deps: () => TellDeps, newRunId: () => string, background: (work: Promise<unknown>) => void): (() => void) => {
  let running = false;
  let again = false;
  const run = async (): Promise<void> => {
    try {
      do {
        again = false;
        await deliverSoon(deps(), newRunId());
      } while (again);
    } finally {
      running = false;
    }
  };
  return () => {
    again = true;
    if (running) return;
    running = true;
    background(run());
  };
};
