import { afterAll, beforeAll, expect, it } from "vitest";
import type { Bench, Started } from "../../support/processes.ts";
import { alive, openBench } from "../../support/processes.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.clear());

it.each<[string, readonly string[], (started: Started) => unknown, number | string]>([
  ["SIGTERM to npm", ["--scenario=frozen"], ({ npm }) => npm.kill("SIGTERM"), 130],
  ["kill -9 of node", ["--scenario=frozen"], ({ node }) => process.kill(node().pid, "SIGKILL"), "SIGKILL"],
  ["kill -9 of npm, with both providers", ["--scenario=split-brain"], ({ npm }) => npm.kill("SIGKILL"), "SIGKILL"],
  ["kill -9 of node, with both providers", ["--scenario=split-brain"], ({ node }) => process.kill(node().pid, "SIGKILL"), "SIGKILL"],
])("the drill leaves nothing behind on %s", async (_, args, end, code) => {
  const started = bench.run("drill", args);
  await started.prints(/the world stands/);
  const all = started.all();
  expect(all.some(({ command }) => command.includes("workerd serve"))).toBe(true);
  end(started);
  expect(await started.ended).toBe(code);
  expect(started.output()).not.toMatch(/Every step happened|The drill FAILED/);
  await expect.poll(() => [...alive(all), ...bench.strays()], { timeout: 60_000, interval: 200 }).toEqual([]);
  await expect.poll(() => bench.leftovers(), { timeout: 60_000, interval: 200 }).toEqual([]);
});
