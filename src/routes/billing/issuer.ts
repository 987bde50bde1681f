import { createRoute, z } from "@hono/zod-openapi";
import type { Issuer } from "../../adapters/ports/billing/billing-profiles.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import { changeBy } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import { jsonAnswer, jsonRequest, label, like, problems, timeText } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { isoTimeOrNull } from "../../iso-time.ts";
import { printedLines } from "./billing-profile.ts";

const noQuery = z.strictObject({});

const input = z
  .strictObject({
    legal_name: label(200).openapi({ example: "Tranche Operations Ltd" }),
    address: printedLines(6)
      .default([])
      .openapi({ example: ["2 Operator Street", "Dublin 2"] }),
    tax_id: label(60).nullable().default(null).openapi({ example: "IE1234567T" }),
    payment_details: printedLines(8)
      .default([])
      .openapi({ example: ["IBAN IE29 AIBK 9311 5212 3456 78", "BIC AIBKIE2D"] }),
  })
  .openapi("IssuerInput");

const issuerSchema = z
  .object({
    legal_name: like(z.string(), "Tranche Operations Ltd").nullable(),
    address: z.array(z.string()).openapi({ example: ["2 Operator Street", "Dublin 2"] }),
    tax_id: like(z.string(), "IE1234567T").nullable(),
    payment_details: z.array(z.string()).openapi({ example: ["IBAN IE29 AIBK 9311 5212 3456 78", "BIC AIBKIE2D"] }),
    updated_at: timeText.nullable().openapi({ description: "null while nobody has said who issues the invoices" }),
  })
  .openapi("Issuer");

const represent = (issuer: Issuer | null): z.infer<typeof issuerSchema> => ({
  legal_name: issuer?.legalName ?? null,
  address: [...(issuer?.address ?? [])],
  tax_id: issuer?.taxId ?? null,
  payment_details: [...(issuer?.paymentDetails ?? [])],
  updated_at: isoTimeOrNull(issuer?.updatedAtMs ?? null),
});

/** `/v1/billing/issuer`: the issuer printed on invoices. For admins only. */
export const registerIssuer = (app: App, deps: Pick<Deps, "billingProfiles">, guards: Guards): void => {
  const tags = ["invoices"];
  const path = "/v1/billing/issuer";

  const get = createRoute({
    method: "get",
    path,
    tags,
    summary: "Read who issues the invoices",
    middleware: [guards.admin],
    request: { query: noQuery },
    responses: { 200: jsonAnswer(issuerSchema, "The issuer"), ...problems(400, 401, 403) },
  });
  app.openapi(get, async (c) => c.json(represent(await deps.billingProfiles.issuer()), 200));

  const put = createRoute({
    method: "put",
    path,
    tags,
    summary: "Say who issues the invoices from now on; those that are issued do not change",
    middleware: [guards.adminWith("billing"), jsonBody],
    request: { query: noQuery, body: jsonRequest(input) },
    responses: { 200: jsonAnswer(issuerSchema, "The issuer as it is now"), ...problems(400, 401, 403, 413, 415) },
  });
  app.openapi(put, async (c) => {
    const { legal_name: legalName, address, tax_id: taxId, payment_details: paymentDetails } = c.req.valid("json");
    return c.json(represent(await deps.billingProfiles.setIssuer({ legalName, address, taxId, paymentDetails }, changeBy(c))), 200);
  });
};
