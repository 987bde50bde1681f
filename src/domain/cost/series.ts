import type { Finding, SeriesMemory } from "./detector.ts";
import { judge } from "./detector.ts";
import type { Severity } from "./score.ts";
import { severityOf } from "./score.ts";

/** Points for each power of ten: once in 100 values is medium (40), in 1,000 high (60), in 10,000 critical (80). */
const pointsOfTen = 20;

/** What is said of a value of a series. */
export type SeriesVerdict = { readonly score: number; readonly severity: Severity; readonly finding: Finding };

/** The score of a finding, 0 to 100, by which its severity is the one of all anomalies. */
export const verdictOf = (finding: Finding): SeriesVerdict => {
  const score = Math.min(100, Math.round(finding.rarity * pointsOfTen * 100) / 100);
  return { score, severity: severityOf(score), finding };
};

/** Judges a value of a series by what was before it, and remembers it. */
export const judgeValue = (
  memory: SeriesMemory,
  value: number,
  atMs: number,
): { readonly verdict: SeriesVerdict; readonly memory: SeriesMemory } => {
  const judged = judge(memory, value, atMs);
  return { verdict: verdictOf(judged.finding), memory: judged.memory };
};
