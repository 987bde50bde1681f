import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../adapters/ports/deps.ts";
import type { UsageWindow } from "../adapters/ports/usage-store.ts";
import { noSuchResource } from "../auth/guards.ts";
import type { Guards } from "../auth/guards.ts";
import { windowFaults } from "../domain/usage-window.ts";
import { AppError } from "../errors.ts";
import { changeBy } from "../http/answer-once.ts";
import { jsonBody } from "../http/body.ts";
import {
  id, idParams, jsonAnswer, jsonRequest, like, readProblems, tenantPageQuery, tenantQuery, time, timeText, writeProblems,
} from "../http/contract.ts";
import type { App } from "../http/env.ts";
import { paged } from "../http/paging.ts";
import { isoTime } from "../iso-time.ts";
import { ordered, outOfOrder } from "./schemas.ts";

const windowEnd = "2026-11-21T01:00:00.000Z";

const windowSchema = z
  .object({
    window_start: timeText,
    window_end: like(timeText, windowEnd),
    primary_bytes: like(z.int(), 734_003_200_000),
    backup_bytes: like(z.int(), 21_474_836_480),
    primary_source: z.string().nullable().openapi({ example: "cloudflare", description: "who reported it; null: nobody yet, counts 0" }),
    backup_source: like(z.string().nullable(), "push"),
    invoice_id: id.nullable(),
  })
  .openapi("UsageWindow");

const bytes = z.int().min(0).openapi({ maximum: Number.MAX_SAFE_INTEGER, example: 734_003_200_000 });
const maxWindows = 1_000;

const push = z
  .array(
    z
      .strictObject({
        window_start: time,
        window_end: time.openapi({ example: windowEnd }),
        primary_bytes: bytes.optional(),
        backup_bytes: bytes.optional(),
      })
      .refine((window) => window.primary_bytes !== undefined || window.backup_bytes !== undefined, {
        path: ["primary_bytes"],
        error: "primary_bytes or backup_bytes is required",
      }),
  )
  .min(1)
  .max(maxWindows)
  .openapi("UsagePush");

const filter = tenantPageQuery.extend({ from: time.optional(), to: time.optional() }).refine(ordered, outOfOrder);

const represent = (window: UsageWindow): z.infer<typeof windowSchema> => ({
  window_start: isoTime(window.windowStartMs),
  window_end: isoTime(window.windowEndMs),
  primary_bytes: window.primaryBytes,
  backup_bytes: window.backupBytes,
  primary_source: window.primarySource,
  backup_source: window.backupSource,
  invoice_id: window.invoiceId,
});

/** `/v1/services/{id}/usage`: what each CDN carried. */
export const registerUsage = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["usage"];
  const path = "/v1/services/{id}/usage";

  const list = createRoute({
    method: "get",
    path,
    tags,
    summary: "List usage windows by their start",
    middleware: [guards.viewer],
    request: { params: idParams, query: filter },
    responses: { 200: jsonAnswer(z.array(windowSchema), "One page"), ...readProblems },
  });
  app.openapi(list, async (c) => {
    const query = c.req.valid("query");
    const span = { fromMs: query.from, toMs: query.to };
    const fetch = (page: Parameters<Deps["usage"]["list"]>[3]) =>
      deps.usage.list(c.var.customerId, c.req.valid("param").id, span, page);
    const windows = await paged(c, query, fetch);
    if (windows === null) throw noSuchResource();
    return c.json(windows.map(represent), 200);
  });

  const put = createRoute({
    method: "put",
    path,
    tags,
    summary: "Report usage; all windows are stored or none, and a window that is there is replaced side by side",
    middleware: [guards.editor, jsonBody],
    request: { params: idParams, query: tenantQuery, body: jsonRequest(push) },
    responses: { 200: jsonAnswer(z.array(windowSchema), "The windows as stored"), ...writeProblems },
  });
  app.openapi(put, async (c) => {
    const windows = c.req.valid("json").map((window) => ({
      windowStartMs: window.window_start,
      windowEndMs: window.window_end,
      primaryBytes: window.primary_bytes,
      backupBytes: window.backup_bytes,
    }));
    const faults = windowFaults(windows, deps.config.usage.windowMs, deps.clock.nowMs());
    if (faults.length > 0) {
      const fields = faults.slice(0, 50).map(({ index, field, detail }) => ({ pointer: `/${index}/${field}`, detail }));
      throw new AppError("bad_request", "the body is not valid", { fields });
    }
    const options = { measuredCdns: deps.measuredCdns, mayOverride: c.var.principal.kind === "admin" };
    const serviceId = c.req.valid("param").id;
    const stored = await deps.usage.push(c.var.customerId, serviceId, windows, options, changeBy(c));
    if (stored === null) throw noSuchResource();
    return c.json(stored.map(represent), 200);
  });
};
