import type { TimeKeeper } from "../../ports/platform/clock.ts";
import type { RoundStore } from "../../ports/detection/round.ts";
import type { Database } from "../platform/client.ts";
import { defaultTtlMs } from "../coordination/leases.ts";
import { saveAndEvaluate } from "./evaluate.ts";
import { edgeSamples } from "./edge.ts";
import { loadShard, survey } from "./load.ts";
import { createShardReader } from "./pages.ts";
import { saveWitnessed } from "./samples.ts";
import { saveDecisions, saveOutcomes } from "./save.ts";

/** The round's tables behind their port. @param time receives the database's clock @param requireProof DOMAIN_VERIFICATION */
export const createRoundStore = (db: Database, ttlMs = defaultTtlMs, time: TimeKeeper | null = null, requireProof = true): RoundStore => {
  const read = createShardReader(db, time);
  return {
    load: (fence, shard, round, nowMs) => loadShard(requireProof, read, fence, shard, round, nowMs, ttlMs),
    survey: (shard, round) => survey(requireProof, read, shard, round),
    saveAndEvaluate: (fence, samples, services, presence) => saveAndEvaluate(db, fence, samples, services, presence, ttlMs, time),
    saveWitnessed: (samples, presence) => saveWitnessed(db, samples, presence, ttlMs, time),
    edgeSamples: (edges) => edgeSamples(db, edges),
    saveDecisions: (fence, decisions, nowMs) => saveDecisions(db, fence, decisions, nowMs),
    saveOutcomes: (fence, outcomes, nowMs) => saveOutcomes(db, fence, outcomes, nowMs),
  };
};
