import type { Health } from "../detection/health.ts";
import type { ProbePath } from "../detection/probe.ts";

/** One path of a domain over all counted vantages. Times are epoch milliseconds. */
export type SideHealth = {
  readonly health: Health;
  /** Its first failed sample in the window; null: there is none. */
  readonly firstFailedAtMs: number | null;
  /** The start of the slot after that of its last failed sample; null: there is none in the window. */
  readonly recoveredAtMs: number | null;
};

/** A domain as its visitors meet it. */
export type VisitedDomain = {
  /** The path to which the live weights send most visitors; a tie: primary. `direct`: it has no such path of its own. */
  readonly serving: ProbePath;
  readonly user: SideHealth;
  /** The path that they are not sent to; null: there is none. */
  readonly other: SideHealth | null;
  /** When its live weights were last read. */
  readonly readAtMs: number | null;
};

/** What a service's visitors get. */
export type Condition = {
  /** `unknown` is not measured: neither good nor bad. */
  readonly state: Health;
  readonly serving: ProbePath | "mixed";
  /** Of `down`: the CDN in use (`upstream`) while the other side was up, else the service itself; else null. */
  readonly attribution: "self" | "upstream" | null;
  readonly upstreamCdn: string | null;
  /** The primary is down, visitors are on the backup, and that is up. */
  readonly avoided: boolean;
};

/** A condition that lasts since `startedAtMs`; `outageAtMs`: since when there is an outage, which ends when the service is up. */
export type Span = Condition & { readonly startedAtMs: number; readonly outageAtMs: number | null };

/**
 * Who is to blame. What is not proven is not excused: a CDN is blamed only while the other side is known to be up.
 * Several domains are down: the CDNs, where that holds for each of them.
 */
const blame = (
  down: readonly VisitedDomain[],
  [primaryCdn, backupCdn]: readonly [string, string],
): Pick<Condition, "attribution" | "upstreamCdn"> => {
  const excused = down.every(({ serving, other }) => serving !== "direct" && other?.health === "up");
  if (!excused) return { attribution: "self", upstreamCdn: null };
  return { attribution: "upstream", upstreamCdn: down.some(({ serving }) => serving === "primary") ? primaryCdn : backupCdn };
};

const isAvoided = ({ serving, user, other }: VisitedDomain): boolean =>
  serving === "backup" && user.health === "up" && other?.health === "down";

const servingOf = (domains: readonly VisitedDomain[]): Condition["serving"] => {
  const sides = new Set(domains.map(({ serving }) => serving));
  return sides.size > 1 ? "mixed" : (domains[0]?.serving ?? "primary");
};

/** A service is as bad as its worst domain: down when any is, up when all are. Without a domain nothing is known. @param cdns its primary and backup CDN */
export const conditionOf = (domains: readonly VisitedDomain[], cdns: readonly [string, string]): Condition => {
  const serving = servingOf(domains);
  const down = domains.filter(({ user }) => user.health === "down");
  if (down.length > 0) return { state: "down", serving, ...blame(down, cdns), avoided: false };
  const state = domains.length > 0 && domains.every(({ user }) => user.health === "up") ? "up" : "unknown";
  return { state, serving, attribution: null, upstreamCdn: null, avoided: state === "up" && domains.some(isAvoided) };
};

export const sameCondition = (a: Condition, b: Condition): boolean =>
  a.state === b.state &&
  a.serving === b.serving &&
  a.attribution === b.attribution &&
  a.upstreamCdn === b.upstreamCdn &&
  a.avoided === b.avoided;

const known = (times: readonly (number | null | undefined)[]): readonly number[] => times.filter((time) => time != null);
const first = (times: readonly (number | null | undefined)[]): number | null =>
  known(times).length === 0 ? null : Math.min(...known(times));
const last = (times: readonly (number | null | undefined)[]): number | null =>
  known(times).length === 0 ? null : Math.max(...known(times));

const withUser = (domains: readonly VisitedDomain[], health: Health) => domains.filter(({ user }) => user.health === health);

/** When all that had been failing visitors had failed them for the last time. */
const recovery = (domains: readonly VisitedDomain[]): number | null => last(domains.map(({ user }) => user.recoveredAtMs));

/** Since when a domain that is down is not excused: it and its other side fail, or the other is not known; null: that has no date. */
const unexcusedSince = ({ serving, user, other }: VisitedDomain): number | null => {
  if (serving === "direct" || other === null) return user.firstFailedAtMs;
  return other.firstFailedAtMs === null ? null : last([user.firstFailedAtMs, other.firstFailedAtMs]);
};

