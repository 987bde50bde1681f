import type { Baseline, CostHour } from "../../../src/domain/cost/baseline.ts";
import { learnt, newBaseline } from "../../../src/domain/cost/baseline.ts";

export const hourMs = 3_600_000;
/** A Monday, 00:00 UTC. */
export const monday = 1_767_571_200_000;

export const hour = (own: Partial<CostHour> = {}): CostHour => ({ atMs: monday, cents: 100, actor: null, resource: null, ...own });

/** A baseline of hours that cost so much each, one after the other up to that Monday. */
export const known = (cents: readonly number[], own: Partial<CostHour> = {}, hasSeasons = false): Baseline =>
  cents.reduce(
    (baseline, each, index) => learnt(baseline, hour({ ...own, cents: each, atMs: monday - (cents.length - index) * hourMs }), "usual"),
    newBaseline(hasSeasons),
  );

/** So many hours of 90 and 110 cents in turn: 100 on average, 10 apart. */
export const calm = (count: number): number[] => Array.from({ length: count }, (_, index) => (index % 2 === 0 ? 90 : 110));
