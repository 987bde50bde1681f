import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { LineFacts } from "../../adapters/ports/billing/line-facts.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { explainLine } from "../../domain/billing/explanation.ts";
import type { Exact, SideSteps } from "../../domain/billing/explanation.ts";
import { childParams, id, jsonAnswer, like, orNull, readProblems, tenantQuery, timeText } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { isoTime } from "../../iso-time.ts";
import { lineSchema, representLine } from "./invoice-contract.ts";
import { changedSchema, readingsSchema, representFacts } from "./line-facts-contract.ts";

const exactSchema = z
  .object({ fraction: z.string().openapi({ example: "2401/2" }), decimal: z.string().openapi({ example: "1200.5" }) })
  .openapi("ExactNumber", { description: "the exact number; the decimal is cut off after twelve places" });

const sideSchema = z.object({
  bytes: like(z.int(), 21_474_836_480),
  exact_cents: exactSchema.openapi({ description: "bytes x rate / 2^30" }),
  cents: z.int().openapi({ example: 240, description: "rounded, halves away from zero" }),
});

const explanationSchema = z
  .object({
    line: lineSchema,
    storms: z
      .array(
        z.object({
          storm_id: id,
          from: timeText,
          to: timeText,
          max_coverage_factor: like(z.string(), "1.5"),
          evidence: like(z.string(), "/v1/storms/1/evidence"),
        }),
      )
      .openapi({ description: "by which the line was computed, cut to its window" }),
    union: z.array(z.object({ from: timeText, to: timeText })).openapi({ description: "overlapping storms count once" }),
    union_seconds: like(z.number(), 1_800),
    window_seconds: like(z.number(), 3_600),
    ratio: exactSchema.openapi({ description: "union / window" }),
    factor: z.string().openapi({ example: "1.5", description: "the greatest of the storms' factors" }),
    coverage: exactSchema.openapi({ description: "ratio x factor" }),
    primary: sideSchema,
    backup: sideSchema,
    amount_cents: z.int().openapi({ example: 8_443, description: "primary + backup" }),
    exact_discount_cents: exactSchema.openapi({ description: "backup cents x discount rate x coverage" }),
    rounded_discount_cents: like(z.int(), 90),
    discount_cents: z.int().openapi({ example: 90, description: "at most the amount" }),
    issued_before: z
      .object({
        lines: like(z.int(), 0),
        primary_bytes: like(z.int(), 0),
        backup_bytes: like(z.int(), 0),
        amount_cents: like(z.int(), 0),
        discount_cents: like(z.int(), 0),
      })
      .openapi({ description: "sums of earlier lines for this window; an adjustment is the rest" }),
    adds_up: z.boolean().openapi({ example: true, description: "amount and discount, less what was issued before, are those of the line" }),
    estimated: z
      .boolean()
      .openapi({ example: false, description: "a side was incomplete when it was billed: what is missing follows as an adjustment" }),
    readings: orNull(readingsSchema),
    changed: orNull(changedSchema),
  })
  .openapi("LineExplanation");

const shown = ({ fraction, decimal }: Exact) => ({ fraction, decimal });
const side = ({ bytes, exactCents, cents }: SideSteps) => ({ bytes, exact_cents: shown(exactCents), cents });
const microsecond = 1_000_000;

const represent = (facts: LineFacts): z.infer<typeof explanationSchema> => {
  const { line, storms, windowMicroseconds, issuedBefore, estimated } = facts;
  const usage = {
    primaryBytes: line.primaryBytes + issuedBefore.primaryBytes,
    backupBytes: line.backupBytes + issuedBefore.backupBytes,
    windowMicroseconds,
    stormMicroseconds: line.stormMicroseconds,
    maxCoverageFactor: line.maxCoverageFactor,
  };
  const steps = explainLine(
    usage,
    line,
    storms.map(({ fromMs, toMs }) => ({ startMs: fromMs, endMs: toMs })),
  );
  return {
    line: representLine(line),
    storms: storms.map((storm) => ({
      storm_id: storm.stormId,
      from: isoTime(storm.fromMs),
      to: isoTime(storm.toMs),
      max_coverage_factor: storm.maxCoverageFactor,
      evidence: `/v1/storms/${storm.stormId}/evidence`,
    })),
    union: steps.union.map(({ startMs, endMs }) => ({ from: isoTime(startMs), to: isoTime(endMs) })),
    union_seconds: steps.stormMicroseconds / microsecond,
    window_seconds: steps.windowMicroseconds / microsecond,
    ratio: shown(steps.ratio),
    factor: line.maxCoverageFactor,
    coverage: shown(steps.coverage),
    primary: side(steps.primary),
    backup: side(steps.backup),
    amount_cents: steps.amountCents,
    exact_discount_cents: shown(steps.exactDiscountCents),
    rounded_discount_cents: steps.roundedDiscountCents,
    discount_cents: steps.discountCents,
    issued_before: {
      lines: issuedBefore.lines,
      primary_bytes: issuedBefore.primaryBytes,
      backup_bytes: issuedBefore.backupBytes,
      amount_cents: issuedBefore.amountCents,
      discount_cents: issuedBefore.discountCents,
    },
    adds_up:
      steps.amountCents - issuedBefore.amountCents === line.amountCents &&
      steps.discountCents - issuedBefore.discountCents === line.discountCents,
    estimated,
    ...representFacts(facts),
  };
};

/** `/v1/invoices/{id}/lines/{childId}/explain`: the facts behind the bytes, and every step from them to cents. */
export const registerInvoiceExplain = (app: App, deps: Deps, guards: Guards): void => {
  const read = createRoute({
    method: "get",
    path: "/v1/invoices/{id}/lines/{childId}/explain",
    tags: ["invoices"],
    operationId: "explainInvoiceLine",
    summary: "Recompute a line step by step, with the readings behind its bytes and links to the evidence of its storms",
    middleware: [guards.viewer],
    request: { params: childParams, query: tenantQuery },
    responses: { 200: jsonAnswer(explanationSchema, "The arithmetic of the line"), ...readProblems },
  });
  app.openapi(read, async (c) => {
    const { id: invoiceId, childId } = c.req.valid("param");
    const facts = await deps.lineFacts.line(c.var.customerId, invoiceId, childId, {
      windowMs: deps.config.usage.windowMs,
      measuredCdns: deps.measuredCdns,
    });
    if (facts === null) throw noSuchResource();
    return c.json(represent(facts), 200);
  });
};
