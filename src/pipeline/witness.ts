import type { Shard } from "../adapters/ports/coordination/shards.ts";
import { probeRound, roundNumber } from "./detection/probing.ts";
import { lookAround, presenceOf } from "./presence.ts";
import type { RoundDeps } from "./round.ts";
import { createConnections } from "./connection-slots.ts";

export type WitnessDeps = Pick<
  RoundDeps,
  "rounds" | "prober" | "clock" | "sharedClock" | "vantage" | "place" | "peer" | "slowPaths" | "probe" | "connections" | "requests"
>;

/** The report of a witness' round. */
export type WitnessReport = {
  readonly samples: number;
  readonly unprobed: number;
  readonly unreadable: number;
  readonly overBudget: number;
};

/**
 * The round of a provider that does not hold the shard's lease: it probes the same paths at the same cadence and records
 * what it saw as its own vantage. It decides nothing, reads no DNS and needs no lease (semantics §10). Two round trips.
 */
export const runWitness = async (deps: WitnessDeps, shard: Shard, roundAtMs: number): Promise<WitnessReport> => {
  const { rounds, clock, connections = createConnections(clock) } = deps;
  const services = await rounds.survey(shard, roundNumber(roundAtMs, deps.probe));
  const [{ samples, unprobed, unreadable, overBudget }] = await Promise.all([
    connections.probing(() => probeRound(deps, services, roundAtMs, deps.probe, connections.probes)),
    lookAround(deps, shard, connections, clock.nowMs() + deps.probe.timeoutMs),
  ]);
  await rounds.saveWitnessed(samples, presenceOf(deps, shard, false, clock.nowMs()));
  return { samples: samples.length, unprobed, unreadable, overBudget };
};
