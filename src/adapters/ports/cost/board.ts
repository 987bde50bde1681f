import type { CostAnomaly } from "./anomalies.ts";
import type { CostRate } from "./rates.ts";
import type { FoundZombie, UnreadSource } from "./zombies.ts";

/** How many anomalies, and how many of what idles, one look has, the worst of them. */
export const mostOnBoard = 20;

/** How many changes of one object are remembered for whoever looks at it; the audit log has all. */
export const mostRemembered = 30;

/** An anomaly without the figures of its worst hour. */
export type ListedAnomaly = Omit<CostAnomaly, "figures">;

/** What of a customer's costs asks for somebody, and what is known of its CDNs and accounts. */
export type CostBoard = {
  /** Those that are not over: first those that nobody has answered, the worst in front. */
  readonly anomalies: readonly ListedAnomaly[];
  /** How many are not over. */
  readonly live: number;
  /** Those that are open: critical ones first, then by what they waste. */
  readonly zombies: readonly FoundZombie[];
  /** All that is open, and what it costs a month as far as that is known. */
  readonly idle: { readonly open: number; readonly monthlyWasteCents: number; readonly unpriced: number };
  /** Null: nobody has looked yet. */
  readonly hunt: { readonly huntedAtMs: number; readonly unread: readonly UnreadSource[] } | null;
  readonly rates: readonly CostRate[];
  /** The CDNs of its services, by name. */
  readonly cdns: readonly string[];
  /** How many AWS accounts are watched. */
  readonly accounts: number;
  /** Events that wait to be scored, and those that could not be. */
  readonly events: { readonly waiting: number; readonly dead: number };
};

/** What somebody, or tranche itself, has done to an anomaly, to what idles or to a baseline. */
export type Remembered = {
  readonly atMs: number;
  readonly actor: string;
  readonly action: string;
  /** As it was left; null: it was not said. */
  readonly state: string | null;
  readonly note: string | null;
};

/** What the console shows of costs beyond what the API has as lists. */
export interface CostBoardStore {
  look(customerId: number): Promise<CostBoard>;
  /** Anomalies of one series, the newest first; at most `most`. */
  ofSeries(customerId: number, seriesId: number, most: number): Promise<ListedAnomaly[]>;
  /** Changes of one object, the newest first; `mostRemembered` at most. */
  history(customerId: number, objectType: "cost_anomaly" | "zombie" | "cost_baseline", id: number): Promise<Remembered[]>;
}
