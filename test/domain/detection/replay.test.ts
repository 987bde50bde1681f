import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { coverageOf, summarize } from "../../../src/domain/detection/backtest.ts";
import { Replay } from "../../../src/domain/detection/replay.ts";
import type { ReplaySetup, TraceSample } from "../../../src/domain/detection/replay.ts";
import { calmFromMs, calmIntervalMs, calmTrace, seeded } from "../../support/calm-trace.ts";
import { NaiveDetector, naiveReplay } from "../../support/naive-detection.ts";
import { defaultTerms, endOf, replaySetup, setups, traceFromMs, traceIntervalMs, traceOf, traces } from "../../support/traces.ts";

const replay = (trace: Iterable<TraceSample>, setup: ReplaySetup, toMs: number) => {
  const playing = new Replay(setup);
  for (const sample of trace) playing.take(sample);
  return playing.finish(toMs);
};

const minutes = (number: number) => traceFromMs + number * 60_000;
const phase = { rounds: 12, failureRate: 0, slowRate: 0, vantages: ["vercel"], domains: 1, paths: ["primary"] as TraceSample["path"][] };

describe("Replay", () => {
  it("comes to the storms of the naive reference, whatever the trace", () => {
    const counts = { storms: 0, relapses: 0, ended: 0, silent: 0 };
    fc.assert(
      fc.property(traces, setups, fc.nat(5), fc.nat(120), (trace, setup, leadIn, after) => {
        const own = { ...setup, fromMs: traceFromMs + leadIn * traceIntervalMs };
        const toMs = endOf(trace) + after * traceIntervalMs;
        const expected = naiveReplay(trace, own, toMs);
        expect(replay(trace, own, toMs).storms).toEqual(expected);
        counts.storms += expected.length;
        counts.relapses += expected.reduce((sum, { relapses }) => sum + relapses, 0);
        counts.ended += expected.filter(({ endedReason }) => endedReason === "recovered").length;
        counts.silent += expected.filter(({ endedReason }) => endedReason === "no_evidence").length;
      }),
      { numRuns: 400 },
    );
    // The comparison is worth something only where there was something to compare.
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(20);
  });

  it("does not care in which order the samples of a round come", () => {
    fc.assert(
      fc.property(traces, setups, fc.integer(), (trace, setup, seed) => {
        const chance = seeded(seed);
        const mixed = [...Map.groupBy(trace, ({ roundAtMs }) => roundAtMs).values()].flatMap((round) =>
          round
            .map((sample) => ({ sample, key: chance() }))
            .sort((a, b) => a.key - b.key)
            .map(({ sample }) => sample),
        );
        expect(replay(mixed, setup, endOf(trace))).toEqual(replay(trace, setup, endOf(trace)));
      }),
      { numRuns: 150 },
    );
  });

  it("never has two storms at once, nor ends one as recovered before its cooldown", () => {
    fc.assert(
      fc.property(traces, setups, (trace, setup) => {
        const { storms } = replay(trace, setup, endOf(trace) + 3_600_000);
        for (const [index, storm] of storms.entries()) {
          const before = storms[index - 1];
          if (before !== undefined) expect(storm.startedAtMs).toBeGreaterThanOrEqual(before.endedAtMs ?? Number.POSITIVE_INFINITY);
          if (storm.endedReason !== "recovered" || storm.endedAtMs === null) continue;
          const next = storms[index + 1]?.detectedAtMs ?? endOf(trace) + 3_600_000;
          expect(next - storm.endedAtMs).toBeGreaterThanOrEqual(setup.terms.cooldownSeconds * 1_000);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("sees no storm where availability stays at the threshold or above throughout", () => {
    // One failure in each ten samples of a 100 s window of plain samples: 0.9 exactly, always.
    const trace = Array.from({ length: 720 }, (_, round): TraceSample => ({
      domainId: 1,
      path: "primary",
      vantage: "vercel",
      roundAtMs: traceFromMs + round * traceIntervalMs,
      atMs: traceFromMs + round * traceIntervalMs,
      ok: round % 10 !== 9,
      latencyMs: 0,
    }));
    const setup = (thresholdAvail: number) =>
      replaySetup({ terms: { ...defaultTerms, windowSeconds: 100, minFailures: 1, minSamples: 10, thresholdAvail } });
    expect(replay(trace, setup(0.9), endOf(trace)).storms).toEqual([]);
    expect(replay(trace, setup(0.9001), endOf(trace)).storms).not.toEqual([]);
  });

  it("counts a slow answer as bad for a latency policy only", () => {
    const trace = traceOf([phase, { ...phase, slowRate: 1 }], 1);
    expect(replay(trace, replaySetup(), endOf(trace)).storms).toEqual([]);
    expect(replay(trace, replaySetup({ terms: { ...defaultTerms, latencyMs: 500 } }), endOf(trace)).storms).toHaveLength(1);
  });

  it("counts a CDN's own vantage only while no other has been heard", () => {
    const trace = traceOf(
      [
        { ...phase, vantages: ["cloudflare"], failureRate: 1 },
        { ...phase, rounds: 60, vantages: ["cloudflare"] },
      ],
      1,
    );
    const [alone] = replay(trace, replaySetup(), endOf(trace)).storms;
    expect(alone?.endedReason, "with no other ever it counts fully").toBe("recovered");
    const setup = replaySetup({ vantages: [{ name: "vercel", lastHeardAtMs: traceFromMs - 3_600_000 }] });
    expect(replay(trace, setup, endOf(trace)).storms, "it may start a storm, never end one").toMatchObject([
      { state: "storm", endedAtMs: null },
    ]);
  });

  it("needs its samples round by round", () => {
    const [first, second] = traceOf([phase], 1);
    const playing = new Replay(replaySetup());
    if (first === undefined || second === undefined) throw new Error("no samples");
    playing.take(second);
    expect(() => playing.take(first)).toThrow(RangeError);
  });

  it("of nothing is nothing", () => {
    expect(replay([], replaySetup(), minutes(60))).toEqual({ storms: [], lowMinutes: [] });
  });

  it("follows the model through any commands", () => {
    type Real = { replay: Replay; roundAtMs: number };
    type Model = { detector: NaiveDetector; nowMs: number; roundAtMs: number; heard: string[] };
    const setup = replaySetup({ terms: { ...defaultTerms, windowSeconds: 30, cooldownSeconds: 30 } });
    const closeRounds = (model: Model, nextMs: number) => {
      for (; model.roundAtMs < nextMs; model.roundAtMs += traceIntervalMs) {
        model.nowMs = Math.max(model.nowMs, model.roundAtMs);
        model.detector.round(model.nowMs, model.heard);
        model.heard = [];
      }
    };
    class Round implements fc.Command<Model, Real> {
      readonly samples: readonly Pick<TraceSample, "path" | "vantage" | "ok">[];
      readonly skipped: number;
      constructor(samples: readonly Pick<TraceSample, "path" | "vantage" | "ok">[], skipped: number) {
        this.samples = samples;
        this.skipped = skipped;
      }
      check = () => true;
      run = (model: Model, real: Real) => {
        real.roundAtMs += traceIntervalMs * (1 + this.skipped);
        const samples = this.samples.map((sample, index): TraceSample => ({
          ...sample,
          domainId: 1,
          roundAtMs: real.roundAtMs,
          atMs: real.roundAtMs + index * 100,
          latencyMs: 20,
        }));
        if (samples.length === 0) return;
        closeRounds(model, real.roundAtMs);
        for (const sample of samples) real.replay.take(sample);
        const { active, storms } = model.detector;
        expect(real.replay.active).toEqual(active);
        expect(storms.filter(({ endedAtMs }) => endedAtMs === null).length).toBeLessThanOrEqual(1);
        model.detector.samples.push(...samples);
        model.heard = samples.map(({ vantage }) => vantage);
        model.nowMs = Math.max(model.nowMs, ...samples.map(({ atMs, latencyMs }) => atMs + latencyMs));
      };
      toString = () =>
        `Round(+${this.skipped}, ${this.samples.map(({ path, vantage, ok }) => `${vantage}/${path}:${ok ? "ok" : "bad"}`).join(" ")})`;
    }
    const probes = (ok: fc.Arbitrary<boolean>, vantage: fc.Arbitrary<string>) =>
      fc.array(
        fc.record({ path: fc.constantFrom<TraceSample["path"]>("primary", "primary", "primary", "backup", "direct"), vantage, ok }),
        { minLength: 1, maxLength: 4 },
      );
    const round = (samples: fc.Arbitrary<Pick<TraceSample, "path" | "vantage" | "ok">[]>, skipped: fc.Arbitrary<number> = fc.constant(0)) =>
      fc.tuple(samples, skipped).map(([own, gap]) => new Round(own, gap));
    const vercel = fc.constant("vercel");
    const commands = [
      round(probes(fc.constant(true), vercel)),
      round(probes(fc.constant(true), vercel)),
      round(probes(fc.constant(false), vercel)),
      round(probes(fc.boolean(), fc.constantFrom("vercel", "cloudflare"))),
      round(probes(fc.boolean(), vercel), fc.constantFrom(0, 1, 7, 89, 90)),
      round(fc.constant([])),
    ];
    let [begun, runs] = [0, 0];
    fc.assert(
      fc.property(fc.commands(commands, { maxCommands: 30, size: "max" }), (all) => {
        const real: Real = { replay: new Replay(setup), roundAtMs: traceFromMs };
        const model: Model = { detector: new NaiveDetector(setup), nowMs: 0, roundAtMs: traceFromMs, heard: [] };
        const first: TraceSample = {
          domainId: 1,
          path: "primary",
          vantage: "vercel",
          roundAtMs: traceFromMs,
          atMs: traceFromMs,
          ok: true,
          latencyMs: 20,
        };
        real.replay.take(first);
        model.detector.samples.push(first);
        Object.assign(model, { heard: ["vercel"], nowMs: traceFromMs + 20 });
        fc.modelRun(() => ({ model, real }), all);
        closeRounds(model, real.roundAtMs + traceIntervalMs);
        expect(real.replay.finish(real.roundAtMs + traceIntervalMs).storms).toEqual(model.detector.storms);
        begun += model.detector.storms.length;
        runs += 1;
      }),
      { numRuns: 10_000 },
    );
    expect(runs).toBeGreaterThanOrEqual(10_000);
    expect(begun, "storms that were compared").toBeGreaterThan(2_000);
  });
});

describe("a calm year", () => {
  const rounds = 365 * 8_640;

  it("with one probe in a thousand failing by itself has no storm by the default policy", () => {
    const toMs = calmFromMs + rounds * calmIntervalMs;
    const { storms, lowMinutes } = replay(calmTrace(1, rounds), replaySetup({ fromMs: calmFromMs }), toMs);
    expect(storms).toEqual([]);
    expect(lowMinutes.length, "it was not without failures").toBeGreaterThan(2_500);
    expect(lowMinutes.filter(({ down }) => down)).toEqual([]);
  });

  it("would have storms by a policy that jumps at every lost packet", () => {
    const terms = { ...defaultTerms, thresholdAvail: 1, minFailures: 1 };
    const toMs = calmFromMs + 8_640 * calmIntervalMs;
    expect(replay(calmTrace(1, 8_640), replaySetup({ fromMs: calmFromMs, terms }), toMs).storms.length).toBeGreaterThan(2);
  });
});

describe("coverageOf", () => {
  const storm = (from: number, detected: number, ended: number | null, recovering: number | null = null, relapses = 0) => ({
    startedAtMs: minutes(from),
    detectedAtMs: minutes(detected),
    endedAtMs: ended === null ? null : minutes(ended),
    recoveringSinceMs: recovering === null ? null : minutes(recovering),
    relapses,
  });
  const low = (at: number, down = true) => ({ startMs: minutes(at), down });

  it("adds up what storms were and what they covered", () => {
    const storms = [storm(1, 1.5, 3, null, 2), storm(10, 10.25, null, 12, 1)];
    expect(coverageOf(storms, [low(0), low(1), low(2), low(3), low(10, false), low(20, false)], minutes(0), minutes(30))).toEqual({
      relapses: 3,
      coveredMs: 4 * 60_000,
      badMinutes: { total: 4, covered: 2 },
      lowMinutes: { total: 6, covered: 3 },
      detectionDelaysMs: [15_000, 30_000],
    });
  });

  it("lets an open storm run to the end of the stretch, and counts nothing outside of it", () => {
    expect(coverageOf([storm(-5, -4, 2), storm(20, 21, null)], [], minutes(0), minutes(30)).coveredMs).toBe(12 * 60_000);
  });

  it("of a calm stretch is nothing", () => {
    expect(summarize({ storms: [], lowMinutes: [] }, minutes(0), minutes(1))).toEqual({
      storms: [],
      relapses: 0,
      coveredMs: 0,
      badMinutes: { total: 0, covered: 0 },
      lowMinutes: { total: 0, covered: 0 },
      detectionDelaysMs: [],
    });
  });
});
