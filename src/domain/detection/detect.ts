import type { Health, JudgingTerms, Reading, WindowStats } from "./health.ts";
import { judgePath, worstOf } from "./health.ts";
import type { ProbePath } from "./probe.ts";
import type { ActiveStorm, StormTransition } from "./storm.ts";
import { nextStorm } from "./storm.ts";
import type { Vantage } from "./vantage.ts";
import { isAgent, testimony } from "./vantage.ts";

/**
 * A vantage is silent when it has not been heard for a minute, however long the window: the last good samples of a stopped
 * one must not veto a storm that the others see.
 */
export const silentAfterMs = 60_000;

export type DetectionTerms = JudgingTerms & { readonly windowSeconds: number; readonly cooldownSeconds: number };

export type DetectedDomain = {
  readonly domainId: number;
  /** Paths that count; one whose target was discovered counts once it has answered. */
  readonly paths: readonly ProbePath[];
  /** Its primary is probed, but has never answered yet. */
  readonly primaryOnTrial: boolean;
};

/** The newest sample of a path at a vantage, however old. `isPast`: of a previous set-up. */
export type NewestSample = {
  readonly domainId: number;
  readonly path: ProbePath;
  readonly vantage: string;
  readonly atMs: number;
  readonly isPast?: boolean;
};

/** A service's samples, with their times. */
export type Testimonies = {
  readonly cdns: readonly string[];
  readonly domains: readonly DetectedDomain[];
  readonly vantages: readonly Vantage[];
  /** Of the window (now - window, now]. */
  readonly stats: readonly WindowStats[];
  readonly nowMs: number;
};

/** The path by which one domain is judged, over all counted vantages. */
export type DomainHealth = Reading & { readonly domainId: number };

type Heard = {
  readonly evidence: Reading;
  readonly backup: Reading;
  /** The readings of which `evidence` is the worst. */
  readonly domains: readonly DomainHealth[];
  readonly counted: ReadonlySet<string>;
  readonly mayEnd: boolean;
};

/** The readings of both sides over all counted vantages. `evidence`: the primaries, or the names where there is no primary. */
export const readService = (of: Testimonies, terms: JudgingTerms & { readonly windowSeconds: number }): Heard => {
  const { counted, mayEnd } = testimony(of.vantages, of.cdns, of.nowMs, silentAfterMs);
  const path: ProbePath = of.domains.some(({ paths }) => paths.includes("primary")) ? "primary" : "direct";
  const byDomain = Map.groupBy(
    of.stats.filter(({ vantage }) => counted.has(vantage)),
    ({ domainId }) => domainId,
  );
  const read = (wanted: ProbePath): readonly DomainHealth[] =>
    of.domains
      .filter(({ paths }) => paths.includes(wanted))
      .map(({ domainId }) => ({
        domainId,
        ...judgePath(
          (byDomain.get(domainId) ?? []).filter((stats) => stats.path === wanted),
          terms,
        ),
      }));
  const domains = read(path);
  return { evidence: worstOf(domains), backup: worstOf(read("backup")), domains, counted, mayEnd };
};

/**
 * When a service was last heard of, as far as it does not hang on a single agent: by a provider, or by two agents.
 * @returns null: never
 */
const lastHeard = (newest: readonly NewestSample[]): number | null => {
  const latest = new Map<string, number>();
  for (const { vantage, atMs } of newest) latest.set(vantage, Math.max(latest.get(vantage) ?? atMs, atMs));
  const of = (agents: boolean) => [...latest].filter(([name]) => isAgent(name) === agents).map(([, atMs]) => atMs);
  const [, second] = of(true).toSorted((a, b) => b - a);
  const times = [...of(false), ...(second === undefined ? [] : [second])];
  return times.length === 0 ? null : Math.max(...times);
};

export type DetectionInput = Testimonies & {
  readonly terms: DetectionTerms;
  /** Of the primary path and of the name, deleted domains included: what was evidence then may no longer be probed. */
  readonly newest: readonly NewestSample[];
  readonly active: ActiveStorm | null;
  readonly previousEndedAtMs: number | null;
};

/** A policy's reading of its figures. Traffic is never moved by a CDN's samples about itself alone. */
export type Detection = {
  readonly transition: StormTransition | null;
  readonly primary: Health;
  readonly backup: Health;
  /** Each domain's own part in `primary`. */
  readonly domains: readonly DomainHealth[];
};

/** Evaluates one policy of one service in one round: the single engine, for rounds and for backtests (semantics §4, §5). */
export const detect = (input: DetectionInput): Detection => {
  const { evidence, backup, domains, counted, mayEnd } = readService(input, input.terms);
  const trials = new Set(input.domains.filter(({ primaryOnTrial }) => primaryOnTrial).map(({ domainId }) => domainId));
  const newest = input.newest.filter(
    (one) => counted.has(one.vantage) && !(one.path === "primary" && trials.has(one.domainId) && one.isPast !== true),
  );
  const transition = nextStorm({
    active: input.active,
    previousEndedAtMs: input.previousEndedAtMs,
    primary: evidence,
    lastCountedAtMs: lastHeard(newest),
    mayEnd,
    cooldownSeconds: input.terms.cooldownSeconds,
    nowMs: input.nowMs,
  });
  const believed = (health: Health): Health => (health === "up" && !mayEnd ? "unknown" : health);
  return {
    transition,
    primary: believed(evidence.health),
    backup: backup.health,
    domains: mayEnd ? domains : domains.map((domain) => ({ ...domain, health: believed(domain.health) })),
  };
};
