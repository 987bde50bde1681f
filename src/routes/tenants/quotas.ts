import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Quota } from "../../adapters/ports/tenants/quotas.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import type { QuotaKind } from "../../domain/tenants/quota.ts";
import { mostOfAnything, quotaKinds } from "../../domain/tenants/quota.ts";
import { changeBy } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import { idParams, jsonAnswer, jsonRequest, like, problems, readProblems, tenantQuery } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";

const quotasSchema = z
  .array(
    z.object({
      kind: z.enum(quotaKinds).openapi({ example: "domains" }),
      limit: like(z.int(), 500),
      own: like(z.int().nullable(), null).openapi({
        description: "the limit that an admin has set for this customer; null: the default counts",
      }),
      used: like(z.int(), 12).openapi({ description: "may be more than the limit, where that was lowered: nothing is taken away" }),
    }),
  )
  .openapi("Quotas");

const limit = z
  .int()
  .min(0)
  .max(mostOfAnything)
  .nullable()
  .default(null)
  .openapi({ type: ["integer", "null"], minimum: 0, maximum: mostOfAnything, example: 500, description: "null, or absent: the default" });

const input = z
  .strictObject(Object.fromEntries(quotaKinds.map((kind) => [kind, limit])) as Record<QuotaKind, typeof limit>)
  .openapi("QuotasInput");

const represent = (quotas: readonly Quota[]): z.infer<typeof quotasSchema> =>
  quotas.map(({ kind, limit: most, own, used }) => ({ kind, limit: most, own, used }));

/** `/v1/quotas` for the customer itself, `/v1/customers/{id}/quotas` for admins. */
export const registerQuotas = (app: App, deps: Pick<Deps, "quotas">, guards: Guards): void => {
  const tags = ["customers"];
  const path = "/v1/customers/{id}/quotas";
  const noQuery = z.strictObject({});

  const own = createRoute({
    method: "get",
    path: "/v1/quotas",
    tags,
    summary: "Read how much there may be of services, domains, policies, tokens and channels, and how much there is",
    middleware: [guards.viewer],
    request: { query: tenantQuery },
    responses: { 200: jsonAnswer(quotasSchema, "Of every kind"), ...readProblems },
  });
  app.openapi(own, async (c) => {
    const quotas = await deps.quotas.read(c.var.customerId);
    if (quotas === null) throw noSuchResource();
    return c.json(represent(quotas), 200);
  });

  const get = createRoute({
    method: "get",
    path,
    tags,
    summary: "Read the quotas of a customer",
    middleware: [guards.admin],
    request: { params: idParams, query: noQuery },
    responses: { 200: jsonAnswer(quotasSchema, "Of every kind"), ...problems(400, 401, 403, 404) },
  });
  app.openapi(get, async (c) => {
    const quotas = await deps.quotas.read(c.req.valid("param").id);
    if (quotas === null) throw noSuchResource();
    return c.json(represent(quotas), 200);
  });

  const set = createRoute({
    method: "put",
    path,
    tags,
    summary: "Set the quotas of a customer, all of them; what it has beyond a lower one stays",
    middleware: [guards.admin, jsonBody],
    request: { params: idParams, query: noQuery, body: jsonRequest(input) },
    responses: { 200: jsonAnswer(quotasSchema, "As they are now"), ...problems(400, 401, 403, 404, 413, 415) },
  });
  app.openapi(set, async (c) => {
    const given = Object.entries(c.req.valid("json")).filter(([, value]) => value !== null);
    const quotas = await deps.quotas.set(
      c.req.valid("param").id,
      Object.fromEntries(given) as Partial<Record<QuotaKind, number>>,
      changeBy(c),
    );
    if (quotas === null) throw noSuchResource();
    return c.json(represent(quotas), 200);
  });
};
