import { createRoute, z } from "@hono/zod-openapi";
import { correctionStates } from "../../adapters/ports/metering/corrections.ts";
import type { UsageCorrection } from "../../adapters/ports/metering/corrections.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { AppError } from "../../errors.ts";
import { answerOnce } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import {
  id,
  idParams,
  jsonAnswer,
  jsonRequest,
  label,
  like,
  problems,
  tenantPageQuery,
  timeText,
  writeProblems,
} from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { paged } from "../../http/paging.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";

const pushed = like(z.int().nullable(), 0).openapi({ description: "as pushed; null: nothing was pushed for that side" });

const correctionSchema = z
  .object({
    id,
    customer_id: id,
    service_id: id,
    window_start: timeText,
    window_end: timeText,
    primary_bytes: pushed,
    backup_bytes: pushed,
    was_primary_bytes: like(z.int(), 734_003_200_000),
    was_backup_bytes: like(z.int(), 21_474_836_480),
    status: like(z.enum(correctionStates), "pending").openapi({ description: "`superseded`: another push for the window took its place" }),
    actor: like(z.string(), "token:12"),
    requested_at: timeText,
    decided_at: like(timeText.nullable(), null),
    decided_by: like(z.string().nullable(), null),
    reason: like(z.string().nullable(), null),
  })
  .openapi("UsageCorrection");

const decision = z
  .strictObject({ reason: label(500).openapi({ example: "counted twice by the exporter, see INC-42" }) })
  .openapi("CorrectionDecision");

const filter = tenantPageQuery.extend({ status: z.enum(correctionStates).optional() });

const represent = (one: UsageCorrection): z.infer<typeof correctionSchema> => ({
  id: one.id,
  customer_id: one.customerId,
  service_id: one.serviceId,
  window_start: isoTime(one.windowStartMs),
  window_end: isoTime(one.windowEndMs),
  primary_bytes: one.primaryBytes,
  backup_bytes: one.backupBytes,
  was_primary_bytes: one.wasPrimaryBytes,
  was_backup_bytes: one.wasBackupBytes,
  status: one.status,
  actor: one.actor,
  requested_at: isoTime(one.requestedAtMs),
  decided_at: isoTimeOrNull(one.decidedAtMs),
  decided_by: one.decidedBy,
  reason: one.reason,
});

const decided = () => new AppError("conflict", "this correction is not pending any more");

/** `/v1/corrections`: pushes that would lower a billed window, until an admin decides. */
export const registerCorrections = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["usage"];

  const list = createRoute({
    method: "get",
    path: "/v1/corrections",
    tags,
    summary: "List corrections of billed windows that need an admin, or needed one",
    description: "A customer sees its own; an admin who names no customer sees everybody's.",
    middleware: [guards.viewerOrAdmin],
    request: { query: filter },
    responses: { 200: jsonAnswer(z.array(correctionSchema), "One page"), ...problems(400, 401, 403) },
  });
  app.openapi(list, async (c) => {
    const query = c.req.valid("query");
    const whose = c.var.customerId === 0 ? null : c.var.customerId;
    const corrections = await paged(c, query, (page) => deps.corrections.list(whose, { status: query.status }, page));
    return c.json(corrections.map(represent), 200);
  });

  const found = async (correctionId: number): Promise<UsageCorrection> => {
    const correction = await deps.corrections.get(correctionId);
    if (correction === null) throw noSuchResource();
    return correction;
  };
  const request = { params: idParams, query: z.strictObject({}), body: jsonRequest(decision) };
  const responses = { 200: jsonAnswer(correctionSchema, "The correction as it is now"), ...writeProblems };

  const approve = createRoute({
    method: "post",
    path: "/v1/corrections/{id}/approve",
    tags,
    summary: "Approve a correction: it is stored as it was pushed, and the next invoice adjusts the window",
    middleware: [guards.adminWith("billing"), jsonBody],
    request,
    responses,
  });
  app.openapi(approve, async (c) => {
    const { id: correctionId } = c.req.valid("param");
    const approves = { id: correctionId, reason: c.req.valid("json").reason };
    const approved = await answerOnce(c, deps, 0, async (change) => {
      const { customerId, serviceId, status, windowStartMs, windowEndMs, primaryBytes, backupBytes } = await found(correctionId);
      if (status !== "pending") throw decided();
      const window = { windowStartMs, windowEndMs, primaryBytes: primaryBytes ?? undefined, backupBytes: backupBytes ?? undefined };
      await deps.usage.push(customerId, serviceId, [window], { measuredCdns: deps.measuredCdns, mayOverride: false, approves }, change);
      const now = await found(correctionId);
      if (now.status !== "approved") throw decided();
      return now;
    });
    return c.json(represent(approved), 200);
  });

  const reject = createRoute({
    method: "post",
    path: "/v1/corrections/{id}/reject",
    tags,
    summary: "Reject a correction: the window stays as it is known",
    middleware: [guards.adminWith("billing"), jsonBody],
    request,
    responses,
  });
  app.openapi(reject, async (c) => {
    const { id: correctionId } = c.req.valid("param");
    const rejected = await answerOnce(c, deps, 0, async (change) => {
      await found(correctionId);
      const now = await deps.corrections.reject(correctionId, c.req.valid("json").reason, change);
      if (now === null) throw decided();
      return now;
    });
    return c.json(represent(rejected), 200);
  });
};
