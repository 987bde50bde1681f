import type { LiveAnomaly } from "../../../domain/cost/anomaly.ts";
import type { OddEvent, ScoredEvent } from "../../../domain/cost/fold-events.ts";
import type { Shift } from "../../../domain/cost/storm-rule.ts";
import type { HourRow, Memory } from "../../../domain/cost/watched.ts";
import type { SeriesKind, SeriesUnit } from "./anomalies.ts";

/** What a series is known by. `accountId`: empty for egress. `cdn`: null for the sum of a service's CDNs. */
export type SeriesKey = {
  readonly customerId: number;
  readonly kind: SeriesKind;
  readonly accountId: string;
  readonly resourceType: string;
  readonly serviceId: number | null;
  readonly cdn: string | null;
  readonly unit: SeriesUnit;
};

/** A series as it was read. */
export type StoredSeries = SeriesKey & {
  readonly id: number;
  /** With which it is written: whoever was slower writes nothing. */
  readonly version: number;
  /** Null: it was begun anew. */
  readonly memory: Memory | null;
  readonly lastHourMs: number | null;
  readonly live: LiveAnomaly | null;
};

/** What is to be stored of a series. */
export type SeriesSave = {
  readonly key: SeriesKey;
  /** Null: it is new. */
  readonly stored: Pick<StoredSeries, "id" | "version" | "memory"> | null;
  readonly memory: Memory;
  readonly lastHourMs: number | null;
  readonly live: LiveAnomaly | null;
  readonly ended: readonly LiveAnomaly[];
  /** Whether what was learnt before is forgotten, seasons too. */
  readonly isAnew?: boolean;
  /** Their values are added to what their hours have: events of an hour come in any number of batches. */
  readonly hours: readonly HourRow[];
};

/** An event of a batch, with what its series is known by. */
export type QueuedEvent = ScoredEvent & { readonly accountId: string; readonly resourceType: string };

/** Events that came together, claimed until `tries` is another. */
export type ClaimedBatch = {
  readonly id: number;
  readonly customerId: number;
  /** How often it was claimed, this time included. */
  readonly tries: number;
  readonly events: readonly QueuedEvent[];
};

/** An hour of a service's egress. `sides`: bytes and rate (cents for 10^9 bytes; null: not known) of each CDN that was measured. */
export type EgressFacts = {
  readonly hourMs: number;
  readonly sides: readonly {
    readonly cdn: string;
    readonly bytes: number;
    readonly centsPerGb: number | null;
    /** Since when that is its rate; null where there is none. */
    readonly rateSinceMs: number | null;
    /** Since when it has been on this side of the service; null: ever since. */
    readonly sinceMs: number | null;
  }[];
  /** Whether all of its CDNs could say how much they sent: else their sum is not known. */
  readonly isWhole: boolean;
  /** At what the sum is counted: the lowest rate of the service's CDNs that is one, whichever of them were measured. Null: there is none. */
  readonly sumCentsPerGb: number | null;
  /** What moved its traffic in any part of the hour; null: nothing did. */
  readonly shift: Shift | null;
};

/** A service with hours of egress that are over and not judged yet, ascending. `untilMs`: the first that is not over. */
export type EgressDue = {
  readonly serviceId: number;
  readonly customerId: number;
  readonly hours: readonly EgressFacts[];
  readonly untilMs: number;
};

/** What is scored, and where it is kept. */
export interface ScoringStore {
  /** Claims batches, in turn of their customers, for `holdMs`. @param served customers who come after all others: they had their turn */
  claim(most: number, holdMs: number, served?: readonly number[]): Promise<ClaimedBatch[]>;
  /** A batch in two, of which each is tried for itself. */
  split(batch: ClaimedBatch): Promise<void>;
  /** Gives a batch back. @param retryMs until it may be claimed again; null: it is given up. */
  giveBack(batch: ClaimedBatch, error: string, retryMs: number | null): Promise<void>;
  /** Gives a batch back as if it had not been claimed: somebody else was faster. */
  release(batch: ClaimedBatch): Promise<void>;
  /**
   * The series of these keys that exist, and how many each customer has.
   * @param hoursOfWeek of which hours their seasons are read: those that are judged
   */
  read(
    keys: readonly SeriesKey[],
    hoursOfWeek: readonly number[],
  ): Promise<{ readonly series: readonly StoredSeries[]; readonly counts: ReadonlyMap<number, number> }>;
  /** All or nothing. @returns false where a batch or a series is not what it was any more */
  save(batches: readonly ClaimedBatch[], saves: readonly SeriesSave[], odd: readonly OddEvent[]): Promise<boolean>;
  /** Services with hours of egress to be judged, and those hours: `most` hours in all, or those of one service. @param except ids of services */
  egressDue(nowMs: number, most: number, except?: readonly number[]): Promise<EgressDue[]>;
  /** Series of calls of which an hour before `untilMs` is not judged yet. @param except ids of series */
  callsDue(untilMs: number, most: number, except?: readonly number[]): Promise<StoredSeries[]>;
  /** Ends what was snoozed for long enough, and anomalies of events that have been quiet. @returns how many of each */
  upkeep(nowMs: number): Promise<{ readonly woken: number; readonly ended: number }>;
}
