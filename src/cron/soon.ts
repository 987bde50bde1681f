import type { Fence, LeaseStore } from "../adapters/ports/coordination/lease.ts";
import type { Clock } from "../adapters/ports/platform/clock.ts";
import { giveBack, whileHeld } from "../pipeline/lease.ts";

export type SoonDeps = { readonly leases: LeaseStore; readonly clock: Clock; readonly provider: string };

/** A job that can be begun at any time, under the lease under which it runs by the schedule as well (`runLeased`). */
export type SoonJob<Deps> = { readonly lease: `job:${string}`; readonly work: (deps: Deps, fence: Fence) => Promise<unknown> };

/** How often, and at what distance, the lease is asked for: whoever has it may be about to end without having seen the news. */
const tries = 6;
const againMs = 500;

/** Runs once under the job's lease. Somebody else who has it all the while sees the news as well. */
const runSoon = async <Deps extends SoonDeps>({ lease, work }: SoonJob<Deps>, deps: Deps, runId: string): Promise<void> => {
  for (let asked = 0; asked < tries; asked += 1) {
    if (asked > 0) await deps.clock.sleep(againMs);
    const fence = await deps.leases.acquire(lease, deps.provider, `${deps.provider}:${runId}`);
    if (fence === null) continue;
    try {
      await whileHeld(deps, fence, () => work(deps, fence));
    } finally {
      await giveBack(deps, fence);
    }
    return;
  }
};

/**
 * Begins a job in the background when there is something to do, so that nobody waits for the next minute. One run at a time: called
 * meanwhile, it runs once more afterwards.
 * @param background keeps the invocation alive
 */
export const createStarter = <Deps extends SoonDeps>(
  job: SoonJob<Deps>,
  deps: () => Deps,
  newRunId: () => string,
  background: (work: Promise<unknown>) => void,
): (() => void) => {
  let running = false;
  let again = false;
  const run = async (): Promise<void> => {
    try {
      do {
        again = false;
        await runSoon(job, deps(), newRunId());
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
