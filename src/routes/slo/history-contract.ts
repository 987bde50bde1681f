import { z } from "@hono/zod-openapi";
import type { DailySnapshot, DowntimeEvent, DowntimeEvents, SloAlert } from "../../adapters/ports/slo/history.ts";
import type { AlertFigures } from "../../domain/slo/alerts.ts";
import { burnRate } from "../../domain/slo/burn.ts";
import { lengthOf, percentOf, ratioOf } from "../../domain/slo/figures.ts";
import { consumes } from "../../domain/slo/objective.ts";
import type { Run } from "../../domain/slo/snapshot.ts";
import { id, like, orNull, timeText } from "../../http/contract.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";
import { cdnText, minutes, share, stateName } from "./status-contract.ts";

export const dateText = z.string().openapi({ format: "date", example: "2026-11-27" });

const eventSchema = z.object({
  started_at: timeText,
  ended_at: like(timeText.nullable(), null).openapi({ description: "null: it goes on" }),
  minutes: minutes(20),
  attribution: z.enum(["self", "upstream"]),
  upstream_cdn: cdnText.nullable().openapi({ description: "the CDN in use while the other side was up" }),
  consumes: z.boolean().openapi({ description: "whether it consumes the budget, by the objective's present terms" }),
  corrected_minutes: minutes(0).openapi({ description: "of it, what corrections take out" }),
  storm_id: like(id.nullable(), 1),
  reconstructed: z.boolean().openapi({ description: "computed from minute rollups, before states were recorded" }),
});

export const eventsSchema = z
  .object({
    objective_id: id,
    from: timeText,
    to: timeText,
    events: z
      .array(eventSchema)
      .openapi({ description: "clipped to the span, the newest first; who is to blame changes within an outage" }),
  })
  .openapi("DowntimeEvents");

const figuresSchema = z.object({
  burn: like(z.number().nullable(), 20.1).openapi({ description: "over the long look-back; of alerts of the budget over the last hour" }),
  short_burn: like(z.number().nullable(), 100).openapi({ description: "null: it has no short look-back" }),
  threshold: like(z.number(), 14.4).openapi({ description: "a factor of burn, or percent of the budget" }),
  allowed_minutes: minutes(43.2),
  consumed_minutes: minutes(1.2),
  remaining_minutes: minutes(42),
  downtime_minutes: minutes(1.2),
});

export const alertSchema = z
  .object({
    id,
    alert: z.enum(["1h", "6h", "3d", "fast_burn", "budget_warning", "budget_critical", "exhausted"]),
    state: z.enum(["open", "resolved"]),
    fired_at: timeText,
    fired: figuresSchema,
    resolved_at: like(timeText.nullable(), null),
    resolved: orNull(figuresSchema),
  })
  .openapi("BurnAlert");

const runSchema = z.object({
  days: like(z.int().min(0), 12),
  started_on: dateText.nullable(),
  ended_on: dateText.nullable(),
});

const snapshotSchema = z.object({
  day: dateText,
  version: like(z.int(), 1).openapi({ description: "of the objective, in force at the end of the day" }),
  target: like(z.number(), 99.9),
  state: stateName.openapi({ description: "at the end of the day, of the window that ends with it" }),
  allowed_minutes: minutes(43.2),
  consumed_minutes: minutes(10),
  remaining_minutes: minutes(33.2),
  remaining_percent: like(z.number(), 76.85185),
  measured_minutes: minutes(43_200),
  availability: share(99.97685),
  coverage: like(z.number().nullable(), 1),
  day_downtime_minutes: minutes(0),
  day_consumed_minutes: minutes(0),
  day_measured_minutes: minutes(1_440),
  day_coverage: like(z.number().nullable(), 1),
  burn: like(z.number().nullable(), 0).openapi({ description: "of the day: how many times as fast as it allows the budget was spent" }),
  verdict: z.enum(["good", "bad", "insufficient"]),
  streak: like(z.int().min(0), 12).openapi({ description: "good days in a row after it; an insufficient one neither adds nor ends" }),
  broken_streak: like(z.int().min(0), 0).openapi({ description: "how many good days it ended" }),
});

