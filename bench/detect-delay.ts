import { outageModes, simulateOutage } from "../test/support/outage.ts";
import type { SimulatedOutage } from "../test/support/outage.ts";
import { percentile } from "./load.ts";
import { printTable } from "./table.ts";

const outages = 200;

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

const row = (name: string, of: readonly SimulatedOutage[]): readonly string[] => {
  const delays = of.map(({ delayMs }) => delayMs);
  const beyond = of.map(({ beyondMs }) => beyondMs);
  return [
    name,
    String(of.length),
    ...[0, 0.5, 0.9].map((share) => seconds(percentile(delays, share))),
    seconds(Math.max(...delays)),
    seconds(percentile(beyond, 0.5)),
    seconds(Math.max(...beyond)),
    seconds(Math.max(...of.map(({ allowedMs }) => allowedMs))),
  ];
};

/** How long outages stay unseen by the default policy at a cadence of 10 s, in virtual time. */
export const benchDetectDelay = async (): Promise<void> => {
  process.stdout.write(`\ndetect: from the first failing probe to the storm, ${outages} random outages, default policy, 10 s cadence\n\n`);
  const found: SimulatedOutage[] = [];
  for (let seed = 1; seed <= outages; seed += 1) found.push(await simulateOutage(seed));
  printTable(
    ["outage", "number", "least", "median", "p90", "most", "beyond, median", "beyond, most", "allowed"],
    [
      ...outageModes.map((mode) =>
        row(
          mode,
          found.filter((one) => one.mode === mode),
        ),
      ),
      row("all", found),
    ],
  );
  const steps = [2_500, 5_000, 7_500, 10_000, 20_000, 40_000, 60_000, Number.POSITIVE_INFINITY];
  let fromMs = 0;
  process.stdout.write("\n");
  for (const untilMs of steps) {
    const number = found.filter(({ delayMs }) => delayMs >= fromMs && delayMs < untilMs).length;
    const label = untilMs === Number.POSITIVE_INFINITY ? `over ${fromMs / 1_000} s` : `under ${untilMs / 1_000} s`;
    process.stdout.write(`${label.padEnd(12)}${String(number).padStart(4)}  ${"█".repeat(Math.ceil(number / 2))}\n`);
    fromMs = untilMs;
  }
  process.stdout.write(
    `\n"beyond" counts from the answer with which both threshold and min_failures were crossed. "half" fails every other probe by chance.\n`,
  );
  const late = found.filter(({ beyondMs, allowedMs }) => beyondMs > allowedMs);
  if (late.length === 0) return;
  process.stdout.write(`MISSED: ${late.length} outages were seen later than allowed\n`);
  process.exitCode = 1;
};
