import type { Shard } from "../adapters/ports/dispatcher.ts";
import { probeRound, roundNumber } from "./probing.ts";
import { lookAtPeer, presenceOf } from "./presence.ts";
import type { RoundDeps } from "./round.ts";
import { createSlots, waitingConnections } from "./slots.ts";

export type WitnessDeps = Pick<RoundDeps, "rounds" | "prober" | "clock" | "sharedClock" | "vantage" | "place" | "peer" | "slowPaths" | "probe" | "slots">;

/** What a witness' round came to. */
export type WitnessReport = { readonly samples: number; readonly unprobed: number };

/**
 * The round of a provider that does not hold the shard's lease: it probes the same paths at the same cadence and records
 * what it saw as its own vantage. It decides nothing, reads no DNS and needs no lease (semantics §10). Two round trips.
 */
export const runWitness = async (deps: WitnessDeps, shard: Shard, roundAtMs: number): Promise<WitnessReport> => {
  const { rounds, clock, place } = deps;
  const services = await rounds.survey(shard, roundNumber(roundAtMs, deps.probe));
  const slots = deps.slots ?? createSlots(waitingConnections);
  lookAtPeer(deps, shard, slots);
  const [{ samples, unprobed }] = await Promise.all([probeRound(deps, services, roundAtMs, deps.probe, slots), place?.look()]);
  await rounds.saveWitnessed(samples, presenceOf(deps, shard, false, clock.nowMs()));
  return { samples: samples.length, unprobed };
};
