import type { Health } from "../../../src/domain/detection/health.ts";
import type { SideHealth, Span, VisitedDomain } from "../../../src/domain/slo/visitors.ts";
import { conditionOf, nextSpans } from "../../../src/domain/slo/visitors.ts";

export const cdns = ["fastly", "cloudflare"] as const;

export const side = (health: Health, failed: number | null = null, recovered: number | null = null): SideHealth => ({
  health,
  firstFailedAtMs: failed,
  recoveredAtMs: recovered,
});
export const domain = (
  user: SideHealth,
  other: SideHealth | null,
  serving: VisitedDomain["serving"] = "primary",
  readAtMs = 0,
): VisitedDomain => ({
  serving,
  user,
  other,
  readAtMs,
});
export const up = side("up");
export const unknown = side("unknown");

export const condition = (...domains: VisitedDomain[]) => {
  const { state, attribution, upstreamCdn, avoided } = conditionOf(domains, cdns);
  return [state, attribution, upstreamCdn, avoided];
};

/** What follows on a span, short: [start, state, whom to blame, the outage's beginning]. */
export const follows = (
  present: Span | null,
  domains: readonly VisitedDomain[],
  nowMs: number,
  judgedAtMs: number | null = nowMs - 10_000,
) =>
  nextSpans(present, conditionOf(domains, cdns), domains, judgedAtMs, nowMs).map((span) => [
    span.startedAtMs,
    span.state,
    span.attribution === "upstream" ? span.upstreamCdn : span.attribution,
    span.outageAtMs,
  ]);

export const present = (own: Partial<Span> = {}): Span => ({
  state: "up",
  serving: "primary",
  attribution: null,
  upstreamCdn: null,
  avoided: false,
  startedAtMs: 100_000,
  outageAtMs: null,
  ...own,
});
export const selfDown = present({ state: "down", attribution: "self", outageAtMs: 100_000 });
export const upstreamDown = present({ state: "down", attribution: "upstream", upstreamCdn: "fastly", outageAtMs: 100_000 });
export const outageUnknown = present({ state: "unknown", outageAtMs: 50_000 });
