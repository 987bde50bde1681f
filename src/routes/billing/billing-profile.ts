import { createRoute, z } from "@hono/zod-openapi";
import type { BillingProfile, TaxRate } from "../../adapters/ports/billing/billing-profiles.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { checkNumberPattern, documentDefaults } from "../../domain/billing/invoice-number.ts";
import { changeBy } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import { idParams, jsonAnswer, jsonRequest, label, like, problems, tenantQuery, timeText } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { isoTimeOrNull } from "../../iso-time.ts";
import { decimal4, together } from "../schemas.ts";

/** Lines of an address or of payment details. */
export const printedLines = (max: number) => z.array(label(200)).max(max);

/** As stored and printed: without redundant zeros. */
const canonical = (rate: string): string => rate.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");

const rateText = z.string().regex(/^(0(\.\d{1,4})?|1(\.0{1,4})?)$/, "must be a decimal from 0 to 1 with at most 4 decimals, such as 0.19");

const rate = z
  .union([rateText, decimal4().min(0).max(1)])
  .transform((value) => canonical(String(value)))
  .openapi({ description: "a decimal fraction, 0 to 1 with at most 4 decimals: 0.19 is 19 %", example: "0.19" });

const tax = z.strictObject({ label: label(60).openapi({ example: "VAT" }), rate });

const beside = "[A-Za-z/.-]";
const literal = String.raw`([A-Za-z0-9/.-]|\{(year|month|customer)\})*`;
const numberForm = String.raw`^(${literal}${beside})?\{number\}(${beside}${literal})?$`;

const numberPattern = z
  .string()
  .superRefine((pattern, ctx) => {
    const wrong = checkNumberPattern(pattern);
    if (wrong !== null) ctx.addIssue({ code: "custom", message: wrong });
  })
  .default(documentDefaults.numberPattern)
  .openapi({
    maxLength: 40,
    pattern: numberForm,
    description: "with {number}, at least four digits, and perhaps {year} and {month} of issue in UTC and {customer}, the customer's id",
  });

const input = z
  .strictObject({
    legal_name: label(200).nullable().default(null).openapi({ example: "ACME Corporation Ltd" }),
    address: printedLines(6)
      .default([])
      .openapi({ example: ["1 Acme Road", "London N1 1AA"] }),
    tax_id: label(60).nullable().default(null).openapi({ example: "GB123456789" }),
    po_number: label(60).nullable().default(null).openapi({ example: "PO-4711" }),
    number_pattern: numberPattern,
    payment_days: z.int().min(0).max(365).default(documentDefaults.paymentDays),
    taxes: z.array(tax).max(3).default([]).openapi({ description: "each of the total of an invoice, rounded once" }),
    reverse_charge: z.boolean().default(false).openapi({ description: "the customer owes the tax: no rate may be above 0" }),
  })
  .superRefine(({ reverse_charge: isReversed, taxes }, ctx) => {
    const at = taxes.findIndex(({ rate: value }) => value !== "0");
    if (isReversed && at >= 0) ctx.addIssue({ code: "custom", path: ["taxes", at, "rate"], message: "must be 0 with reverse_charge" });
  })
  .openapi(
    together({
      where: { required: ["reverse_charge"], properties: { reverse_charge: { const: true } } },
      must: { properties: { taxes: { items: { properties: { rate: { enum: ["0", "0.0", "0.00", "0.000", "0.0000", 0] } } } } } },
    }),
  )
  .openapi("BillingProfileInput");

const profileSchema = z
  .object({
    legal_name: like(z.string(), "ACME Corporation Ltd").nullable(),
    address: z.array(z.string()).openapi({ example: ["1 Acme Road", "London N1 1AA"] }),
    tax_id: like(z.string(), "GB123456789").nullable(),
    po_number: like(z.string(), "PO-4711").nullable(),
    number_pattern: like(z.string(), "TR-{year}-{number}"),
    payment_days: like(z.int(), 30),
    taxes: z.array(z.object({ label: like(z.string(), "VAT"), rate: like(z.string(), "0.19") })),
    reverse_charge: z.boolean(),
    updated_at: timeText.nullable().openapi({ description: "null while nothing was said and the defaults apply" }),
  })
  .openapi("BillingProfile");

const represent = (profile: BillingProfile): z.infer<typeof profileSchema> => ({
  legal_name: profile.legalName,
  address: [...profile.address],
  tax_id: profile.taxId,
  po_number: profile.poNumber,
  number_pattern: profile.numberPattern,
  payment_days: profile.paymentDays,
  taxes: profile.taxes.map(({ label: name, rate: value }: TaxRate) => ({ label: name, rate: value })),
  reverse_charge: profile.reverseCharge,
  updated_at: isoTimeOrNull(profile.updatedAtMs),
});

/** `/v1/customers/{id}/billing-profile`: a customer's details on invoices. Set by admins, read by the customer too. */
export const registerBillingProfile = (app: App, deps: Pick<Deps, "billingProfiles">, guards: Guards): void => {
  const tags = ["customers"];
  const path = "/v1/customers/{id}/billing-profile";

  const get = createRoute({
    method: "get",
    path,
    tags,
    summary: "Read what the next invoices print of the customer",
    middleware: [guards.customerViewer],
    request: { params: idParams, query: tenantQuery },
    responses: { 200: jsonAnswer(profileSchema, "The profile"), ...problems(400, 401, 403, 404) },
  });
  app.openapi(get, async (c) => {
    const profile = await deps.billingProfiles.get(c.req.valid("param").id);
    if (profile === null) throw noSuchResource();
    return c.json(represent(profile), 200);
  });

  const put = createRoute({
    method: "put",
    path,
    tags,
    summary: "Say what the next invoices print of the customer; those that are issued do not change",
    middleware: [guards.adminWith("billing"), jsonBody],
    request: { params: idParams, query: z.strictObject({}), body: jsonRequest(input) },
    responses: { 200: jsonAnswer(profileSchema, "The profile as it is now"), ...problems(400, 401, 403, 404, 413, 415) },
  });
  app.openapi(put, async (c) => {
    const body = c.req.valid("json");
    const profile = await deps.billingProfiles.set(
      c.req.valid("param").id,
      {
        legalName: body.legal_name,
        address: body.address,
        taxId: body.tax_id,
        poNumber: body.po_number,
        numberPattern: body.number_pattern,
        paymentDays: body.payment_days,
        taxes: body.taxes,
        reverseCharge: body.reverse_charge,
      },
      changeBy(c),
    );
    if (profile === null) throw noSuchResource();
    return c.json(represent(profile), 200);
  });
};
