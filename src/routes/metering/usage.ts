import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { GapSpan, UsageWindow } from "../../adapters/ports/metering/usage-store.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { windowFaults } from "../../domain/metering/usage-window.ts";
import { AppError, invalidBody } from "../../errors.ts";
import { changeBy } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import {
  id,
  idParams,
  jsonAnswer,
  jsonRequest,
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
import { ordered, outOfOrder } from "../schemas.ts";

const windowEnd = "2026-11-21T01:00:00.000Z";

export const samplingSchema = z
  .object({
    interval: z.number().openapi({ example: 10, description: "on average one request in so many was counted" }),
    lower_bytes: like(z.int().nullable(), 727_000_000_000),
    upper_bytes: z.int().nullable().openapi({
      example: 741_000_000_000,
      description: "with 95 % confidence the bytes are between the bounds; null: not told",
    }),
  })
  .openapi("UsageSampling", { description: "how far the bytes are an estimate; null where they were counted" });

const windowSchema = z
  .object({
    window_start: timeText,
    window_end: like(timeText, windowEnd),
    primary_bytes: like(z.int(), 734_003_200_000),
    backup_bytes: like(z.int(), 21_474_836_480),
    primary_source: z.string().nullable().openapi({ example: "cloudflare", description: "who reported it; null: nobody yet, counts 0" }),
    backup_source: like(z.string().nullable(), "push"),
    primary_sampling: orNull(samplingSchema),
    backup_sampling: orNull(samplingSchema),
    primary_incomplete: z.boolean().openapi({
      example: false,
      description: "a host of the side could not be read, or not for good: the bytes are what is known of the others",
    }),
    backup_incomplete: like(z.boolean(), false),
    invoice_id: id.nullable(),
    corrected_at: timeText.nullable().openapi({
      description: "when it last became other than billed; the next invoice adjusts it. Null: it is as billed, or not billed",
    }),
    pending_correction: orNull(
      z.object({ id, primary_bytes: like(z.int().nullable(), 0), backup_bytes: like(z.int().nullable(), null) }),
    ).openapi({
      description:
        "what was pushed since it was billed and would take something off: it changes nothing until an admin approves it (`/v1/corrections`)",
    }),
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
      })
      .openapi({ minProperties: 3, description: "one whole window that is over, with the bytes of at least one side" }),
  )
  .min(1)
  .max(maxWindows)
  .openapi("UsagePush");

const filter = tenantPageQuery
  .extend({
    from: time.optional(),
    to: time.optional(),
    gaps: z
      .enum(["true", "false"])
      .transform((text) => text === "true")
      .optional()
      .openapi({
        type: "boolean",
        description:
          "true: only windows that are over and of which a side was reported by nobody or is incomplete, from the service's first one to its end; " +
          "those of the last 31 days before `to` unless `from` is given",
      }),
  })
  .refine(ordered, outOfOrder);

const dayMs = 86_400_000;
/** Most windows per request; a longer span is requested in parts. */
const maxGapWindows = 100_000;

/** @throws AppError `bad_request` where the span is too long */
const gapSpan = (span: { fromMs: number | undefined; toMs: number | undefined }, deps: Deps): GapSpan => {
  const { windowMs } = deps.config.usage;
  const toMs = Math.min(span.toMs ?? Number.POSITIVE_INFINITY, deps.clock.nowMs());
  const fromMs = span.fromMs ?? toMs - Math.min(31 * dayMs, maxGapWindows * windowMs);
  if ((toMs - fromMs) / windowMs <= maxGapWindows) return { fromMs, toMs, windowMs };
  const detail = `must be at most ${maxGapWindows} windows before the end`;
  throw new AppError("bad_request", "the span is too long", { fields: [{ pointer: "from", detail }] });
};

const representSampling = (sampling: UsageWindow["primarySampling"]) =>
  sampling === null ? null : { interval: sampling.interval, lower_bytes: sampling.lowerBytes, upper_bytes: sampling.upperBytes };

const represent = (window: UsageWindow): z.infer<typeof windowSchema> => ({
  window_start: isoTime(window.windowStartMs),
  window_end: isoTime(window.windowEndMs),
  primary_bytes: window.primaryBytes,
  backup_bytes: window.backupBytes,
  primary_source: window.primarySource,
  backup_source: window.backupSource,
  primary_sampling: representSampling(window.primarySampling),
  backup_sampling: representSampling(window.backupSampling),
  primary_incomplete: window.primaryIncomplete,
  backup_incomplete: window.backupIncomplete,
  invoice_id: window.invoiceId,
  corrected_at: isoTimeOrNull(window.correctedAtMs),
  pending_correction: window.pendingCorrection && {
    id: window.pendingCorrection.id,
    primary_bytes: window.pendingCorrection.primaryBytes,
    backup_bytes: window.pendingCorrection.backupBytes,
  },
});

/** `/v1/services/{id}/usage`: bytes by CDN. */
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
    const serviceId = c.req.valid("param").id;
    const fetch = (page: Parameters<Deps["usage"]["list"]>[3]) =>
      query.gaps === true
        ? deps.usage.gaps(c.var.customerId, serviceId, gapSpan(span, deps), page)
        : deps.usage.list(c.var.customerId, serviceId, span, page);
    const windows = await paged(c, query, fetch);
    if (windows === null) throw noSuchResource();
    return c.json(windows.map(represent), 200);
  });

  const put = createRoute({
    method: "put",
    path,
    tags,
    operationId: "pushServiceUsage",
    summary: "Report usage; all windows are stored or none, and a window that is there is replaced side by side",
    description:
      "A window that is billed keeps its invoice: what is reported is a correction, and the next invoice adjusts it. Where it may take something off, that is where a side falls, " +
      "it changes nothing until an admin approves it. A deleted " +
      "service takes windows that began before its end.",
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
      throw invalidBody(...fields);
    }
    // As for approving a correction: the scope `write` does not include reducing a customer's bill.
    const { principal } = c.var;
    const options = { measuredCdns: deps.measuredCdns, mayOverride: principal.kind === "admin" && principal.scopes.includes("billing") };
    const serviceId = c.req.valid("param").id;
    const stored = await deps.usage.push(c.var.customerId, serviceId, windows, options, changeBy(c));
    if (stored === null) throw noSuchResource();
    return c.json(stored.map(represent), 200);
  });
};
