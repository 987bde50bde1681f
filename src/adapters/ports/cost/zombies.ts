import type { ZombieRule } from "../../../domain/cost/zombie.ts";
import type { Change, Page, Paged } from "../tenants/change.ts";

export const zombieStates = ["open", "dismissed", "remediated"] as const;
export type ZombieState = (typeof zombieStates)[number];

/** What idles, or would not pay. Times are epoch milliseconds. */
export type FoundZombie = {
  readonly id: number;
  readonly rule: ZombieRule;
  readonly resource: string;
  readonly account: string | null;
  readonly serviceId: number | null;
  readonly severity: "critical" | "warning";
  readonly state: ZombieState;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly lastActivityMs: number;
  /** Exact cents; null: no price is known. */
  readonly estimatedMonthlyWaste: number | null;
  readonly reason: string;
  readonly remedy: string;
  readonly changedBy: string | null;
  readonly changedAtMs: number | null;
  readonly note: string | null;
  readonly remediatedAtMs: number | null;
};

/** What could not be read in the last hunt, and why: what is not known is not idle. */
export type UnreadSource = { readonly source: string; readonly problem: string };

/** What idles, the newest first. */
export interface ZombieStore {
  list(customerId: number, filter: { readonly state?: ZombieState | undefined }, page: Page): Promise<Paged<FoundZombie>[]>;
  find(customerId: number, id: number): Promise<FoundZombie | null>;
  /** A person's word: it is meant to be so, or not. @returns null where there is none. @throws AppError `conflict` where it is remediated */
  change(
    customerId: number,
    id: number,
    to: { readonly state: "open" | "dismissed"; readonly note: string | null },
    change: Change,
  ): Promise<FoundZombie | null>;
  /** Of what the whole is worth a month, by what is open, and what the last hunt could not read; null: nobody has looked yet. */
  lastHunt(customerId: number): Promise<{ readonly huntedAtMs: number; readonly unread: readonly UnreadSource[] } | null>;
}
