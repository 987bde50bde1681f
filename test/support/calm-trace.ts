import { confirmations } from "../../src/domain/detection/probe.ts";
import type { ProbePath } from "../../src/domain/detection/probe.ts";
import type { TraceSample } from "../../src/domain/detection/replay.ts";

/** Numbers in [0, 1) from a seed, the same everywhere (mulberry32). */
export const seeded = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

export const calmFromMs = Date.parse("2025-11-21T00:00:00Z");
export const calmIntervalMs = 10_000;
const paths: readonly ProbePath[] = ["primary", "backup"];

/**
 * A calm stretch as the prober would have recorded it: each probe fails by itself with the same small chance, and one that
 * failed is confirmed by two more, a tenth of an interval and two after its answer.
 */
export function* calmTrace(seed: number, rounds: number, failureRate = 0.001): Generator<TraceSample> {
  const chance = seeded(seed);
  const probe = (path: ProbePath, roundAtMs: number, atMs: number): TraceSample => ({
    domainId: 1,
    path,
    vantage: "vercel",
    roundAtMs,
    atMs,
    ok: chance() >= failureRate,
    latencyMs: 20 + Math.floor(chance() * 80),
  });
  for (let round = 0; round < rounds; round += 1) {
    const roundAtMs = calmFromMs + round * calmIntervalMs;
    for (const path of paths) {
      const first = probe(path, roundAtMs, roundAtMs);
      yield first;
      if (first.ok) continue;
      for (let attempt = 1; attempt <= confirmations; attempt += 1) {
        yield probe(path, roundAtMs, roundAtMs + first.latencyMs + (attempt * calmIntervalMs) / 10);
      }
    }
  }
}
