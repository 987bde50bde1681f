import { createRoute, z } from "@hono/zod-openapi";
import type { CostSummary, EgressStanding, SpanSum } from "../../adapters/ports/cost/summary.ts";
import { mostSummarised } from "../../adapters/ports/cost/summary.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import { id, jsonAnswer, like, problems, tenantQuery, timeText } from "../../http/contract.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App } from "../../http/env.ts";
import { isoTime } from "../../iso-time.ts";
import { representSeries, seriesSchema } from "./series-contract.ts";

const count = like(z.int(), 0);

const spanSchema = z
  .object({
    value: like(z.number(), 7_440).openapi({ description: "in the unit of the series" }),
    usual: like(z.number().nullable(), 7_100).openapi({ description: "null: of an hour of them too little was known" }),
    hours: like(z.int(), 24).openapi({ description: "that were scored" }),
  })
  .openapi("CostSpan");

const schema = z
  .object({
    as_of: timeText,
    egress: z
      .array(
        z.object({
          baseline_id: id,
          series: seriesSchema,
          last_24_hours: spanSchema,
          last_7_days: spanSchema,
        }),
      )
      .openapi({ description: `by service and CDN, those that cost most in the last 24 hours in front; ${mostSummarised} at most` }),
    egress_omitted: count.openapi({ description: "series beyond those" }),
    open_anomalies: z.object({ critical: count, high: count, medium: count }),
    zombies: z.object({
      open: count,
      critical: count,
      monthly_waste_cents: like(z.int(), 12_345).openapi({ description: "of those with a known price" }),
      unpriced: count,
    }),
    events: z.object({
      waiting: count.openapi({ description: "not scored yet" }),
      dead: count.openapi({ description: "that could not be scored: GET /v1/cost/dead-letters" }),
    }),
  })
  .openapi("CostSummary");

const span = ({ value, usual, hours }: SpanSum): z.infer<typeof spanSchema> => ({ value, usual, hours });

const line = (one: EgressStanding): z.infer<typeof schema>["egress"][number] => ({
  baseline_id: one.seriesId,
  series: representSeries(one.series),
  last_24_hours: span(one.day),
  last_7_days: span(one.week),
});

const represent = (summary: CostSummary): z.infer<typeof schema> => ({
  as_of: isoTime(summary.asOfMs),
  egress: summary.egress.map(line),
  egress_omitted: summary.omitted,
  open_anomalies: summary.anomalies,
  zombies: {
    open: summary.zombies.open,
    critical: summary.zombies.critical,
    monthly_waste_cents: summary.zombies.monthlyWasteCents,
    unpriced: summary.zombies.unpriced,
  },
  events: summary.events,
});

/** `/v1/cost/summary`: one look at everything that costs. */
export const registerCostSummary = (app: App, deps: Deps, guards: Guards): void => {
  const get = createRoute({
    method: "get",
    path: "/v1/cost/summary",
    tags: ["cost"],
    summary: "Read how costs stand: egress against the usual, what is odd, what idles",
    middleware: [guards.viewer, worth(deps, costs.reading)],
    request: { query: tenantQuery },
    responses: { 200: jsonAnswer(schema, "The summary"), ...problems(400, 401, 403) },
  });
  app.openapi(get, async (c) => c.json(represent(await deps.costSummary.summary(c.var.customerId)), 200));
};
