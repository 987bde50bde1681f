import type { RoundStore } from "../ports/round.ts";
import type { Database } from "./client.ts";
import { saveAndEvaluate } from "./round-evaluate.ts";
import { edgeSamples } from "./round-edge.ts";
import { loadShard } from "./round-load.ts";
import { saveDecisions, saveOutcomes } from "./round-save.ts";

/** The round's tables behind their port. */
export const createRoundStore = (db: Database): RoundStore => ({
  load: (fence, shard) => loadShard(db, fence, shard),
  saveAndEvaluate: (samples, vantage, shard, nowMs, place) => saveAndEvaluate(db, samples, vantage, shard, nowMs, place ?? null),
  edgeSamples: (edges) => edgeSamples(db, edges),
  saveDecisions: (fence, decisions, nowMs) => saveDecisions(db, fence, decisions, nowMs),
  saveOutcomes: (fence, outcomes, domains, doubts, settled, nowMs) =>
    saveOutcomes(db, fence, outcomes, domains, doubts, settled, nowMs),
});