export const snapshotsSchema = z
  .object({
    objective_id: id,
    current_streak: runSchema,
    best_streak: runSchema,
    snapshots: z.array(snapshotSchema).openapi({ description: "one page of UTC days, the newest first" }),
  })
  .openapi("DailySnapshots");

const timeOf = (us: number): string => isoTime(Math.floor(us / 1_000));

const representEvent = (event: DowntimeEvent, { objective }: DowntimeEvents): z.infer<typeof eventSchema> => ({
  started_at: timeOf(event.id),
  ended_at: event.isOpen ? null : timeOf(event.endUs),
  minutes: lengthOf(event.endUs - event.id).minutes,
  attribution: event.upstreamCdn === null ? "self" : "upstream",
  upstream_cdn: event.upstreamCdn,
  consumes: consumes(objective, event.upstreamCdn),
  corrected_minutes: lengthOf(event.correctedUs).minutes,
  storm_id: event.stormId,
  reconstructed: event.reconstructed,
});

export const representEvents = (found: DowntimeEvents, page: readonly DowntimeEvent[]): z.infer<typeof eventsSchema> => ({
  objective_id: found.objective.id,
  from: timeOf(found.span.fromUs),
  to: timeOf(found.span.toUs),
  events: page.map((event) => representEvent(event, found)),
});

const representFigures = (figures: AlertFigures): z.infer<typeof figuresSchema> => ({
  burn: figures.burn,
  short_burn: figures.shortBurn,
  threshold: figures.threshold,
  allowed_minutes: lengthOf(figures.allowedUs).minutes,
  consumed_minutes: lengthOf(figures.consumedUs).minutes,
  remaining_minutes: lengthOf(figures.remainingUs).minutes,
  downtime_minutes: lengthOf(figures.downUs).minutes,
});

export const representAlert = (alert: SloAlert): z.infer<typeof alertSchema> => ({
  id: alert.id,
  alert: alert.kind,
  state: alert.resolvedAtMs === null ? "open" : "resolved",
  fired_at: isoTime(alert.firedAtMs),
  fired: representFigures(alert.fired),
  resolved_at: isoTimeOrNull(alert.resolvedAtMs),
  resolved: alert.resolved && representFigures(alert.resolved),
});

export const representRun = ({ days, startedOn, endedOn }: Run): z.infer<typeof runSchema> => ({
  days,
  started_on: startedOn,
  ended_on: endedOn,
});

export const representSnapshot = (one: DailySnapshot): z.infer<typeof snapshotSchema> => {
  const remainingUs = one.allowedUs - one.window.consumedUs;
  return {
    day: one.day,
    version: one.version,
    target: one.target,
    state: one.state,
    allowed_minutes: lengthOf(one.allowedUs).minutes,
    consumed_minutes: lengthOf(one.window.consumedUs).minutes,
    remaining_minutes: lengthOf(remainingUs).minutes,
    remaining_percent: percentOf(remainingUs, one.allowedUs) ?? 0,
    measured_minutes: lengthOf(one.window.measuredUs).minutes,
    availability: percentOf(one.window.measuredUs - one.window.consumedUs, one.window.measuredUs),
    coverage: ratioOf(one.window.measuredUs, one.window.elapsedUs),
    day_downtime_minutes: lengthOf(one.ofDay.downUs).minutes,
    day_consumed_minutes: lengthOf(one.ofDay.consumedUs).minutes,
    day_measured_minutes: lengthOf(one.ofDay.measuredUs).minutes,
    day_coverage: ratioOf(one.ofDay.measuredUs, one.ofDay.elapsedUs),
    burn: burnRate(one, one.ofDay),
    verdict: one.verdict,
    streak: one.streak,
    broken_streak: one.brokenStreak,
  };
};
