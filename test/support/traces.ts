import fc from "fast-check";
import { confirmations } from "../../src/domain/detection/probe.ts";
import type { ReplaySetup, ReplayTerms, TraceSample } from "../../src/domain/detection/replay.ts";
import { seeded } from "./calm-trace.ts";

export const traceFromMs = Date.parse("2025-11-18T11:00:00Z");
export const traceIntervalMs = 10_000;

export const defaultTerms: ReplayTerms = {
  thresholdAvail: 0.9,
  windowSeconds: 60,
  cooldownSeconds: 300,
  minSamples: 3,
  minFailures: 3,
  latencyMs: null,
};

export const replaySetup = (over: Partial<ReplaySetup> = {}): ReplaySetup => ({
  cdns: ["cloudflare", "fastly"],
  terms: defaultTerms,
  intervalMs: traceIntervalMs,
  fromMs: traceFromMs,
  vantages: [],
  ...over,
});

/** A stretch of rounds alike: who probes what, and how much of it fails. */
export type Phase = {
  readonly rounds: number;
  readonly failureRate: number;
  readonly slowRate: number;
  readonly vantages: readonly string[];
  readonly domains: number;
  readonly paths: readonly TraceSample["path"][];
  /** Whether it begins with other targets than before. */
  readonly edited?: boolean;
};

const phases: fc.Arbitrary<readonly Phase[]> = fc.array(
  fc.record({
    rounds: fc.oneof(
      { arbitrary: fc.integer({ min: 1, max: 20 }), weight: 6 },
      { arbitrary: fc.integer({ min: 80, max: 120 }), weight: 1 },
    ),
    failureRate: fc.constantFrom(0, 0, 0, 0.05, 0.3, 1, 1),
    slowRate: fc.constantFrom(0, 0, 0.4, 1),
    vantages: fc.oneof(
      { arbitrary: fc.constant(["vercel"]), weight: 4 },
      { arbitrary: fc.subarray(["vercel", "cloudflare", "local"]), weight: 3 },
    ),
    domains: fc.integer({ min: 1, max: 2 }),
    paths: fc.constantFrom<TraceSample["path"][]>(["primary"], ["primary", "backup"], ["direct"], ["primary", "direct"]),
    edited: fc.constantFrom(false, false, false, true),
  }),
  { minLength: 1, maxLength: 7 },
);

/** The samples of phases one after the other, confirmations included. A phase without vantages is silence. */
export const traceOf = (all: readonly Phase[], seed: number): readonly TraceSample[] => {
  const chance = seeded(seed);
  let roundAtMs = traceFromMs - traceIntervalMs;
  let setup = 0;
  return all.flatMap(({ rounds, failureRate, slowRate, vantages, domains, paths, edited = false }) => {
    if (edited) setup += 1;
    return Array.from({ length: rounds }, (_, round) => {
      roundAtMs += traceIntervalMs;
      // A round that was under way when the edit came still probes as before.
      const setupNow = () => (edited && round === 0 && chance() < 0.5 ? { setup: setup - 1 } : setup === 0 ? {} : { setup });
      const sample = (domainId: number, path: TraceSample["path"], vantage: string, atMs: number): TraceSample => ({
        domainId,
        path,
        vantage,
        roundAtMs,
        atMs,
        ok: chance() >= failureRate,
        latencyMs: chance() < slowRate ? 900 : Math.floor(chance() * 90),
        ...setupNow(),
      });
      return Array.from({ length: domains }, (__, index) => index + 1).flatMap((domainId) =>
        paths.flatMap((path) =>
          vantages.flatMap((vantage) => {
            const first = sample(domainId, path, vantage, roundAtMs + Math.floor(chance() * 300));
            const more = first.ok ? 0 : confirmations;
            return [
              first,
              ...Array.from({ length: more }, (___, attempt) => sample(domainId, path, vantage, first.atMs + (attempt + 1) * 1_000)),
            ];
          }),
        ),
      );
    }).flat();
  });
};

export const setups: fc.Arbitrary<ReplaySetup> = fc
  .record({
    thresholdAvail: fc.constantFrom(0.5, 0.9, 0.9, 1),
    windowSeconds: fc.constantFrom(10, 30, 60, 180),
    cooldownSeconds: fc.constantFrom(0, 20, 60, 300),
    minSamples: fc.integer({ min: 1, max: 5 }),
    minFailures: fc.integer({ min: 1, max: 5 }),
    latencyMs: fc.constantFrom(null, null, 500),
  })
  .chain((terms) =>
    fc.constantFrom(["cloudflare", "fastly"], ["fastly", "akamai"], ["vercel", "cloudflare"]).map((cdns) => replaySetup({ terms, cdns })),
  );

export const traces = fc.tuple(phases, fc.integer()).map(([all, seed]) => traceOf(all, seed));

export const endOf = (trace: readonly TraceSample[]): number => (trace.at(-1)?.roundAtMs ?? traceFromMs) + traceIntervalMs;
