import { z } from "@hono/zod-openapi";
import type { Objective } from "../../adapters/ports/slo/objectives.ts";
import { id, label, like, timeText } from "../../http/contract.ts";
import { isoTime } from "../../iso-time.ts";
import { cdnName, decimal, nonEmpty, together } from "../schemas.ts";

const percent = (value: number) => like(z.int().min(1).max(100), value);
const calendar = z.enum(["week", "month"]);
const mostUpstreams = 10;

const upstreams = z
  .array(cdnName)
  .max(mostUpstreams)
  .refine((names) => new Set(names).size === names.length, "must not name one twice")
  .openapi({ uniqueItems: true, example: [], description: "under self-only: upstreams that are not forgiven" });

const fields = {
  name: label(200).openapi({ example: "checkout" }),
  target: decimal(5).min(1).lt(100).openapi({ example: 99.9, description: "percent of the measured time" }),
  window_days: like(z.int().min(1).max(400).nullable(), 30).openapi({ description: "a rolling window; null: a calendar one" }),
  calendar: like(calendar.nullable(), null).openapi({
    description: "a window from Monday, or from the first, in UTC; null: a rolling one",
  }),
  dependency_exclusion: z.enum(["strict", "self-only"]).openapi({
    example: "strict",
    description: "strict: all downtime consumes the budget; self-only: that of an upstream does not, while the other side was up",
  }),
  excluded_upstreams: upstreams,
  burn_warning_percent: percent(50).openapi({ description: "percent of the budget that is consumed" }),
  burn_critical_percent: percent(80),
  fast_burn_multiplier: like(decimal(2).gt(0).max(1_000), 5).openapi({
    description: "how many times as fast as it allows the budget burns over the last hour",
  }),
};

export const objectiveSchema = z
  .object({
    id,
    service_id: id,
    service_name: like(z.string(), "web"),
    version: like(z.int(), 1).openapi({ description: "rises with each change; days that are over keep theirs" }),
    ...fields,
    target: like(z.number(), 99.9),
    excluded_upstreams: like(z.array(z.string()), []),
    fast_burn_multiplier: like(z.number(), 5),
    created_at: timeText,
    updated_at: timeText,
  })
  .openapi("Objective");

type Terms = {
  readonly window_days?: number | null | undefined;
  readonly calendar?: "week" | "month" | null | undefined;
  readonly burn_warning_percent?: number | undefined;
  readonly burn_critical_percent?: number | undefined;
};

const oneWindow = ({ window_days: days, calendar: named }: Terms): boolean => days == null || named == null;
const twoWindows = { path: ["calendar"], error: "must not be given together with window_days" };

/** The same rules as schemas. */
const rolling = { window_days: { type: "integer" } };
const fixed = { calendar: { type: "string" } };
const bothWindows = { required: ["window_days", "calendar"], properties: { ...rolling, ...fixed } };
const someWindow = {
  anyOf: [
    { required: ["window_days"], properties: rolling },
    { required: ["calendar"], properties: fixed },
  ],
};

const warnsFirst = ({ burn_warning_percent: warning, burn_critical_percent: critical }: Terms): boolean =>
  warning === undefined || critical === undefined || warning <= critical;
const warnsLate = { path: ["burn_warning_percent"], error: "must be at most burn_critical_percent" };

/** Null names no window: where it stands alone it would leave none. */
const namesWindow = ({ window_days: days, calendar: named }: Terms): boolean =>
  (days === undefined && named === undefined) || days != null || named != null;

export const objectiveInput = z
  .strictObject({
    ...fields,
    window_days: fields.window_days.optional().openapi({ description: "a rolling window; 30 where neither it nor calendar is given" }),
    calendar: fields.calendar.optional(),
    dependency_exclusion: fields.dependency_exclusion.default("strict"),
    excluded_upstreams: upstreams.default([]),
    burn_warning_percent: fields.burn_warning_percent.default(50),
    burn_critical_percent: fields.burn_critical_percent.default(80),
    fast_burn_multiplier: fields.fast_burn_multiplier.default(5),
  })
  .refine(oneWindow, twoWindows)
  .refine(warnsFirst, warnsLate)
  .openapi(together({ not: bothWindows }))
  .openapi("ObjectiveInput");

export const objectivePatch = nonEmpty(z.strictObject(fields).partial())
  .refine(oneWindow, twoWindows)
  .refine(namesWindow, { path: ["window_days"], error: "must be given, or else calendar: an objective has a window" })
  .refine(warnsFirst, warnsLate)
  .openapi(together({ not: bothWindows, dependentSchemas: { window_days: someWindow, calendar: someWindow } }))
  .openapi("ObjectivePatch");

/** The window that a body names; undefined: none. */
const windowOf = ({ window_days: days, calendar: named }: Terms) => {
  if (days != null) return { days };
  return named == null ? undefined : { calendar: named };
};

/** Maps a body's fields to the port's names; absent ones stay absent. */
export const objectiveFields = <Body extends z.infer<typeof objectivePatch>>(body: Body) => ({
  name: body.name as Body["name"],
  target: body.target as Body["target"],
  window: windowOf(body),
  dependencyExclusion: body.dependency_exclusion as Body["dependency_exclusion"],
  excludedUpstreams: body.excluded_upstreams as Body["excluded_upstreams"],
  burnWarningPercent: body.burn_warning_percent as Body["burn_warning_percent"],
  burnCriticalPercent: body.burn_critical_percent as Body["burn_critical_percent"],
  fastBurnMultiplier: body.fast_burn_multiplier as Body["fast_burn_multiplier"],
});

export const representObjective = (one: Objective): z.infer<typeof objectiveSchema> => ({
  id: one.id,
  service_id: one.serviceId,
  service_name: one.serviceName,
  name: one.name,
  version: one.version,
  target: one.target,
  window_days: "days" in one.window ? one.window.days : null,
  calendar: "days" in one.window ? null : one.window.calendar,
  dependency_exclusion: one.dependencyExclusion,
  excluded_upstreams: [...one.excludedUpstreams],
  burn_warning_percent: one.burnWarningPercent,
  burn_critical_percent: one.burnCriticalPercent,
  fast_burn_multiplier: one.fastBurnMultiplier,
  created_at: isoTime(one.createdAtMs),
  updated_at: isoTime(one.updatedAtMs),
});
