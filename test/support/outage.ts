import type { Sample } from "../../src/adapters/ports/detection/round-view.ts";
import { judgePolicy } from "../../src/pipeline/detection/judge-policy.ts";
import { probeRound } from "../../src/pipeline/detection/probing.ts";
import { createSlots, waitingConnections } from "../../src/pipeline/connection-slots.ts";
import { seeded } from "./calm-trace.ts";
import { createFakeClock } from "./fake-clock.ts";
import { policyView, roundDomain, roundService } from "./round-fixtures.ts";
import { createScriptedProber } from "./scripted-prober.ts";
import type { Script } from "./scripted-prober.ts";

export const outageModes = ["5xx", "refused", "hang", "half", "slow 5xx"] as const;
export type OutageMode = (typeof outageModes)[number];

export type SimulatedOutage = {
  readonly mode: OutageMode;
  /** From the first failing probe to the end of the round that finds the storm. */
  readonly delayMs: number;
  /** From the moment at which the answers so far crossed both threshold and min_failures. */
  readonly beyondMs: number;
  /** What the rules allow for `beyondMs`. */
  readonly allowedMs: number;
};

const startMs = Date.parse("2026-11-18T11:20:00Z");
const settings = { path: "/healthz", timeoutMs: 5_000, intervalMs: 10_000 };
const windowMs = 60_000;
const policy = policyView();
const longestMs = 600_000;

const inWindow = (samples: readonly Sample[], atMs: number) =>
  samples.filter((sample) => sample.probedAtMs > atMs - windowMs && sample.probedAtMs <= atMs);

const figuresOf = (samples: readonly Sample[]) =>
  [...Map.groupBy(samples, ({ domainId, path }) => `${domainId}/${path}`).values()].flatMap((own) => {
    const [first] = own;
    const failed = own.filter(({ ok }) => !ok).map(({ probedAtMs }) => probedAtMs);
    return first === undefined
      ? []
      : [
          {
            domainId: first.domainId,
            path: first.path,
            vantage: first.vantage,
            samples: own.length,
            failures: failed.length,
            firstFailedAtMs: failed.length === 0 ? null : Math.min(...failed),
          },
        ];
  });

/** When the answers that were in first said down, for any of the domains. */
const crossedAt = (samples: readonly Sample[]): number => {
  const answered = ({ probedAtMs, latencyMs }: Sample) => probedAtMs + latencyMs;
  const crossings = [
    ...Map.groupBy(
      samples.filter(({ path }) => path === "primary"),
      ({ domainId }) => domainId,
    ).values(),
  ].map((own) =>
    own
      .map(answered)
      .sort((a, b) => a - b)
      .find((atMs) => {
        const known = inWindow(own, atMs).filter((sample) => answered(sample) <= atMs);
        const failures = known.filter(({ ok }) => !ok).length;
        return (
          failures >= policy.minFailures &&
          known.length >= policy.minSamples &&
          known.length - failures < policy.thresholdAvail * known.length
        );
      }),
  );
  return Math.min(...crossings.map((atMs) => atMs ?? Number.POSITIVE_INFINITY));
};

const scriptOf = (mode: OutageMode, chance: () => number): (() => Script) => {
  switch (mode) {
    case "5xx":
      return () => 503;
    case "refused":
      return () => "refuse";
    case "hang":
      return () => "hang";
    case "half":
      return () => (chance() < 0.5 ? 503 : 200);
    default:
      return () => [503, 200 + Math.floor(chance() * 3_000)];
  }
};

/**
 * One outage at a moment and of a kind that the seed decides, through the prober of the rounds and the engine that judges
 * them, in virtual time, with the default policy at a cadence of 10 s.
 */
export const simulateOutage = async (seed: number): Promise<SimulatedOutage> => {
  const chance = seeded(seed * 7_919);
  const mode = outageModes[Math.floor(chance() * outageModes.length)] ?? "5xx";
  const clock = createFakeClock(startMs);
  const { prober, say } = createScriptedProber(clock);
  const hosts = Array.from({ length: 1 + Math.floor(chance() * 4) }, (_, index) => `a${index}.cdn.net`);
  const service = roundService({
    domains: hosts.map((host, index) => roundDomain({ domainId: index + 1, name: `d${index}.example.test`, primaryTarget: host })),
  });
  const onsetMs = startMs + 60_000 + Math.floor(chance() * 60_000);
  const bad = scriptOf(mode, chance);
  for (const host of hosts) say(host, () => (clock.nowMs() < onsetMs ? [200, 20 + Math.floor(chance() * 100)] : bad()));
  say("b.cdn.net", () => [200, 20 + Math.floor(chance() * 100)]);

  const slowPaths = new Set<string>();
  const all: Sample[] = [];
  for (let roundAtMs = startMs; clock.nowMs() < onsetMs + longestMs;) {
    const probing = probeRound(
      { prober, clock, vantage: "local", slowPaths },
      [service],
      roundAtMs,
      settings,
      createSlots(waitingConnections),
    );
    const { samples } = await clock.run(probing);
    all.push(...samples);
    const nowMs = clock.nowMs();
    const view = { ...policy, stats: figuresOf(inWindow(all, nowMs)) };
    const { decision } = judgePolicy(service, view, [{ name: "local", lastHeardAtMs: nowMs }], nowMs);
    if (decision?.transition.kind === "begin") {
      const firstFailedMs = Math.min(...all.filter(({ ok }) => !ok).map(({ probedAtMs }) => probedAtMs));
      const allowedMs = settings.intervalMs + (mode === "hang" ? settings.timeoutMs : 0);
      // A refusal by the scripted prober says that it took 1 ms, but takes none.
      return { mode, delayMs: nowMs - firstFailedMs, beyondMs: Math.max(0, nowMs - crossedAt(all)), allowedMs };
    }
    // As the tick does: a round that overran is followed by the next at once.
    roundAtMs = Math.max(roundAtMs + settings.intervalMs, Math.floor(nowMs / settings.intervalMs) * settings.intervalMs);
    await clock.advance(Math.max(0, roundAtMs - nowMs));
  }
  throw new Error(`the outage of seed ${seed} (${mode}) was not seen in ten minutes`);
};
