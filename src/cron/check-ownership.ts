import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { Fence } from "../adapters/ports/coordination/lease.ts";
import type { Log } from "../adapters/ports/platform/log.ts";
import type { DueClaim, OwnershipStore } from "../adapters/ports/tenants/ownership.ts";
import type { Resolver } from "../adapters/ports/steering/resolver.ts";
import type { Look } from "../domain/tenants/ownership.ts";
import { lookOf, lookUp, storeLook } from "../pipeline/tenants/ownership.ts";
import type { Connections } from "../pipeline/connection-slots.ts";
import { connectionOf, createConnections, nobody } from "../pipeline/connection-slots.ts";
import type { JobReport } from "./job.ts";

export type OwnershipCheckDeps = {
  readonly ownership: OwnershipStore;
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly log: Log;
  /** DOMAIN_VERIFICATION: without it no proof is required, and nothing is looked up. */
  readonly requireProof: boolean;
  /** The connections of this invocation, shared with its other work; without them a run has its own. */
  readonly connections?: Connections;
};

/** Every five minutes: 43,000 a day. The rest are the most overdue of the next run. */
const perRun = 150;
const runMs = 45_000;
const atOnce = 2;
/** Deadline of one look-up, all resolvers together. */
const lookMs = 8_000;

/**
 * Looks up the records of claims that are due, so that every proof is at most a day old (domain/tenants/ownership.ts).
 * One that fails stays due and does not affect the others.
 */
export const checkOwnership = async (deps: OwnershipCheckDeps, fence: Fence): Promise<JobReport> => {
  const { ownership, clock, log } = deps;
  if (!deps.requireProof) return { due: 0, result: "off" };
  const connections = deps.connections ?? createConnections(clock);
  const untilMs = clock.nowMs() + runMs;
  const due = await ownership.due(clock.nowMs(), perRun);
  const count: Record<Look | "failed", number> = { seen: 0, missing: 0, undecided: 0, failed: 0 };
  const author = { actor: "tranche", requestId: null, fence };

  const check = async (claim: DueClaim): Promise<void> => {
    const budget = {
      untilMs: Math.min(untilMs, clock.nowMs() + lookMs),
      connection: connectionOf(connections, { lane: "background", key: nobody }),
    };
    try {
      const look = lookOf(await lookUp(deps, claim, budget));
      const stored = await storeLook(deps, claim, look, author);
      count[look] += 1;
      if (look === "missing") log.warn("proof_missing", { name: claim.name, domain: claim.id, held: (stored?.heldAtMs ?? null) !== null });
    } catch (error) {
      count.failed += 1;
      log.error("ownership_check", error, { domain: claim.id });
    }
  };

  const queue = [...due];
  const work = async (): Promise<void> => {
    for (let claim = queue.shift(); claim !== undefined && clock.nowMs() < untilMs; claim = queue.shift()) await check(claim);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return { due: due.length, ...count };
};
