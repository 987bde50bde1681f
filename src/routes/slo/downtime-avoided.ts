import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { AvoidedDowntime, AvoidedService } from "../../adapters/ports/slo/downtime-avoided.ts";
import { stormsShown } from "../../adapters/ports/slo/downtime-avoided.ts";
import type { Guards } from "../../auth/guards.ts";
import { startOfMonth } from "../../domain/platform/calendar.ts";
import { downtimeCents } from "../../domain/slo/avoided.ts";
import { id, jsonAnswer, like, maxTimeMs, problems, tenantPageQuery, timeText } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { paged } from "../../http/paging.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";
import { priceFields, seconds, secondsOf } from "./downtime-contract.ts";

const month = z.string().regex(/^(19[7-9]\d|[2-9]\d{3})-(0[1-9]|1[0-2])$/, "must be a month from 1970-01 to 9999-12, such as 2026-11");

const query = tenantPageQuery.extend({
  month: month.optional().openapi({ example: "2026-11", description: "in UTC; without it the present one, so far" }),
});

const stormSchema = z.object({
  storm_id: id,
  kind: z.enum(["http_availability", "http_latency"]),
  started_at: timeText,
  ended_at: like(timeText.nullable(), null),
  seconds: seconds(11_520).openapi({ description: "within the month; time that two storms share is part of both" }),
  cents: priceFields.cents,
});

const serviceSchema = z
  .object({
    service_id: id,
    service_name: like(z.string(), "web"),
    seconds: seconds(11_520).openapi({ description: "time that two storms share counts once" }),
    ...priceFields,
    storm_count: like(z.int(), 1),
    storms: z.array(stormSchema).openapi({ description: `the newest ${stormsShown}` }),
  })
  .openapi("ServiceDowntimeAvoided");

const monthSchema = z
  .object({
    month: like(month, "2026-11"),
    seconds: seconds(11_520).openapi({ description: "of all services together, whatever the page" }),
    ...priceFields,
    unpriced_seconds: seconds(0).openapi({ description: "of those that do not say what a minute costs: not in the cents" }),
    service_count: like(z.int(), 1),
    services: z.array(serviceSchema).openapi({ description: "one page of those with downtime avoided, by id" }),
  })
  .openapi("DowntimeAvoided");

const representService = (one: AvoidedService, currency: string): z.infer<typeof serviceSchema> => ({
  service_id: one.id,
  service_name: one.serviceName,
  seconds: secondsOf(one.avoidedUs),
  cents: downtimeCents(one.avoidedUs, one.centsPerMinute),
  currency: one.centsPerMinute === null ? null : currency,
  storm_count: one.stormCount,
  storms: one.storms.map((storm) => ({
    storm_id: storm.id,
    kind: storm.kind,
    started_at: isoTime(storm.startedAtMs),
    ended_at: isoTimeOrNull(storm.endedAtMs),
    seconds: secondsOf(storm.avoidedUs),
    cents: downtimeCents(storm.avoidedUs, one.centsPerMinute),
  })),
});

type Totals = Omit<AvoidedDowntime, "services">;

/** `/v1/downtime-avoided`: what the storms of a month would have cost. */
export const registerDowntimeAvoided = (app: App, deps: Pick<Deps, "clock" | "downtimeAvoided">, guards: Guards): void => {
  const get = createRoute({
    method: "get",
    path: "/v1/downtime-avoided",
    tags: ["storms"],
    summary: "Read the downtime avoided of a month, in time and money: in all, by service and by storm",
    description:
      "Time within storms in which the primary was down and visitors were on the backup, which was up. Money by what each service says a minute of downtime costs.",
    middleware: [guards.viewer],
    request: { query },
    responses: { 200: jsonAnswer(monthSchema, "The month"), ...problems(400, 401, 403) },
  });
  app.openapi(get, async (c) => {
    const wanted = c.req.valid("query");
    const asked = wanted.month ?? isoTime(deps.clock.nowMs()).slice(0, "2026-11".length);
    const fromMs = Date.parse(`${asked}-01T00:00:00Z`);
    const toMs = Math.min(startOfMonth(fromMs, 1), maxTimeMs);
    let totals: Totals = { avoidedUs: 0, unpricedUs: 0, cents: null, currency: "", serviceCount: 0 };
    const services = await paged(c, wanted, async (page) => {
      const { services: found, ...rest } = await deps.downtimeAvoided.between(c.var.customerId, fromMs, toMs, page);
      totals = rest;
      return found;
    });
    const { avoidedUs, unpricedUs, cents, currency, serviceCount } = totals;
    return c.json(
      {
        month: asked,
        seconds: secondsOf(avoidedUs),
        cents,
        currency: cents === null ? null : currency,
        unpriced_seconds: secondsOf(unpricedUs),
        service_count: serviceCount,
        services: services.map((one) => representService(one, currency)),
      },
      200,
    );
  });
};
