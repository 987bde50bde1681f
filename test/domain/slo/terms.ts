import type { ObjectiveTerms } from "../../../src/domain/slo/objective.ts";
import type { Tallies, Tally } from "../../../src/domain/slo/tally.ts";

/** 99.9 % over 30 days, strict, unless said otherwise. */
export const terms = (own: Partial<ObjectiveTerms> = {}): ObjectiveTerms => ({
  target: 99.9,
  window: { days: 30 },
  dependencyExclusion: "strict",
  excludedUpstreams: [],
  burnWarningPercent: 50,
  burnCriticalPercent: 80,
  fastBurnMultiplier: 5,
  ...own,
});

const calm = { measuredUs: 300_000_000, consumedUs: 0 };

/** 30 days of which all was measured and up, unless said otherwise. */
export const tallies = (
  window: Partial<Tally> = {},
  own: Partial<Omit<Tallies, "window" | "burn">> & { readonly burn?: Partial<Tallies["burn"]> } = {},
): Tallies => ({
  byUpstream: {},
  openSinceUs: null,
  avoidedUs: 0,
  reconstructed: false,
  ...own,
  window: { elapsedUs: 2_592_000_000_000, measuredUs: 2_592_000_000_000, downUs: 0, consumedUs: 0, ...window },
  burn: { "5m": calm, "30m": calm, "1h": calm, "6h": calm, "3d": calm, ...own.burn },
});
