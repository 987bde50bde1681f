import { z } from "@hono/zod-openapi";
import type { CostAnomaly } from "../../adapters/ports/cost/anomalies.ts";
import { anomalyStates } from "../../adapters/ports/cost/anomalies.ts";
import { costModes } from "../../domain/cost/mode.ts";
import { id, label, like, timeText } from "../../http/contract.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";
import { representSeries, seriesSchema } from "./series-contract.ts";

export const anomalyState = z.enum(anomalyStates).openapi({ example: "open" });

/** Why somebody said so. */
export const noteInput = label(500).nullable().optional().openapi({
  example: "the launch, until Friday",
  description: "why; where it is not given there is none, and the one before is in the audit log alone",
});

/** How long a snooze lasts. */
const snoozeHours = { least: 1, most: 168 } as const;

export const anomalyPatch = z
  .strictObject({
    state: anomalyState.openapi({
      description:
        "acknowledged: somebody looks at it; snoozed: open again by itself; expected: a false alarm, by which the mode's promotion is judged, and what comes is learnt from; resolved: over, for good",
    }),
    hours: z.int().min(snoozeHours.least).max(snoozeHours.most).optional().openapi({ description: "of `snoozed`, and of nothing else" }),
    note: noteInput,
  })
  .refine(({ state, hours }) => state !== "snoozed" || hours !== undefined, {
    path: ["hours"],
    error: `must be given with snoozed: ${snoozeHours.least} to ${snoozeHours.most}`,
  })
  .refine(({ state, hours }) => state === "snoozed" || hours === undefined, {
    path: ["hours"],
    error: "must not be given but with snoozed",
  })
  .openapi("CostAnomalyPatch", { example: { state: "acknowledged", note: "the launch, until Friday" } });

export const anomalySchema = z
  .object({
    id,
    baseline_id: id.openapi({ description: "of its series" }),
    series: seriesSchema,
    state: anomalyState,
    severity: z.enum(["medium", "high", "critical"]).openapi({ example: "high" }),
    score: like(z.number(), 71.5).openapi({ description: "0 to 100, the greatest of its hours" }),
    explanation: like(
      z.string(),
      "$12.40 an hour, where $3.10 is usual on a Monday at 14:00 UTC, by 6 weeks: 5.2 deviations of $1.79 above.",
    ),
    value: like(z.number(), 1_240).openapi({ description: "of its worst hour, in the unit of the series" }),
    usual: like(z.number().nullable(), 310).openapi({ description: "null: nothing was known yet" }),
    first_hour: timeText,
    last_hour: timeText,
    hours: like(z.int(), 2).openapi({ description: "how many were odd" }),
    figures: z.record(z.string(), z.unknown()).openapi({ description: "of its worst hour, as the scorer had them", example: { z: 5.2 } }),
    snoozed_until: timeText.nullable(),
    changed_by: like(z.string().nullable(), "token:1"),
    changed_at: timeText.nullable(),
    note: like(z.string().nullable(), "the launch, until Friday"),
    mode: z.enum(costModes).openapi({ example: "audit", description: "how people were told when it was found" }),
    created_at: timeText,
    resolved_at: timeText.nullable(),
  })
  .openapi("CostAnomaly");

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

export const representAnomaly = (one: CostAnomaly): z.infer<typeof anomalySchema> => ({
  id: one.id,
  baseline_id: one.seriesId,
  series: representSeries(one.series),
  state: one.state,
  severity: one.severity,
  score: one.score,
  explanation: one.explanation,
  value: one.value,
  usual: one.usual,
  first_hour: isoTime(one.firstHourMs),
  last_hour: isoTime(one.lastHourMs),
  hours: one.hours,
  figures: isRecord(one.figures) ? one.figures : {},
  snoozed_until: isoTimeOrNull(one.snoozedUntilMs),
  changed_by: one.changedBy,
  changed_at: isoTimeOrNull(one.changedAtMs),
  note: one.note,
  mode: one.mode,
  created_at: isoTime(one.createdAtMs),
  resolved_at: isoTimeOrNull(one.resolvedAtMs),
});
