import { noMemory } from "../../src/domain/cost/detector.ts";
import { explainFinding } from "../../src/domain/cost/explain.ts";
import { judgeValue } from "../../src/domain/cost/series.ts";
import { readSeries } from "./series.ts";
import { fileLines } from "./trace.ts";

export { SeriesError } from "./series.ts";

/** Scores a file row by row, as the cost watch would have. @param warn told what is odd about the file itself @throws SeriesError */
export async function* scoreSeries(path: string, explains: boolean, warn: (line: string) => void): AsyncGenerator<string> {
  let memory = noMemory;
  for await (const { timestamp, atMs, value } of readSeries(fileLines(path), path, warn)) {
    const judged = judgeValue(memory, value, atMs);
    memory = judged.memory;
    const { score, severity, finding } = judged.verdict;
    const explanation = explains && severity !== "none" ? explainFinding(finding, value) : null;
    yield JSON.stringify({ timestamp, value, score, severity, ...(explanation !== null && { explanation }) });
  }
}