/** An outage goes on, and the blame changes: a domain came or went, or the other side of one failed or recovered. */
const blameEdge = (from: Condition, to: Condition, domains: readonly VisitedDomain[]): number | null => {
  const down = withUser(domains, "down");
  if (to.attribution === "self") {
    return first(down.filter(({ serving, other }) => serving === "direct" || other?.health !== "up").map(unexcusedSince));
  }
  // All on one side, before and after: it is the same CDN with another name.
  if (from.attribution === "upstream" && to.serving !== "mixed") return null;
  const primaries = down.filter(({ serving }) => serving === "primary");
  if (from.attribution === "upstream" && primaries.length > 0) return first(primaries.map(({ user }) => user.firstFailedAtMs));
  return last([...down.map(({ other }) => other?.recoveredAtMs), recovery(domains.filter((domain) => !down.includes(domain)))]);
};

/** Visitors are fine before and after: the primary, which they are not sent to, failed or recovered. */
const avoidedEdge = (to: Condition, domains: readonly VisitedDomain[]): number | null =>
  to.avoided
    ? first(domains.filter(isAvoided).map(({ other }) => other?.firstFailedAtMs))
    : last(domains.filter(({ serving }) => serving === "backup").map(({ other }) => other?.recoveredAtMs));

/**
 * When a condition became the next one, by what its samples and records say; null: they have no date for it. What fails counts
 * from its first failed sample to the slot after its last one, whatever follows; a move of visitors from when it was made. Records
 * that the round before knew already have moved nobody: then the service was edited, and what it was until now stays.
 */
const edge = (from: Condition, to: Condition, domains: readonly VisitedDomain[], judgedAtMs: number | null): number | null => {
  const movedAtMs = from.serving === to.serving ? null : last(domains.map(({ readAtMs }) => readAtMs));
  if (movedAtMs !== null && judgedAtMs !== null && movedAtMs < judgedAtMs) return null;
  if (to.state === "down" && from.state !== "down") {
    return last([first(withUser(domains, "down").map(({ user }) => user.firstFailedAtMs)), movedAtMs]);
  }
  if (movedAtMs !== null) return movedAtMs;
  if (from.state === to.state) return to.state === "down" ? blameEdge(from, to, domains) : avoidedEdge(to, domains);
  if (from.state !== "up") return recovery(domains);
  // Vantages that disagree: the first failed sample is where it began, should they agree later.
  return first(withUser(domains, "unknown").map(({ user }) => user.firstFailedAtMs));
};

/**
 * When the next span begins: not before the present one, nor in the future. What is older than the present span explains no
 * change of it, which then counts from now; but visitors who were fine may have been sent to what was failing already.
 */
const beginning = (before: Span, to: Condition, domains: readonly VisitedDomain[], judgedAtMs: number | null, nowMs: number): number => {
  const atMs = edge(before, to, domains, judgedAtMs);
  const wasFine = before.state === "up" && to.state === "down";
  if (atMs === null || (atMs < before.startedAtMs && !wasFine)) return nowMs;
  return Math.min(nowMs, Math.max(before.startedAtMs, atMs));
};

/** Longer without a round than this, and nobody knows what visitors got after the last one. */
export const longestSilenceMs = 120_000;

/**
 * The spans that follow on the present one: none where nothing has changed. The first of them ends it. An outage goes on
 * while nothing is known; it ends when the service is up.
 * @param judgedAtMs when a round last judged the service; null: not known, which is not a gap
 */
export const nextSpans = (
  present: Span | null,
  to: Condition,
  domains: readonly VisitedDomain[],
  judgedAtMs: number | null,
  nowMs: number,
): readonly Span[] => {
  const outage = (condition: Condition, before: number | null, startedAtMs: number): number | null =>
    condition.state === "up" ? null : condition.state === "down" ? (before ?? startedAtMs) : before;
  if (present === null) {
    const startedAtMs =
      to.state === "down" ? Math.min(nowMs, first(withUser(domains, "down").map(({ user }) => user.firstFailedAtMs)) ?? nowMs) : nowMs;
    return [{ ...to, startedAtMs, outageAtMs: outage(to, null, startedAtMs) }];
  }
  const silent = judgedAtMs !== null && nowMs - judgedAtMs > longestSilenceMs && present.state !== "unknown";
  const gap: Span | null = silent
    ? {
        ...to,
        state: "unknown",
        attribution: null,
        upstreamCdn: null,
        avoided: false,
        startedAtMs: Math.max(present.startedAtMs, judgedAtMs),
        outageAtMs: present.outageAtMs,
      }
    : null;
  const before = gap ?? present;
  if (sameCondition(before, to)) return gap === null ? [] : [gap];
  const startedAtMs = Math.max(before.startedAtMs, beginning(before, to, domains, judgedAtMs, nowMs));
  const next = { ...to, startedAtMs, outageAtMs: outage(to, before.outageAtMs, startedAtMs) };
  return gap === null ? [next] : [gap, next];
};
