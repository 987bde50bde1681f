import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { SloCorrection } from "../../adapters/ports/slo/corrections.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { closedDays, longestCorrectionDays, oldestCorrectionDays } from "../../domain/slo/correction.ts";
import { lengthOf } from "../../domain/slo/figures.ts";
import { jsonBody } from "../../http/body.ts";
import {
  childParams,
  id,
  idParams,
  jsonAnswer,
  jsonRequest,
  label,
  like,
  noContent,
  readProblems,
  tenantPageQuery,
  tenantQuery,
  time,
  timeText,
  writeProblems,
} from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { answerOnce, changeBy } from "../../http/idempotency.ts";
import { paged } from "../../http/paging.ts";
import { isoTime } from "../../iso-time.ts";
import { ordered, outOfOrder } from "../schemas.ts";
import { dateText } from "./history-contract.ts";
import { minutes } from "./status-contract.ts";

const input = z
  .strictObject({
    from: time.openapi({ description: `at most ${oldestCorrectionDays} days ago` }),
    to: time.openapi({ description: `not in the future, at most ${longestCorrectionDays} days after \`from\`` }),
    reason: label(500).openapi({ example: "maintenance, announced on 20 November" }),
  })
  .refine(ordered, outOfOrder)
  .refine(({ from, to }) => to - from <= longestCorrectionDays * 86_400_000, {
    path: ["to"],
    error: `must be at most ${longestCorrectionDays} days after from`,
  })
  .openapi("SloCorrectionInput");

const schema = z
  .object({
    id,
    service_id: id,
    from: timeText,
    to: timeText,
    minutes: minutes(90),
    reason: like(z.string(), "maintenance"),
    actor: like(z.string(), "token:1"),
    created_at: timeText,
    closed_days_unchanged: z.array(dateText).openapi({
      description:
        "the UTC days that it touches and that were over when it was made: their snapshots, and digests of them, stay as they are",
    }),
  })
  .openapi("SloCorrection");

const represent = (one: SloCorrection): z.infer<typeof schema> => ({
  id: one.id,
  service_id: one.serviceId,
  from: isoTime(one.fromMs),
  to: isoTime(one.toMs),
  minutes: lengthOf((one.toMs - one.fromMs) * 1_000).minutes,
  reason: one.reason,
  actor: one.actor,
  created_at: isoTime(one.createdAtMs),
  closed_days_unchanged: closedDays(one),
});

/** `/v1/services/{id}/slo-corrections`: time that does not count for a service's objectives. */
export const registerSloCorrections = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["slo-corrections"];
  const path = "/v1/services/{id}/slo-corrections";

  const create = createRoute({
    method: "post",
    path,
    tags,
    summary: "Take time out of what a service's objectives count: maintenance, or a dispute that was settled",
    description: "It has to touch the window of a live objective. Several may overlap: their union is taken out.",
    middleware: [guards.editor, jsonBody],
    request: { params: idParams, query: tenantQuery, body: jsonRequest(input) },
    responses: { 201: jsonAnswer(schema, "The new correction"), ...writeProblems },
  });
  app.openapi(create, async (c) => {
    const { customerId } = c.var;
    const { from: fromMs, to: toMs, reason } = c.req.valid("json");
    const serviceId = c.req.valid("param").id;
    const store = (change: Change) => deps.sloCorrections.create(customerId, serviceId, { fromMs, toMs, reason }, change);
    const correction = await answerOnce(c, deps, customerId, store);
    if (correction === null) throw noSuchResource();
    return c.json(represent(correction), 201);
  });

  const list = createRoute({
    method: "get",
    path,
    tags,
    summary: "List the corrections of a service",
    middleware: [guards.viewer],
    request: { params: idParams, query: tenantPageQuery },
    responses: { 200: jsonAnswer(z.array(schema), "One page"), ...readProblems },
  });
  app.openapi(list, async (c) => {
    const page = await paged(c, c.req.valid("query"), (wanted) =>
      deps.sloCorrections.list(c.var.customerId, c.req.valid("param").id, wanted),
    );
    if (page === null) throw noSuchResource();
    return c.json(page.map(represent), 200);
  });

  const remove = createRoute({
    method: "delete",
    path: `${path}/{childId}` as const,
    tags,
    summary: "Delete a correction: its time counts again, but for days that are over",
    middleware: [guards.editor],
    request: { params: childParams, query: tenantQuery },
    responses: { 204: noContent, ...readProblems },
  });
  app.openapi(remove, async (c) => {
    const { id: serviceId, childId } = c.req.valid("param");
    if (!(await deps.sloCorrections.remove(c.var.customerId, serviceId, childId, changeBy(c)))) throw noSuchResource();
    return c.body(null, 204);
  });
};
