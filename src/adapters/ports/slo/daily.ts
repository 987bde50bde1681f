import type { AchievementName, ServiceRecord } from "../../../domain/slo/achievement.ts";
import type { ObjectiveTerms } from "../../../domain/slo/objective.ts";
import type { DayVerdict, Streak } from "../../../domain/slo/snapshot.ts";
import type { ObjectiveState } from "../../../domain/slo/status.ts";
import type { Tallies, Tally } from "../../../domain/slo/tally.ts";
import type { Fence } from "../coordination/lease.ts";

/** The figures of a closed day; `allowedUs` and `window` of the window that ends with it. */
export type DayFigures = Streak & {
  readonly state: ObjectiveState;
  readonly allowedUs: number;
  readonly window: Tally;
  readonly ofDay: Tally;
  readonly verdict: DayVerdict;
};

/** An objective at the end of a day, by the terms then in force and the corrections then known. */
export type DayObjective = {
  readonly objectiveId: number;
  readonly version: number;
  readonly terms: ObjectiveTerms;
  readonly tallies: Tallies;
  readonly ofDay: Tally;
  /** Good days in a row until then. */
  readonly streakBefore: number;
  /** As it was closed before; null: it is due. */
  readonly closed: Pick<DayFigures, "allowedUs" | "window" | "verdict" | "streak"> | null;
};

/** A service at the end of a day, with all objectives that it had then. */
export type DayService = Pick<ServiceRecord, "trackedSinceUs" | "domains" | "outages"> & {
  readonly serviceId: number;
  readonly objectives: readonly DayObjective[];
};

/** What a day of a service is closed with. */
export type ClosedService = {
  readonly serviceId: number;
  readonly days: readonly (DayFigures & { readonly objectiveId: number; readonly version: number })[];
  readonly achievements: readonly { readonly name: AchievementName; readonly objectiveId: number | null }[];
};

/** Days are UTC dates, such as `2026-11-27`. */
export interface DayBook {
  /**
   * The oldest day that is not closed of every objective that lived at its end; null: there is none.
   * @param overByMs that ended by then
   * @param afterDay only those after it; null: all
   */
  oldestDue(overByMs: number, afterDay: string | null): Promise<string | null>;
  /** The first of `services`, by its id alone; null: there is none. */
  nextService(day: string, afterServiceId: number): Promise<number | null>;
  /** Services with objectives of which this day is the next to be closed, ascending by id. */
  services(day: string, afterServiceId: number, limit: number, nowMs: number): Promise<readonly DayService[]>;
  /** In one statement; what is there already stays. @returns how many days are new; null: the lease is lost, and nothing was stored */
  close(fence: Fence, day: string, services: readonly ClosedService[]): Promise<number | null>;
}
