import type { RoundStore } from "../ports/round.ts";
import type { Database } from "./client.ts";
import { defaultTtlMs } from "./leases.ts";
import { saveAndEvaluate, saveWitnessed } from "./round-evaluate.ts";
import { edgeSamples } from "./round-edge.ts";
import { loadShard, survey } from "./round-load.ts";
import { saveDecisions, saveOutcomes } from "./round-save.ts";

/** The round's tables behind their port. */
export const createRoundStore = (db: Database, ttlMs = defaultTtlMs): RoundStore => ({
  load: (fence, shard, nowMs) => loadShard(db, fence, shard, nowMs, ttlMs),
  survey: (shard) => survey(db, shard),
  saveAndEvaluate: (samples, shard, presence) => saveAndEvaluate(db, samples, shard, presence, ttlMs),
  saveWitnessed: (samples, presence) => saveWitnessed(db, samples, presence, ttlMs),
  edgeSamples: (edges) => edgeSamples(db, edges),
  saveDecisions: (fence, decisions, nowMs) => saveDecisions(db, fence, decisions, nowMs),
  saveOutcomes: (fence, outcomes, nowMs) => saveOutcomes(db, fence, outcomes, nowMs),
});
