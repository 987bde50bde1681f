import type { JudgingTerms, WindowStats } from "../detection/health.ts";
import { judgePath } from "../detection/health.ts";
import type { ProbePath } from "../detection/probe.ts";
import { isEnough } from "../detection/vantage.ts";
import type { Condition, SideHealth, Span, VisitedDomain } from "./visitors.ts";
import { conditionOf, sameCondition } from "./visitors.ts";

export const minuteMs = 60_000;

/** What a vantage counted of a path, minute after minute. `good` null: as many as `counts`. */
export type MinuteCounts = {
  readonly domainId: number;
  readonly path: ProbePath;
  readonly vantage: string;
  readonly counts: readonly number[];
  readonly good: readonly number[] | null;
};

/** A domain as it was. Half-open, epoch milliseconds. */
export type PastDomain = {
  readonly domainId: number;
  readonly fromMs: number;
  /** Null: it is still there. */
  readonly toMs: number | null;
  /** Its paths that count. */
  readonly paths: readonly ProbePath[];
  /** Which side most visitors were sent to before the first move. */
  readonly before: "primary" | "backup";
  /** Ascending. */
  readonly moves: readonly { readonly atMs: number; readonly to: "primary" | "backup" }[];
};

/** A service in a number of minutes that follow on each other. */
export type Past = {
  /** The start of the first minute, epoch milliseconds. */
  readonly fromMs: number;
  readonly minutes: number;
  readonly terms: JudgingTerms & { readonly windowSeconds: number };
  /** Its CDNs, primary and backup, ascending by when they became so. */
  readonly cdns: readonly { readonly fromMs: number; readonly pair: readonly [string, string] }[];
  readonly domains: readonly PastDomain[];
  readonly counts: readonly MinuteCounts[];
};

/** A minute of a service. */
export type PastMinute = { readonly startMs: number; readonly condition: Condition };

/** The terms of a window applied to a minute: what a window asks for, as far as a minute is a part of it. */
const ofMinute = ({ windowSeconds, ...terms }: Past["terms"]): JudgingTerms => {
  const scaled = (count: number): number => Math.min(count, Math.max(1, Math.ceil((count * 60) / windowSeconds)));
  return { ...terms, minSamples: scaled(terms.minSamples), minFailures: scaled(terms.minFailures) };
};

const latest = <Item>(items: readonly Item[], atMs: number, timeOf: (item: Item) => number): Item | undefined =>
  items.findLast((item) => timeOf(item) <= atMs);

/**
 * Minutes judged as the rounds judge their window: per vantage, never pooled, and a CDN's own vantage does not count while another is
 * heard. Where the others are silent for two minutes it is believed when it says down, never when it says up.
 */
export const pastMinutes = (past: Past): readonly PastMinute[] => {
  const terms = ofMinute(past.terms);
  const vantages = [...new Set(past.counts.map(({ vantage }) => vantage))];
  const heard = new Map(
    vantages.map((name) => {
      const own = past.counts.filter(({ vantage }) => vantage === name);
      const inMinute = Array.from({ length: past.minutes }, (_, at) => own.some(({ counts }) => (counts[at] ?? 0) > 0));
      return [name, (at: number) => inMinute[at] === true || inMinute[at - 1] === true] as const;
    }),
  );
  const byPath = Map.groupBy(past.counts, ({ domainId, path }) => `${domainId}/${path}`);

  const minute = (at: number): PastMinute => {
    const startMs = past.fromMs + at * minuteMs;
    const [primaryCdn, backupCdn] = (latest(past.cdns, startMs, ({ fromMs }) => fromMs) ?? past.cdns[0])?.pair ?? ["", ""];
    const independent = vantages.filter((name) => name !== primaryCdn && name !== backupCdn);
    const speaking = independent.filter((name) => heard.get(name)?.(at) === true);
    const counted = new Set(isEnough(speaking) ? speaking : vantages);
    const isBelieved = !isEnough(independent) || isEnough(speaking);

    const judge = (domainId: number, path: ProbePath): SideHealth => {
      const stats = (byPath.get(`${domainId}/${path}`) ?? []).flatMap(({ vantage, counts, good }): WindowStats[] => {
        const samples = counts[at] ?? 0;
        if (samples === 0 || !counted.has(vantage)) return [];
        const failures = good === null ? 0 : samples - (good[at] ?? 0);
        return [{ domainId, path, vantage, samples, failures, firstFailedAtMs: null }];
      });
      const { health } = judgePath(stats, terms);
      return { health: health === "up" && !isBelieved ? "unknown" : health, firstFailedAtMs: null, recoveredAtMs: null };
    };

    const visited = ({ domainId, paths, before, moves }: PastDomain): VisitedDomain => {
      const side = latest(moves, startMs, ({ atMs }) => atMs)?.to ?? before;
      const serving = paths.includes(side) ? side : "direct";
      const other = serving === "primary" ? "backup" : serving === "backup" ? "primary" : null;
      return {
        serving,
        user: judge(domainId, serving),
        other: other !== null && paths.includes(other) ? judge(domainId, other) : null,
        readAtMs: null,
      };
    };

    const there = past.domains.filter(({ fromMs, toMs }) => fromMs <= startMs && (toMs === null || toMs > startMs));
    return { startMs, condition: conditionOf(there.map(visited), [primaryCdn, backupCdn]) };
  };

  return Array.from({ length: past.minutes }, (_, at) => minute(at));
};

/** A span that has ended. */
export type ClosedSpan = Span & { readonly endedAtMs: number };

/** Minutes as spans up to `untilMs`. An outage lasts until the service is up, also while nothing is known. @param minutes ascending, without gaps */
export const pastSpans = (minutes: readonly PastMinute[], untilMs: number): readonly ClosedSpan[] => {
  const spans: Span[] = [];
  for (const { startMs, condition } of minutes) {
    const before = spans.at(-1);
    if (startMs >= untilMs || (before !== undefined && sameCondition(before, condition))) continue;
    const { state } = condition;
    const outageAtMs = state === "up" ? null : (before?.outageAtMs ?? (state === "down" ? startMs : null));
    spans.push({ ...condition, startedAtMs: startMs, outageAtMs });
  }
  return spans.map((span, at) => ({ ...span, endedAtMs: spans[at + 1]?.startedAtMs ?? untilMs }));
};
