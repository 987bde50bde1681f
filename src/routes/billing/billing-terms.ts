import { createRoute, z } from "@hono/zod-openapi";
import type { CustomerTermsRow } from "../../adapters/ports/billing/billing-terms.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { billingCycles } from "../../domain/billing/billing-cycle.ts";
import { creditRules } from "../../domain/billing/credit.ts";
import { isCurrency } from "../../domain/billing/currency.ts";
import { answerOnce } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import {
  id,
  idParams,
  jsonAnswer,
  jsonRequest,
  like,
  problems,
  readProblems,
  tenantPageQuery,
  time,
  timeText,
} from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { paged } from "../../http/paging.ts";
import { isoTime } from "../../iso-time.ts";
import { decimal4 } from "../schemas.ts";

const fields = {
  rate_cents_per_gb: decimal4().min(0).max(1_000_000).openapi({
    example: 12,
    description: "in minor units of the currency per GiB (2^30 bytes): cents where it has two decimals, yen where it has none",
  }),
  discount_rate: decimal4().min(0).max(1).openapi({ example: 0.5 }),
  currency: z
    .string()
    .refine(isCurrency, "must be the ISO 4217 code of a currency in use, such as USD")
    .openapi({ pattern: "^[A-Z]{3}$", minLength: 3, maxLength: 3, example: "USD" }),
  cycle: z.enum(billingCycles).nullable().default(null).openapi({
    description: "how often invoices are issued while these terms are the latest that began; null: as the operator's default says",
  }),
  credit_rule: z
    .enum(creditRules)
    .nullable()
    .default(null)
    .openapi({
      description:
        "which storms that begin while these terms are the latest that began earn a discount: `storm`, every one of what was once healthy; " +
        "`verified`, of a verified domain by terms above the floors; `corroborated`, seen by others as well; null: as the operator's default says",
    }),
};

const termsSchema = z
  .object({
    id,
    valid_from: timeText,
    rate_cents_per_gb: like(z.number(), 12),
    discount_rate: like(z.number(), 0.5),
    currency: like(z.string(), "USD"),
    cycle: z.enum(billingCycles).nullable(),
    credit_rule: z.enum(creditRules).nullable(),
    created_at: timeText,
  })
  .openapi("BillingTerms");

const input = z
  .strictObject({
    valid_from: time.openapi({ description: "for windows that begin at this time or later and are not billed yet" }),
    ...fields,
  })
  .openapi("BillingTermsInput");

const represent = (terms: CustomerTermsRow): z.infer<typeof termsSchema> => ({
  id: terms.id,
  valid_from: isoTime(terms.validFromMs),
  rate_cents_per_gb: terms.rateCentsPerGb,
  discount_rate: terms.discountRate,
  currency: terms.currency,
  cycle: terms.cycle,
  credit_rule: terms.creditRule,
  created_at: isoTime(terms.createdAtMs),
});

/** `/v1/customers/{id}/billing-terms`: set by admins, read by the customer too. */
export const registerBillingTerms = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["customers"];
  const path = "/v1/customers/{id}/billing-terms";

  const create = createRoute({
    method: "post",
    path,
    tags,
    operationId: "createCustomerBillingTerms",
    summary: "Agree on terms; a line keeps those by which it was billed, so terms never change",
    middleware: [guards.adminWith("billing"), jsonBody],
    request: { params: idParams, query: z.strictObject({}), body: jsonRequest(input) },
    responses: { 201: jsonAnswer(termsSchema, "The new terms"), ...problems(400, 401, 403, 404, 409, 413, 415) },
  });
  app.openapi(create, async (c) => {
    const customerId = c.req.valid("param").id;
    const {
      valid_from: validFromMs,
      rate_cents_per_gb: rateCentsPerGb,
      discount_rate: discountRate,
      currency,
      cycle,
      credit_rule: creditRule,
    } = c.req.valid("json");
    const terms = await answerOnce(c, deps, 0, (change) =>
      deps.billingTerms.create(customerId, { validFromMs, rateCentsPerGb, discountRate, currency, cycle, creditRule }, change),
    );
    if (terms === null) throw noSuchResource();
    return c.json(represent(terms), 201, { location: c.req.path });
  });

  const list = createRoute({
    method: "get",
    path,
    tags,
    summary: "List the terms agreed on, oldest first; before the first the operator's defaults apply",
    middleware: [guards.customerViewer],
    request: { params: idParams, query: tenantPageQuery },
    responses: { 200: jsonAnswer(z.array(termsSchema), "One page"), ...readProblems },
  });
  app.openapi(list, async (c) => {
    const customerId = c.req.valid("param").id;
    const terms = await paged(c, c.req.valid("query"), (page) => deps.billingTerms.list(customerId, page));
    if (terms === null) throw noSuchResource();
    return c.json(terms.map(represent), 200);
  });
};
