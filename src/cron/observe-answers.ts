import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { EvidenceSigner } from "../adapters/ports/evidence/evidence-signer.ts";
import type { Fence } from "../adapters/ports/coordination/lease.ts";
import type { Log } from "../adapters/ports/platform/log.ts";
import type { ObservationStore, Observed, Unobserved } from "../adapters/ports/steering/observations.ts";
import type { NameServers } from "../adapters/ports/steering/name-servers.ts";
import type { Lookup } from "../adapters/ports/steering/resolver.ts";
import { canonicalAnswer, expectationOf, judgePropagation, proveSwitch } from "../domain/steering/propagation.ts";
import { createAuthority } from "../pipeline/steering/authority.ts";
import type { Connections } from "../pipeline/connection-slots.ts";
import { signObservation } from "../pipeline/evidence/sign.ts";
import { connectionOf, createConnections, nobody } from "../pipeline/connection-slots.ts";
import type { JobReport } from "./job.ts";

export type ObserveDeps = {
  readonly observations: ObservationStore;
  readonly lookup: Lookup;
  /** Null, or absent: the platform has no sockets, and only resolvers are queried. */
  readonly nameServers?: NameServers | null;
  readonly clock: Clock;
  readonly log: Log;
  /** Null, or absent: what is recorded is not signed. */
  readonly evidenceSigner?: EvidenceSigner | null;
  /** The connections of this invocation, shared with its other work; without them a run has its own. */
  readonly connections?: Connections;
};

/**
 * A switch that could not be observed within this time of being due has no proof: later answers would say nothing about
 * it. Another one may have followed it, its name may be gone, or this was not running. That is recorded once, too, so that no
 * record means "not yet".
 */
const givenUpAfterMs = 3_600_000;
/** Switches observed in one run, which has a minute; each waits at most for the slowest resolver. */
const perRun = 200;
const runMs = 40_000;
/** Deadline of one look-up, all resolvers together. */
const lookupMs = 12_000;

type Authority = ReturnType<typeof createAuthority> | null;

const observe = async (
  { lookup, clock }: ObserveDeps,
  authority: Authority,
  connections: Connections,
  change: Unobserved,
): Promise<Observed> => {
  const around = change.surroundings ?? { neighbours: [], health: {} };
  const expectation = expectationOf(change.records, change.to, around);
  const type = expectation?.type ?? "A";
  if (change.late) return { atMs: clock.nowMs(), verdict: "missed", type, expected: [], resolvers: [] };
  const budget = { untilMs: clock.nowMs() + lookupMs, connection: connectionOf(connections, { lane: "background", key: nobody }) };
  const readings = await lookup.lookup(change.name, type, budget);
  const ofResolvers = readings.map((reading) => ({
    resolver: reading.resolver,
    answers: reading.status === "silent" ? null : [...new Set(reading.answers.map(canonicalAnswer))].toSorted(),
  }));
  const ofZone = expectation === null ? [] : ((await authority?.ask(change.name, type, budget)) ?? []);
  const resolvers = [...ofResolvers, ...ofZone];
  const heard = expectation === null ? null : judgePropagation(expectation, resolvers, change.records);
  const visitors = proveSwitch(change.records, change.to, around, heard);
  return { atMs: clock.nowMs(), verdict: heard?.verdict ?? "unproven", type, expected: expectation?.values ?? [], resolvers, visitors };
};

/**
 * Queries public resolvers, and the zones' own name servers, for the names that were switched, once no cache may hold the old answer
 * any longer, and stores their answers with the switch. One name after the other: nothing waits for this proof.
 */
export const observeAnswers = async (deps: ObserveDeps, fence: Fence): Promise<JobReport> => {
  const { observations, clock, log } = deps;
  const connections = deps.connections ?? createConnections(clock);
  const authority = deps.nameServers == null ? null : createAuthority(deps.lookup, deps.nameServers, clock);
  const startedAtMs = clock.nowMs();
  const due = await observations.due(startedAtMs, givenUpAfterMs, perRun);
  const count = { due: due.length, stored: 0, unexpected: 0, missed: 0 };
  for (const change of due) {
    if (clock.nowMs() - startedAtMs > runMs) break;
    const observed = await observe(deps, authority, connections, change);
    const { verdict, expected, visitors } = observed;
    if (verdict === "other") log.warn("answer_unexpected", { name: change.name, change: change.changeRowId, expected: expected.join(" ") });
    if (visitors?.proof === "diverged") {
      log.error("switch_diverged", undefined, {
        name: change.name,
        change: change.changeRowId,
        reason: visitors.reason,
        detail: visitors.detail,
      });
    }
    if (
      !(await observations.save(fence, change.changeRowId, observed, await signObservation(deps.evidenceSigner ?? null, change, observed)))
    )
      continue;
    count.stored += 1;
    if (verdict === "other") count.unexpected += 1;
    if (verdict === "missed") count.missed += 1;
  }
  return count;
};
