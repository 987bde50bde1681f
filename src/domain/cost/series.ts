import type { Finding, SeriesMemory } from "./detector.ts";
import { judge } from "./detector.ts";
import type { Severity } from "./score.ts";
import { severityOf } from "./score.ts";

/** Points for each power of ten: once in 100 values is medium (40), in 1,000 high (60), in 10,000 critical (80). */
const pointsOfTen = 20;

/** What is said of a value of a series; its score, 0 to 100, has the bands of all anomalies. */
export type SeriesVerdict = { readonly score: number; readonly severity: Severity; readonly finding: Finding };

const scoreOf = (finding: Finding): number => Math.min(100, Math.round(finding.rarity * pointsOfTen * 100) / 100);

/** Judges a value of a series by what was before it, and remembers it. */
export const judgeValue = (
  memory: SeriesMemory,
  value: number,
  atMs: number,
): { readonly verdict: SeriesVerdict; readonly memory: SeriesMemory } => {
  const judged = judge(memory, value, atMs);
  const score = scoreOf(judged.finding);
  return { verdict: { score, severity: severityOf(score), finding: judged.finding }, memory: judged.memory };
};
