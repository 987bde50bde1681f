import type { DetectedDomain, DetectionTerms } from "./detect.ts";
import { detect, readService } from "./detect.ts";
import { PathFigures } from "./path-figures.ts";
import type { ProbePath } from "./probe.ts";
import type { Health, WindowStats } from "./health.ts";
import type { StormKind } from "../steering/steering.ts";
import type { ActiveStorm, StormTransition } from "./storm.ts";
import type { Vantage } from "./vantage.ts";

/** A recorded sample. Times are epoch milliseconds; `roundAtMs`, the start of its round's slot, is never after `atMs`. */
export type TraceSample = {
  readonly domainId: number;
  readonly path: ProbePath;
  readonly vantage: string;
  readonly roundAtMs: number;
  readonly atMs: number;
  readonly ok: boolean;
  readonly latencyMs: number;
  /** Of its path's set-ups the one that was probed; absent: there is only one. */
  readonly setup?: number;
};

/** `latencyMs`: of `http_latency`, where a slow answer counts as a failure; null for `http_availability`. */
export type ReplayTerms = DetectionTerms & { readonly latencyMs: number | null };

export type ReplaySetup = {
  readonly cdns: readonly string[];
  readonly terms: ReplayTerms;
  readonly intervalMs: number;
  /** Samples before it only fill the window. */
  readonly fromMs: number;
  /** Vantages heard before the first sample. */
  readonly vantages: readonly Vantage[];
  /** Is told of every round that was evaluated: all but those that could not have changed anything. */
  readonly watch?: (round: ReplayRound) => void;
};

/** A round of a replay after its evaluation. */
export type ReplayRound = {
  readonly nowMs: number;
  readonly stats: readonly WindowStats[];
  readonly terms: ReplayTerms;
  readonly cdns: readonly string[];
  readonly vantages: readonly Vantage[];
  readonly intervalMs: number;
  readonly domains: readonly DetectedDomain[];
  readonly kind: StormKind;
  readonly primary: Health;
  readonly backup: Health;
  /** The active storm after it. */
  readonly storm: ReplayedStorm | null;
};

export type ReplayedStorm = ActiveStorm & {
  /** When the round that found it ended. */
  readonly detectedAtMs: number;
  readonly relapses: number;
  readonly endedAtMs: number | null;
  readonly endedReason: Extract<StormTransition, { readonly kind: "end" }>["reason"] | null;
};

/** A minute of which availability was below the threshold; `down`: with enough failures to say so. */
export type LowMinute = { readonly startMs: number; readonly down: boolean };

export type Replayed = { readonly storms: readonly ReplayedStorm[]; readonly lowMinutes: readonly LowMinute[] };

const minuteMs = 60_000;

/** Set-up numbers have two bytes, and wrap around after 32,768. */
const setupNumbers = 32_768;

/** Whether a set-up is later than another one, with wrap-around. */
const isLater = (setup: number, other: number): boolean => {
  const ahead = (setup - other + setupNumbers) % setupNumbers;
  return ahead > 0 && ahead < setupNumbers / 2;
};

/** Whether a sample is good in the sense of a policy's kind. */
export const isGood = (sample: Pick<TraceSample, "ok" | "latencyMs">, terms: Pick<ReplayTerms, "latencyMs">): boolean =>
  sample.ok && (terms.latencyMs === null || sample.latencyMs <= terms.latencyMs);

/** A storm after a transition, as the store writes it. */
const afterTransition = (storm: ReplayedStorm | null, transition: StormTransition, nowMs: number): ReplayedStorm | null => {
  if (transition.kind === "begin") {
    const { startedAtMs } = transition;
    return { state: "storm", startedAtMs, detectedAtMs: nowMs, recoveringSinceMs: null, relapses: 0, endedAtMs: null, endedReason: null };
  }
  if (storm === null) return null;
  switch (transition.kind) {
    case "relapse":
      return { ...storm, state: "storm", recoveringSinceMs: null, relapses: storm.relapses + 1 };
    case "end":
      return { ...storm, endedAtMs: Math.max(transition.endedAtMs, storm.startedAtMs), endedReason: transition.reason };
    default:
      return { ...storm, state: "recovering", recoveringSinceMs: transition.sinceMs };
  }
};

