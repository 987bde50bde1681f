import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { SeriesRow } from "../../cli/backtest/series.ts";
import { readSeries } from "../../cli/backtest/series.ts";
import { fileLines } from "../../cli/backtest/trace.ts";
import type { AnomalyWindow } from "./nab.ts";

/** A series with the windows in which an alarm is right. */
export type LabelledSeries = {
  readonly name: string;
  readonly rows: readonly { readonly atMs: number; readonly value: number }[];
  readonly windows: readonly AnomalyWindow[];
};

/** The benchmark writes `2015-07-27 10:56:00.000000`, in UTC. */
const time = (text: string): number => Date.parse(`${text.slice(0, 19).replace(" ", "T")}Z`);

/** Reads a folder of series with its `anomaly-windows.json`: by file name, pairs of first and last time. */
export const readLabelled = async (folder: string): Promise<readonly LabelledSeries[]> => {
  const labels = JSON.parse(await readFile(join(folder, "anomaly-windows.json"), "utf8")) as Record<string, [string, string][]>;
  return Promise.all(
    Object.entries(labels).map(async ([name, spans]) => {
      const path = join(folder, name);
      const rows: SeriesRow[] = [];
      for await (const row of readSeries(fileLines(path), path, () => undefined)) rows.push(row);
      return { name, rows, windows: spans.map(([from, to]) => ({ fromMs: time(from), toMs: time(to) })) };
    }),
  );
};
