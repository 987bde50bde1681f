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

const mebibyte = 1_048_576;

export const costForward: Command = {
  name: "cost forward",
  summary: "forwards CloudTrail files of a folder or bucket to the deployment, each record once",
  flags: {
    from: { value: "DIR|s3://BUCKET/PREFIX", says: "where the files are: all below it are read" },
    spool: { value: "DIR", says: "a directory of its own, for what is not received yet and what was read" },
    every: { value: "SECONDS", says: "how often it looks for new files (60)" },
    "spool-max": { value: "MIB", says: "what may wait (1024): beyond that nothing is read until there is room" },
    once: { says: "ends once all that there is now is received" },
  },
  more: `
For accounts that tranche can not, or may not, read itself. It runs until SIGTERM or SIGINT, and loses and doubles nothing by being killed: what it reads
is on disk before it counts as read, and every record is stored once by its event id. A bucket is read with AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION, of its last two weeks at first. The token needs the role editor.`,
  run: async (call) => {
    const { runForward } = await import("../forward/run.ts");
    const { client } = await call.session();
    const stop = new AbortController();
    const end = (): void => stop.abort();
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, end);
    await runForward({
      client,
      stop: stop.signal,
      env: call.io.env,
      log: (line) => call.io.warn(`${new Date().toISOString()} ${line}`),
      from: call.required("from"),
      spool: call.required("spool"),
      everyMs: (call.whole("every", 1, 86_400) ?? 60) * 1_000,
      mostBytes: (call.whole("spool-max", 1, 1_048_576) ?? 1_024) * mebibyte,
      once: call.on("once"),
    });
    return exit.ok;
  },
};
