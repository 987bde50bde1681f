import { z } from "@hono/zod-openapi";
import type { CostBaseline, CostTrendHour } from "../../adapters/ports/cost/series.ts";
import { id, like, tenantQuery, time, timeText } from "../../http/contract.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";
import { ordered, outOfOrder } from "../schemas.ts";
import { representSeries, seriesSchema } from "./series-contract.ts";

export const baselineSchema = z
  .object({
    id,
    series: seriesSchema,
    mean: like(z.number(), 310).openapi({ description: "an hour, in the unit of the series" }),
    deviation: like(z.number(), 179),
    count: like(z.int(), 1_008).openapi({ description: "of how many values it was learnt" }),
    actors: like(z.array(z.string()), []).openapi({ description: "who was seen, the latest first; 200 at most" }),
    last_hour: timeText.nullable(),
    updated_at: timeText,
  })
  .openapi("CostBaseline");

export const representBaseline = (one: CostBaseline): z.infer<typeof baselineSchema> => ({
  id: one.id,
  series: representSeries(one.series),
  mean: one.mean,
  deviation: one.deviation,
  count: one.count,
  actors: [...one.actors],
  last_hour: isoTimeOrNull(one.lastHourMs),
  updated_at: isoTime(one.updatedAtMs),
});

export const hourSchema = z
  .object({
    hour: timeText.openapi({ description: "its beginning" }),
    value: like(z.number(), 298),
    usual: z
      .object({ low: like(z.number(), 131), mean: like(z.number(), 310), high: like(z.number(), 489) })
      .nullable()
      .openapi({ description: "the band of what was usual when it was scored; null: too little was known" }),
    score: like(z.number(), 0),
    severity: z.enum(["none", "medium", "high", "critical"]).openapi({ example: "none" }),
    label: like(z.string().nullable(), null).openapi({
      description:
        "why it was not judged: `expected: storm`, `expected: override` and `expected: drill`, which its baseline does not learn, or `expected: change`, where somebody has just set a rate, or put the CDN to another use",
    }),
  })
  .openapi("CostHour");

export const representHour = ({ hourMs, ...hour }: CostTrendHour): z.infer<typeof hourSchema> => ({ hour: isoTime(hourMs), ...hour });

const dayMs = 86_400_000;
/** How many days one answer has at most, and how many where nobody says. */
const trendDays = { most: 35, usual: 7 } as const;

export const trendQuery = tenantQuery
  .extend({
    from: time.optional().openapi({ description: `by default ${trendDays.usual} days before \`to\`` }),
    to: time.optional().openapi({ description: "not included; by default now" }),
  })
  .refine(ordered, outOfOrder)
  .refine(({ from, to }) => from === undefined || to === undefined || to - from <= trendDays.most * dayMs, {
    path: ["to"],
    error: `must be at most ${trendDays.most} days after from`,
  });

/** The hours that are asked for. With `from` alone they are as many as one answer has. */
export const trendSpan = (
  { from, to }: { readonly from?: number | undefined; readonly to?: number | undefined },
  nowMs: number,
): { readonly fromMs: number; readonly toMs: number } => {
  const toMs = to ?? (from === undefined ? nowMs : Math.max(from, Math.min(nowMs, from + trendDays.most * dayMs)));
  return { fromMs: from ?? Math.max(0, toMs - trendDays.usual * dayMs), toMs };
};
