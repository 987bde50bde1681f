import { Replay } from "../src/domain/detection/replay.ts";
import { calmFromMs, calmIntervalMs, calmTrace } from "../test/support/calm-trace.ts";
import { printTable } from "./table.ts";

const seeds = [1, 2, 3, 4, 5];
const rounds = 365 * 8_640;
const terms = { thresholdAvail: 0.9, windowSeconds: 60, cooldownSeconds: 300, minSamples: 3, minFailures: 3, latencyMs: null };

/** Twelve calm months per seed, replayed with the default policy: there must be no storm. */
export const benchCalmYear = async (): Promise<void> => {
  process.stdout.write("\ncalm: 12 months of 10 s rounds, two paths, one probe in a thousand failing by itself, default policy\n\n");
  let storms = 0;
  const rows = seeds.map((seed) => {
    const startedAtMs = performance.now();
    const replay = new Replay({ cdns: [], terms, intervalMs: calmIntervalMs, fromMs: calmFromMs, vantages: [] });
    let [samples, failures] = [0, 0];
    for (const sample of calmTrace(seed, rounds)) {
      replay.take(sample);
      samples += 1;
      if (!sample.ok) failures += 1;
    }
    const { storms: found, lowMinutes } = replay.finish(calmFromMs + rounds * calmIntervalMs);
    storms += found.length;
    const tookSeconds = (performance.now() - startedAtMs) / 1_000;
    return [
      String(seed),
      String(rounds),
      String(samples),
      String(failures),
      String(lowMinutes.length),
      String(found.length),
      `${tookSeconds.toFixed(1)} s`,
    ];
  });
  printTable(["seed", "rounds", "samples", "failures", "minutes below", "storms", "replayed in"], rows);
  if (storms === 0) return;
  process.stdout.write(`MISSED: ${storms} storms in a calm\n`);
  process.exitCode = 1;
};
