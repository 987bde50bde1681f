import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Bench } from "../../support/processes.ts";
import { openBench } from "../../support/processes.ts";

const { scripts } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as {
  scripts: Record<string, string>;
};

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.clear());

/** Those that belong to somebody else and say it their way. */
const others: Readonly<Record<string, RegExp>> = {
  test: /vitest run|--help/,
  "db:generate": /drizzle-kit|OPTIONS|--help/i,
  format: /oxfmt|Usage/,
  "format:check": /oxfmt|Usage/,
  "client:build": /tsc/,
  prepack: /npm run/,
  // Commands of the command line, under its name.
  backtest: /^Usage: tranche backtest/,
  "cost:backtest": /^Usage: tranche cost backtest/,
  "evidence:verify": /^Usage: tranche evidence verify/,
};

it.each(Object.keys(scripts))("npm run %s -- --help says how it is used, and does nothing", async (script) => {
  const started = bench.run(script, ["--help"]);
  expect(await started.ended, started.output()).toBe(0);
  expect(started.output()).toMatch(others[script] ?? new RegExp(`^Usage: .*npm (run )?${script}`));
  // Nothing was begun: no table, no file, no server.
  if (others[script] === undefined) expect(started.output()).not.toMatch(/measured|written|listening|applied/);
  expect(await bench.leftovers()).toEqual([]);
});
