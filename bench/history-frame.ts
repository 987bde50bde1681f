export const dayMs = 86_400_000;

export type HistorySize = { readonly days: number; readonly domains: number };

/** The frame of the seeds: `end` is the last midnight, `begun` so many full days before it; both as SQL. */
export type SeedFrame = HistorySize & { readonly endMs: number; readonly end: string; readonly begun: string };

export const tokens = { big: `trn_${"b".repeat(43)}`, small: `trn_${"s".repeat(43)}` };

/** The last day is the one under way: what is kept for 400 days is all there, and nothing older. */
export const fullDays = ({ days }: HistorySize): number => days - 1;

/** Every so many days a service has a storm, its policy another version, a domain a drift, and a service is deleted; whose windows cost nothing. */
export const every = { stormDays: 10, policyDays: 40, deletedDays: 4, driftDays: 20, idleCustomers: 10 };
