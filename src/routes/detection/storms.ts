import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { MeasuredStorm, Storm, StormDetail } from "../../adapters/ports/detection/storms.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { creditReasons, credits } from "../../domain/billing/credit.ts";
import type { CreditReason } from "../../domain/billing/credit.ts";
import { stormTimeline } from "../../domain/detection/timeline.ts";
import { answerOnce } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import {
  id,
  idParams,
  idText,
  jsonAnswer,
  jsonRequest,
  label,
  like,
  orNull,
  readProblems,
  tenantPageQuery,
  tenantQuery,
  time,
  timeText,
  writeProblems,
} from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { paged } from "../../http/paging.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";
import { avoidedSchema, downtimeSchema, representAvoided, representDowntime } from "../slo/downtime-contract.ts";
import { changeSchema, representChange } from "../steering/routing-contract.ts";
import { cdnName, ordered, outOfOrder } from "../schemas.ts";

const reasonNames = Object.keys(creditReasons) as CreditReason[];

const stormSchema = z
  .object({
    id,
    service_id: id,
    service_name: like(z.string(), "web"),
    customer_id: id,
    customer_name: like(z.string(), "Acme"),
    policy_id: id,
    policy_version: like(z.int(), 1),
    kind: z.enum(["http_availability", "http_latency"]),
    state: z.enum(["storm", "recovering", "ended"]),
    monitor_only: z.boolean(),
    started_at: timeText,
    detected_at: timeText,
    recovering_since: like(timeText.nullable(), null),
    ended_at: like(timeText.nullable(), null),
    ended_reason: like(z.string().nullable(), null),
    relapses: like(z.int(), 0),
    max_coverage_factor: like(z.number(), 1.5),
    credit: like(z.enum(credits), "earned").openapi({
      description: "whether the storm earns a discount; decided when it began, later by what others saw or by an admin alone",
    }),
    credit_reason: like(z.enum(reasonNames).nullable(), null).openapi({
      description: `why it does or does not; null: it does, by the rule alone. ${reasonNames.map((name) => `\`${name}\`: ${creditReasons[name]}`).join("; ")}`,
    }),
    credited_until: like(timeText.nullable(), null).openapi({
      description: "of a corroborated storm: as long as its CDN was seen failing it counts, and no longer",
    }),
  })
  .openapi("Storm");

const measuredSchema = stormSchema
  .extend({
    downtime: downtimeSchema,
    downtime_avoided: avoidedSchema.openapi({
      description: "of the storm's time that in which the primary was down and visitors were on the backup, which was up",
    }),
  })
  .openapi("MeasuredStorm");

const detailSchema = measuredSchema
  .extend({
    timeline: z
      .array(
        z.object({
          at: timeText,
          event: like(z.enum(["begun", "detected", "switch", "recovering", "ended"]), "switch"),
          change: orNull(changeSchema).openapi({ description: "of a switch, which stands where it was intended" }),
        }),
      )
      .openapi({ description: "what happened, in its order; of relapses only the number is kept" }),
    evidence_head: z
      .object({ seq: z.int().min(1), hash: z.string() })
      .nullable()
      .openapi({
        description: "the last record of its evidence so far: who notes it elsewhere knows whether the chain is made anew since",
      }),
    switches_left_out: z.int().openapi({
      description: "of very many switches the last ones, which only the service's routing history has",
      example: 0,
    }),
  })
  .openapi("StormDetail");

const decisionSchema = z
  .strictObject({
    decision: like(z.enum(["confirm", "refuse"]), "confirm"),
    reason: label(500).openapi({ example: "the CDN reported the outage on its status page" }),
  })
  .openapi("CreditDecision");

const filter = tenantPageQuery
  .extend({
    service_id: idText.optional(),
    active: z
      .enum(["true", "false"])
      .transform((text) => text === "true")
      .optional()
      .openapi({ type: "boolean" }),
    state: z.enum(["storm", "recovering", "ended"]).optional(),
    cdn: cdnName.optional().openapi({ description: "storms of services that had this primary when they began" }),
    from: time.optional().openapi({ description: "storms that were on at this time or later" }),
    to: time.optional().openapi({ description: "storms that began before this time" }),
  })
  .refine(ordered, outOfOrder);

const represent = (storm: Storm): z.infer<typeof stormSchema> => ({
  id: storm.id,
  service_id: storm.serviceId,
  service_name: storm.serviceName,
  customer_id: storm.customerId,
  customer_name: storm.customerName,
  policy_id: storm.policyId,
  policy_version: storm.policyVersion,
  kind: storm.kind,
  state: storm.state,
  monitor_only: storm.monitorOnly,
  started_at: isoTime(storm.startedAtMs),
  detected_at: isoTime(storm.detectedAtMs),
  recovering_since: isoTimeOrNull(storm.recoveringSinceMs),
  ended_at: isoTimeOrNull(storm.endedAtMs),
  ended_reason: storm.endedReason,
  relapses: storm.relapses,
  max_coverage_factor: storm.maxCoverageFactor,
  credit: storm.credit,
  credit_reason: storm.creditReason,
  credited_until: isoTimeOrNull(storm.creditedUntilMs),
});

const representMeasured = (storm: MeasuredStorm): z.infer<typeof measuredSchema> => ({
  ...represent(storm),
  downtime: representDowntime(storm.downtime),
  downtime_avoided: representAvoided(storm.downtime),
});

const representDetail = (storm: StormDetail): z.infer<typeof detailSchema> => ({
  ...representMeasured(storm),
  timeline: stormTimeline(storm, storm.changes).map(({ atMs, event, change }) => ({
    at: isoTime(atMs),
    event,
    change: change === null ? null : representChange(change),
  })),
  evidence_head: storm.evidenceHead === null ? null : { seq: storm.evidenceHead.seq, hash: storm.evidenceHead.hash ?? "" },
  switches_left_out: storm.changesInAll - storm.changes.length,
});

/** `/v1/storms`: recorded storms, newest first. */
export const registerStorms = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["storms"];

  const list = createRoute({
    method: "get",
    path: "/v1/storms",
    tags,
    summary: "List storms, newest first",
    description: "A customer sees its own; an admin who names no customer sees everybody's.",
    middleware: [guards.viewerOrAdmin],
    request: { query: filter },
    responses: { 200: jsonAnswer(z.array(measuredSchema), "One page"), ...readProblems },
  });
  app.openapi(list, async (c) => {
    const query = c.req.valid("query");
    const wanted = {
      serviceId: query.service_id,
      active: query.active,
      state: query.state,
      cdn: query.cdn,
      fromMs: query.from,
      toMs: query.to,
    };
    const storms = await paged(c, query, (page) => deps.storms.list(c.var.customerId === 0 ? null : c.var.customerId, wanted, page));
    return c.json(storms.map(representMeasured), 200);
  });

  const get = createRoute({
    method: "get",
    path: "/v1/storms/{id}",
    tags,
    summary: "Read a storm with its timeline",
    middleware: [guards.viewer],
    request: { params: idParams, query: tenantQuery },
    responses: { 200: jsonAnswer(detailSchema, "The storm"), ...readProblems },
  });
  app.openapi(get, async (c) => {
    const storm = await deps.storms.get(c.var.customerId, c.req.valid("param").id);
    if (storm === null) throw noSuchResource();
    return c.json(representDetail(storm), 200);
  });

  const decide = createRoute({
    method: "post",
    path: "/v1/storms/{id}/credit",
    tags,
    operationId: "decideStormCredit",
    summary: "Confirm or refuse the discount of a storm; recorded in its evidence, and what was billed is adjusted",
    description:
      "For admins. A storm that is confirmed counts as a whole, whatever was decided before; issued lines stay, the next invoice adjusts them.",
    middleware: [guards.adminWith("billing"), jsonBody],
    request: { params: idParams, query: z.strictObject({}), body: jsonRequest(decisionSchema) },
    responses: { 200: jsonAnswer(stormSchema, "The storm"), ...writeProblems },
  });
  app.openapi(decide, async (c) => {
    const { decision, reason } = c.req.valid("json");
    const credit = decision === "confirm" ? "earned" : "refused";
    const storm = await answerOnce(c, deps, 0, (change) => deps.storms.decide(c.req.valid("param").id, credit, reason, change));
    if (storm === null) throw noSuchResource();
    return c.json(represent(storm), 200);
  });
};