/**
 * Replays samples through the engine of the rounds, one round a slot, as if every slot had had its round. A round is judged
 * when its last answer is in. A path counts from its first sample on, and every domain as seen healthy before. Incremental: a
 * year of 10 s rounds takes seconds.
 */
export class Replay {
  readonly #setup: ReplaySetup;
  readonly #figures: PathFigures[] = [];
  readonly #byDomain = new Map<number, PathFigures[]>();
  readonly #heard: Map<string, number>;
  readonly #inRound = new Set<string>();
  readonly #storms: ReplayedStorm[] = [];
  readonly #lowMinutes: LowMinute[] = [];
  #domains: readonly DetectedDomain[] = [];
  #active: ReplayedStorm | null = null;
  #previousEndedAtMs: number | null = null;
  #roundAtMs: number | null = null;
  #nowMs = 0;
  #minuteMs = 0;
  /** Calm, with unchanged inputs since the last evaluation. */
  #settled = false;

  constructor(setup: ReplaySetup) {
    this.#setup = setup;
    this.#heard = new Map(setup.vantages.map(({ name, lastHeardAtMs }) => [name, lastHeardAtMs]));
  }

  /** @throws RangeError where a sample belongs to an earlier round than the one before it */
  take(sample: TraceSample): void {
    const { roundAtMs, atMs, vantage } = sample;
    if (this.#roundAtMs !== null && roundAtMs < this.#roundAtMs) throw new RangeError("samples must come round by round");
    if (this.#roundAtMs !== roundAtMs) this.#roundsUntil(roundAtMs);
    const figures = this.#figuresOf(sample);
    const good = isGood(sample, this.#setup.terms);
    if (this.#isPresent(sample, figures)) figures.add(atMs, good);
    else figures.hear(atMs);
    this.#nowMs = Math.max(this.#nowMs, atMs + sample.latencyMs);
    this.#inRound.add(vantage);
    if (atMs >= this.#setup.fromMs) figures.count(atMs, good);
  }

  /** Replays the remaining rounds before `toMs`. @returns storms and minutes, oldest first */
  finish(toMs: number): Replayed {
    this.#roundAtMs ??= this.#setup.fromMs;
    this.#roundsUntil(Math.max(toMs, this.#roundAtMs + 1));
    this.#flushMinutes(Number.POSITIVE_INFINITY);
    return {
      storms: this.#active === null ? this.#storms : [...this.#storms, this.#active],
      lowMinutes: this.#lowMinutes.toSorted((a, b) => a.startMs - b.startMs),
    };
  }

  /** The active storm after the rounds so far. */
  get active(): ReplayedStorm | null {
    return this.#active;
  }

  /** Whether a sample is of its path's present set-up. The first of a new one resets the figures. */
  #isPresent({ domainId, path, setup = 0 }: TraceSample, { setup: present }: PathFigures): boolean {
    if (setup === present) return true;
    if (!isLater(setup, present)) return false;
    for (const figures of this.#byDomain.get(domainId) ?? []) if (figures.key.path === path) figures.begin(setup);
    return true;
  }

  #roundsUntil(nextMs: number): void {
    const { intervalMs } = this.#setup;
    if (this.#roundAtMs !== null) {
      this.#round(this.#roundAtMs);
      for (let roundAtMs = this.#roundAtMs + intervalMs; roundAtMs < nextMs; roundAtMs += intervalMs) this.#round(roundAtMs);
    }
    this.#roundAtMs = nextMs;
    this.#flushMinutes(nextMs - (nextMs % minuteMs));
  }

  #figuresOf({ domainId, path, vantage, setup = 0 }: TraceSample): PathFigures {
    const own = this.#byDomain.get(domainId);
    const known = own?.find(({ key }) => key.path === path && key.vantage === vantage);
    if (known !== undefined) return known;
    const added = new PathFigures(
      domainId,
      path,
      vantage,
      own?.find(({ key }) => key.path === path)?.setup ?? setup,
      this.#setup.intervalMs,
    );
    this.#figures.push(added);
    if (own === undefined) this.#byDomain.set(domainId, [added]);
    else own.push(added);
    this.#domains = [...this.#byDomain].map(([id, all]) => ({
      domainId: id,
      paths: [...new Set(all.map(({ key }) => key.path))],
      primaryOnTrial: false,
    }));
    this.#settled = false;
    return added;
  }

  #round(roundAtMs: number): void {
    const { cdns, terms, fromMs, intervalMs, watch } = this.#setup;
    this.#nowMs = Math.max(this.#nowMs, roundAtMs);
    const nowMs = this.#nowMs;
    for (const vantage of this.#inRound) this.#heard.set(vantage, nowMs);
    const allHeard = this.#inRound.size === this.#heard.size;
    this.#inRound.clear();
    let changed = false;
    for (const figures of this.#figures) changed = figures.slide(nowMs - terms.windowSeconds * 1_000) || changed;
    if (roundAtMs < fromMs || (this.#settled && allHeard && !changed)) return;
    const vantages = this.#vantages();
    const stats = this.#figures.map((figures) => figures.stats).filter(({ samples }) => samples > 0);
    const domains = this.#domains;
    const { transition, primary, backup } = detect({
      cdns,
      domains,
      vantages,
      nowMs,
      terms,
      stats,
      newest: this.#figures.filter(({ key }) => key.path !== "backup").map(({ key, newestAtMs }) => ({ ...key, atMs: newestAtMs })),
      active: this.#active,
      previousEndedAtMs: this.#previousEndedAtMs,
    });
    this.#settled = allHeard && this.#active === null && transition === null;
    if (transition !== null) this.#change(transition, nowMs);
    const kind = terms.latencyMs === null ? "http_availability" : "http_latency";
    watch?.({ nowMs, stats, terms, cdns, vantages, intervalMs, domains, kind, primary, backup, storm: this.#active });
  }

  #change(transition: StormTransition, nowMs: number): void {
    const storm = afterTransition(this.#active, transition, nowMs);
    if (storm === null || storm.endedAtMs === null) {
      this.#active = storm;
      return;
    }
    this.#storms.push(storm);
    this.#previousEndedAtMs = storm.endedAtMs;
    this.#active = null;
  }

  #vantages(): readonly Vantage[] {
    return [...this.#heard].map(([name, lastHeardAtMs]) => ({ name, lastHeardAtMs }));
  }

  /** Evaluates the minutes before `untilMs`, which are complete. */
  #flushMinutes(untilMs: number): void {
    if (untilMs === this.#minuteMs) return;
    this.#minuteMs = untilMs;
    const { cdns, terms } = this.#setup;
    const counts = this.#figures.flatMap((figures) => figures.minutesBefore(untilMs).map((minute) => ({ ...figures.key, ...minute })));
    if (counts.every(({ failures }) => failures === 0)) return;
    for (const [startMs, minute] of Map.groupBy(counts, (count) => count.startMs)) {
      const stats = minute.map((count) => ({ ...count, firstFailedAtMs: null }));
      const said = { cdns, domains: this.#domains, vantages: this.#vantages(), stats, nowMs: this.#nowMs };
      if (readService(said, { ...terms, minSamples: 1, minFailures: 1 }).evidence.health !== "down") continue;
      this.#lowMinutes.push({ startMs, down: readService(said, terms).evidence.health === "down" });
    }
  }
}
