import type { Command } from "../command.ts";
import { exit, usageError } from "../exit.ts";

export const costBacktest: Command = {
  name: "cost backtest",
  summary: "scores a recorded series of costs (CSV) by the engine of the cost watch",
  operands: "SERIES.csv",
  count: [1, 1],
  offline: true,
  flags: { explain: { says: "adds to each anomaly why it is one" } },
  more: `
SERIES.csv has the columns timestamp,value, sorted by time, of any step; a timestamp without a zone is in UTC. Each row is answered by a line of
JSON: timestamp, value, score (0 to 100) and severity (none, medium, high, critical).`,
  run: async ({ operands: [path = ""], on, io }) => {
    const { scoreSeries, SeriesError } = await import("../backtest/cost-backtest.ts");
    try {
      for await (const line of scoreSeries(path, on("explain"), io.warn)) io.say(line);
      return exit.ok;
    } catch (error) {
      if (error instanceof SeriesError) throw usageError(error.message);
      throw error instanceof Error && "code" in error ? usageError(`${path}: ${error.message}`) : error;
    }
  },
};
