import type { ReplaySetup, TraceSample } from "../../src/domain/detection/replay.ts";

type NaiveStorm = {
  startedAtMs: number;
  detectedAtMs: number;
  state: "storm" | "recovering";
  recoveringSinceMs: number | null;
  relapses: number;
  endedAtMs: number | null;
  endedReason: string | null;
};
type Say = { health: "up" | "down" | "unknown"; below: boolean; failedAtMs: number[] };

const hourMs = 3_600_000;

/**
 * Semantics §4 and §5 once more, written from the text and not from the code: keeps every sample and looks through all of
 * them in every round. Slow and plain, to be compared with.
 */
export class NaiveDetector {
  readonly #setup: ReplaySetup;
  readonly samples: TraceSample[] = [];
  readonly heard = new Map<string, number>();
  readonly storms: NaiveStorm[] = [];

  constructor(setup: ReplaySetup) {
    this.#setup = setup;
    for (const { name, lastHeardAtMs } of setup.vantages) this.heard.set(name, lastHeardAtMs);
  }

  get active(): NaiveStorm | null {
    const last = this.storms.at(-1);
    return last !== undefined && last.endedAtMs === null ? last : null;
  }

  /** Judges at the end of a round; `heard` are the vantages whose samples came in it. */
  round(nowMs: number, heard: readonly string[]): void {
    for (const name of heard) this.heard.set(name, nowMs);
    if (nowMs < this.#setup.fromMs) return;
    const { counted, alone } = this.#whoCounts(nowMs);
    const primaries = this.samples.some(({ path }) => path === "primary");
    const path = primaries ? "primary" : "direct";
    const ids = [...new Set(this.samples.filter((sample) => sample.path === path).map(({ domainId }) => domainId))];
    const domains = ids.map((id) => this.#domain(id, path, counted, nowMs));
    const down = domains.some(({ health }) => health === "down");
    const up = domains.length > 0 && domains.every(({ health }) => health === "up") && !alone;
    const below = domains.filter((one) => one.below);
    const evidence = this.samples.filter((sample) => sample.path !== "backup" && counted.includes(sample.vantage)).map(({ atMs }) => atMs);
    this.#step(nowMs, {
      down,
      up,
      below: below.length > 0,
      failedAtMs: below.flatMap(({ failedAtMs }) => failedAtMs),
      newestMs: Math.max(0, ...evidence),
    });
  }

  #whoCounts(nowMs: number): { counted: string[]; alone: boolean } {
    const { cdns } = this.#setup;
    const age = (name: string) => nowMs - (this.heard.get(name) ?? 0);
    const all = [...this.heard.keys()];
    const others = all.filter((name) => !cdns.includes(name) && age(name) < 24 * hourMs);
    if (others.length === 0) return { counted: all, alone: false };
    const speaking = others.filter((name) => age(name) < 60_000);
    if (speaking.length > 0) return { counted: speaking, alone: false };
    const left = all.filter((name) => age(name) < 60_000);
    return { counted: left.length > 0 ? left : all.filter((name) => age(name) < 24 * hourMs), alone: true };
  }

  #domain(domainId: number, path: string, counted: readonly string[], nowMs: number): Say {
    const { terms } = this.#setup;
    const probed = this.samples.filter((sample) => sample.domainId === domainId && sample.path === path);
    const present = Math.max(...probed.map(({ setup = 0 }) => setup));
    const inWindow = probed.filter(
      (sample) =>
        (sample.setup ?? 0) === present &&
        counted.includes(sample.vantage) &&
        sample.atMs > nowMs - terms.windowSeconds * 1_000 &&
        sample.atMs <= nowMs,
    );
    const says = [...new Set(inWindow.map(({ vantage }) => vantage))].map((vantage): Say => {
      const own = inWindow.filter((sample) => sample.vantage === vantage);
      const bad = own.filter((sample) => !sample.ok || (terms.latencyMs !== null && sample.latencyMs > terms.latencyMs));
      if (own.length < terms.minSamples) return { health: "unknown", below: false, failedAtMs: [] };
      // In whole numbers: thresholds have four decimals.
      const below = (own.length - bad.length) * 10_000 < Math.round(terms.thresholdAvail * 10_000) * own.length;
      return {
        health: !below ? "up" : bad.length >= terms.minFailures ? "down" : "unknown",
        below,
        failedAtMs: bad.map(({ atMs }) => atMs),
      };
    });
    const failedAtMs = says.flatMap((say) => say.failedAtMs);
    if (says.length === 0) return { health: "unknown", below: false, failedAtMs };
    const all = (health: string) => says.every((say) => say.health === health);
    return { health: all("down") ? "down" : all("up") ? "up" : "unknown", below: says.every((say) => say.below), failedAtMs };
  }

  #step(nowMs: number, now: { down: boolean; up: boolean; below: boolean; failedAtMs: readonly number[]; newestMs: number }): void {
    const storm = this.active;
    if (storm === null) {
      if (!now.down) return;
      const startedAtMs = Math.max(Math.min(nowMs, ...now.failedAtMs), this.storms.at(-1)?.endedAtMs ?? 0);
      this.storms.push({
        startedAtMs,
        detectedAtMs: nowMs,
        state: "storm",
        recoveringSinceMs: null,
        relapses: 0,
        endedAtMs: null,
        endedReason: null,
      });
      return;
    }
    const lastMs = Math.max(now.newestMs, storm.startedAtMs);
    if (storm.state === "recovering" && now.below) {
      Object.assign(storm, { state: "storm", recoveringSinceMs: null, relapses: storm.relapses + 1 });
    } else if (nowMs - lastMs >= hourMs / 4) {
      Object.assign(storm, { endedAtMs: lastMs, endedReason: "no_evidence" });
    } else if (storm.state === "storm") {
      if (now.up) Object.assign(storm, { state: "recovering", recoveringSinceMs: nowMs });
    } else if (!now.up) {
      storm.recoveringSinceMs = nowMs;
    } else if (nowMs - (storm.recoveringSinceMs ?? nowMs) >= this.#setup.terms.cooldownSeconds * 1_000) {
      Object.assign(storm, { endedAtMs: storm.recoveringSinceMs, endedReason: "recovered" });
    }
  }
}

/** Round after round over a whole trace, a round in every slot up to `toMs`. */
export const naiveReplay = (trace: readonly TraceSample[], setup: ReplaySetup, toMs: number): readonly NaiveStorm[] => {
  const detector = new NaiveDetector(setup);
  let nowMs = 0;
  const firstMs = trace[0]?.roundAtMs ?? setup.fromMs;
  for (let roundAtMs = firstMs; roundAtMs < toMs; roundAtMs += setup.intervalMs) {
    const own = trace.filter((sample) => sample.roundAtMs === roundAtMs);
    detector.samples.push(...own);
    nowMs = Math.max(nowMs, roundAtMs, ...own.map(({ atMs, latencyMs }) => atMs + latencyMs));
    if (roundAtMs >= setup.fromMs)
      detector.round(
        nowMs,
        own.map(({ vantage }) => vantage),
      );
    else for (const { vantage } of own) detector.heard.set(vantage, nowMs);
  }
  return detector.storms;
};
