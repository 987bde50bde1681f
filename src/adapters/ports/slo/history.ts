import type { AchievementName, ServiceRecord } from "../../../domain/slo/achievement.ts";
import type { AlertFigures, AlertKind } from "../../../domain/slo/alerts.ts";
import type { Digest } from "../../../domain/slo/digest.ts";
import type { SpanUs } from "../../../domain/slo/objective.ts";
import type { DayVerdict, Run } from "../../../domain/slo/snapshot.ts";
import type { ObjectiveState, Tally } from "../../../domain/slo/status.ts";
import type { Page } from "../tenants/change.ts";
import type { Objective } from "./objectives.ts";

/** Downtime of a service with one to blame, clipped to a span of time. */
export type DowntimeEvent = {
  /** When it begins, microseconds since the epoch: one of a service at a time. */
  readonly id: number;
  readonly endUs: number;
  /** It goes on. */
  readonly isOpen: boolean;
  /** The upstream to blame; null: the service itself. */
  readonly upstreamCdn: string | null;
  readonly stormId: number | null;
  /** Computed from minute rollups. */
  readonly reconstructed: boolean;
  /** What corrections take out of it, microseconds. */
  readonly correctedUs: number;
};

export type DowntimeEvents = { readonly objective: Objective; readonly span: SpanUs; readonly events: readonly DowntimeEvent[] };

export type SloAlert = {
  readonly id: number;
  readonly kind: AlertKind;
  readonly firedAtMs: number;
  readonly fired: AlertFigures;
  /** Null: it is open. */
  readonly resolvedAtMs: number | null;
  readonly resolved: AlertFigures | null;
};

/** An objective at the end of a UTC day, as it was written then. */
export type DailySnapshot = {
  /** The day, counted from 1970-01-01. */
  readonly id: number;
  /** A date. */
  readonly day: string;
  readonly version: number;
  /** Of that version. */
  readonly target: number;
  readonly state: ObjectiveState;
  readonly allowedUs: number;
  /** Of the window that ends with the day. */
  readonly window: Tally;
  /** Of the day itself. */
  readonly ofDay: Tally;
  readonly verdict: DayVerdict;
  readonly streak: number;
  readonly brokenStreak: number;
};

export type DailySnapshots = { readonly current: Run; readonly best: Run; readonly days: readonly DailySnapshot[] };

export type Achievement = {
  readonly name: AchievementName;
  readonly objectiveId: number | null;
  /** The date of the UTC day at whose end it was true. */
  readonly day: string;
};

/** `id`: the service's. */
export type ServiceAchievements = { readonly id: number; readonly name: string; readonly achievements: readonly Achievement[] };

/** All that its milestones are computed from besides the status of its objectives. */
export type ServiceFacts = ServiceAchievements &
  Pick<ServiceRecord, "trackedSinceUs" | "domains" | "outages"> & {
    /** Good days in a row until the last day that is over, by objective. */
    readonly streaks: Readonly<Record<string, number>>;
  };

/** `id`: year and number, 202653 for 2026-W53. */
export type SentDigest = { readonly id: number; readonly week: string; readonly createdAtMs: number };

/** What is recorded of objectives. Rows of another customer are missing rows; null: there is no such live objective. */
export interface SloHistory {
  /**
   * Newest first; `page.afterId`: the `id` of one.
   * @param between its ends, epoch milliseconds; null: the present, and the beginning of the window that ends then
   */
  events(
    customerId: number,
    serviceId: number,
    objectiveId: number,
    between: { readonly fromMs: number | null; readonly toMs: number | null },
    page: Page,
  ): Promise<DowntimeEvents | null>;
  /** Newest first. @param isOpen those alone that are open, or that are not; null: all */
  alerts(customerId: number, serviceId: number, objectiveId: number, isOpen: boolean | null, page: Page): Promise<SloAlert[] | null>;
  /** Newest first; the streaks are of all days. */
  snapshots(customerId: number, serviceId: number, objectiveId: number, page: Page): Promise<DailySnapshots | null>;
}

/** What customers have achieved, and what they were sent. */
export interface SloProgress {
  /** Of live services that have any, ascending by id. */
  achievements(customerId: number, page: Page): Promise<ServiceAchievements[]>;
  /** Of all live services, ascending by id. */
  serviceFacts(customerId: number, page: Page): Promise<ServiceFacts[]>;
  /** Newest first. */
  digests(customerId: number, page: Page): Promise<SentDigest[]>;
  /** Null where none was sent for that week. */
  digest(customerId: number, week: string): Promise<(SentDigest & { readonly body: Digest }) | null>;
}
