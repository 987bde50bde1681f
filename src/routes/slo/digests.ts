import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { SentDigest } from "../../adapters/ports/slo/history.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { isIsoWeek } from "../../domain/platform/iso-week.ts";
import type { Digest, Ranked } from "../../domain/slo/digest.ts";
import { lengthOf } from "../../domain/slo/figures.ts";
import { id, jsonAnswer, like, problems, readProblems, tenantPageQuery, tenantQuery, timeText } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { paged } from "../../http/paging.ts";
import { isoTime } from "../../iso-time.ts";
import { minutes, share, stateName } from "./status-contract.ts";

const weekText = z.string().openapi({ example: "2026-W47", pattern: "^[0-9]{4}-W(0[1-9]|[1-4][0-9]|5[0-3])$" });

const params = z.strictObject({
  week: z
    .string()
    .refine(isIsoWeek, "must be an ISO week, such as 2026-W47")
    .openapi({ example: "2026-W47", pattern: "^[0-9]{4}-W(0[1-9]|[1-4][0-9]|5[0-3])$" }),
});

const count = like(z.int().min(0), 3);
const sent = { week: weekText, created_at: timeText };

const rankedSchema = z.object({
  objective_id: id,
  name: like(z.string(), "checkout"),
  service_id: id,
  service_name: like(z.string(), "web"),
  target: like(z.number(), 99.9),
  state: stateName.openapi({ description: "at the end of the week, as what follows" }),
  availability: share(99.97685),
  remaining_minutes: minutes(33.2),
  remaining_percent: like(z.number(), 76.85185),
  week_downtime_minutes: minutes(10),
  week_consumed_minutes: minutes(10),
});

const listSchema = z.object(sent).openapi("DigestOfWeek");

const digestSchema = z
  .object({
    ...sent,
    objectives: count,
    states: z.object({ healthy: count, at_risk: count, degraded: count, breaching: count, insufficient_data: count }),
    best: z.array(rankedSchema).openapi({ description: "at most three, by what is left of the budget" }),
    worst: z.array(rankedSchema).openapi({ description: "at most three with which something is or was the matter" }),
    storms: count.openapi({ description: "that began in the week" }),
    switches: count,
    avoided_minutes: minutes(12),
    avoided_cents: like(z.int().nullable(), 12_000).openapi({ description: "null: no service says what a minute of downtime costs" }),
    discount_cents: like(z.int(), 430),
    currency: like(z.string(), "USD"),
  })
  .openapi("Digest");

const representRanked = (one: Ranked): z.infer<typeof rankedSchema> => ({
  objective_id: one.objectiveId,
  name: one.name,
  service_id: one.serviceId,
  service_name: one.service,
  target: one.target,
  state: one.state,
  availability: one.availability,
  remaining_minutes: lengthOf(one.remainingUs).minutes,
  remaining_percent: one.remainingPercent,
  week_downtime_minutes: lengthOf(one.weekDownUs).minutes,
  week_consumed_minutes: lengthOf(one.weekConsumedUs).minutes,
});

const representSent = ({ week, createdAtMs }: SentDigest): z.infer<typeof listSchema> => ({ week, created_at: isoTime(createdAtMs) });

const representDigest = ({ body, ...digest }: SentDigest & { readonly body: Digest }): z.infer<typeof digestSchema> => ({
  ...representSent(digest),
  objectives: body.objectives,
  states: { ...body.states },
  best: body.best.map(representRanked),
  worst: body.worst.map(representRanked),
  storms: body.storms,
  switches: body.switches,
  avoided_minutes: lengthOf(body.avoidedUs).minutes,
  avoided_cents: body.avoidedCents,
  discount_cents: body.discountCents,
  currency: body.currency,
});

/** `/v1/digests`: weeks as customers were sent them. */
export const registerDigests = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["digests"];

  const list = createRoute({
    method: "get",
    path: "/v1/digests",
    tags,
    summary: "List the weeks of which there is a digest, the latest first",
    middleware: [guards.viewer],
    request: { query: tenantPageQuery },
    responses: { 200: jsonAnswer(z.array(listSchema), "One page"), ...problems(400, 401, 403) },
  });
  app.openapi(list, async (c) => {
    const page = await paged(c, c.req.valid("query"), (wanted) => deps.sloProgress.digests(c.var.customerId, wanted));
    return c.json(page.map(representSent), 200);
  });

  const get = createRoute({
    method: "get",
    path: "/v1/digests/{week}",
    tags,
    summary: "Read the digest of an ISO week, as it was sent",
    middleware: [guards.viewer],
    request: { params, query: tenantQuery },
    responses: { 200: jsonAnswer(digestSchema, "The week"), ...readProblems },
  });
  app.openapi(get, async (c) => {
    const digest = await deps.sloProgress.digest(c.var.customerId, c.req.valid("param").week);
    if (digest === null) throw noSuchResource();
    return c.json(representDigest(digest), 200);
  });
};
