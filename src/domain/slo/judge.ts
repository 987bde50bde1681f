import { silentAfterMs } from "../detection/detect.ts";
import type { JudgingTerms, WindowStats } from "../detection/health.ts";
import { judgePath } from "../detection/health.ts";
import type { ProbePath } from "../detection/probe.ts";
import type { Vantage } from "../detection/vantage.ts";
import { testimony } from "../detection/vantage.ts";
import type { SideHealth } from "./visitors.ts";

/** How a path of a domain is judged. */
export type SideJudge = (domainId: number, path: ProbePath) => SideHealth;

/** The figures of a service's paths over a policy's window, and who saw them. Times are epoch milliseconds. */
export type SideFigures = {
  readonly stats: readonly WindowStats[];
  readonly terms: JudgingTerms;
  readonly cdns: readonly string[];
  readonly vantages: readonly Vantage[];
  /** From one round to the next. */
  readonly intervalMs: number;
};

/** Where nothing is judged. */
export const nothingKnown: SideJudge = () => ({ health: "unknown", firstFailedAtMs: null, recoveredAtMs: null });

const recoveredAt = (stats: readonly WindowStats[], intervalMs: number, nowMs: number): number | null => {
  const last = stats.reduce<number | null>((a, { lastFailedSlotMs: b }) => (b == null ? a : Math.max(a ?? b, b)), null);
  return last === null ? null : Math.min(nowMs, last + intervalMs);
};

/** Judges over all counted vantages (semantics §4). A CDN's own vantage alone is not believed when it says that all is well. */
export const judgeSides = ({ stats, terms, cdns, vantages, intervalMs }: SideFigures, nowMs: number): SideJudge => {
  const { counted, mayEnd } = testimony(vantages, cdns, nowMs, silentAfterMs);
  const byDomain = Map.groupBy(
    stats.filter(({ vantage }) => counted.has(vantage)),
    ({ domainId }) => domainId,
  );
  return (domainId, path) => {
    const own = (byDomain.get(domainId) ?? []).filter((one) => one.path === path);
    const { health, firstFailedAtMs } = judgePath(own, terms);
    return {
      health: health === "up" && !mayEnd ? "unknown" : health,
      firstFailedAtMs,
      recoveredAtMs: recoveredAt(own, intervalMs, nowMs),
    };
  };
};
