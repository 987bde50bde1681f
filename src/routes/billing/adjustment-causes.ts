import { createRoute, z } from "@hono/zod-openapi";
import type { AdjustmentCause } from "../../adapters/ports/billing/adjustments.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { jsonBody } from "../../http/body.ts";
import { id, jsonAnswer, jsonRequest, label, like, pageQuery, problems, timeText, writeProblems } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { answerOnce } from "../../http/idempotency.ts";
import { paged } from "../../http/paging.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";

const schema = z
  .object({
    id,
    customer_id: id,
    service_id: id,
    cause: like(z.enum(["storm", "usage"]), "usage"),
    from: timeText,
    to: timeText.nullable().openapi({ description: "null: a storm that is on" }),
    noted_at: timeText,
    idle: like(z.boolean(), false).openapi({
      description: "it changes bytes but no cents: it waits for the next invoice, and causes none",
    }),
  })
  .openapi("AdjustmentCause");

const input = z
  .strictObject({
    usage_snapshot_id: z
      .int()
      .min(1)
      .max(Number.MAX_SAFE_INTEGER)
      .openapi({ example: 1, description: "the window: `object_id` of its finding" }),
    reason: label(500).openapi({ example: "window_bytes differs since the restore of 19 November" }),
  })
  .openapi("AdjustmentCauseInput");

const represent = (one: AdjustmentCause): z.infer<typeof schema> => ({
  id: one.id,
  customer_id: one.customerId,
  service_id: one.serviceId,
  cause: one.cause,
  from: isoTime(one.fromMs),
  to: isoTimeOrNull(one.toMs),
  noted_at: isoTime(one.notedAtMs),
  idle: one.idle,
});

/** `/v1/adjustment-causes`: billed windows that the next run computes again. For admins only. */
export const registerAdjustmentCauses = (app: App, deps: Pick<Deps, "adjustments" | "idempotency">, guards: Guards): void => {
  const tags = ["operation"];
  const path = "/v1/adjustment-causes";

  const list = createRoute({
    method: "get",
    path,
    tags,
    summary: "List why billed windows wait to be computed again",
    middleware: [guards.admin],
    request: { query: pageQuery },
    responses: { 200: jsonAnswer(z.array(schema), "One page"), ...problems(400, 401, 403) },
  });
  app.openapi(list, async (c) => {
    const causes = await paged(c, c.req.valid("query"), deps.adjustments.list);
    return c.json(causes.map(represent), 200);
  });

  const want = createRoute({
    method: "post",
    path,
    tags,
    summary: "Have a billed window computed again; the next invoice adjusts it where it differs",
    middleware: [guards.adminWith("billing"), jsonBody],
    request: { query: z.strictObject({}), body: jsonRequest(input) },
    responses: {
      201: jsonAnswer(schema, "The cause that waits for the next run: a new one, or the one that has waited already"),
      ...writeProblems,
    },
  });
  app.openapi(want, async (c) => {
    const { usage_snapshot_id: snapshotId, reason } = c.req.valid("json");
    const wanted = await answerOnce(c, deps, 0, (change) => deps.adjustments.want({ snapshotId, reason }, change));
    if (wanted === null) throw noSuchResource();
    return c.json(represent(wanted), 201);
  });
};
