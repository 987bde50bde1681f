import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import { answerOnce } from "../../http/idempotency.ts";
import { noBody } from "../../http/body.ts";
import { childParams, id, jsonAnswer, like, problems, tenantQuery } from "../../http/contract.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App } from "../../http/env.ts";
import { provisionDomain, ttlSeconds } from "./provisioning.ts";

const recordSchema = z.object({
  type: like(z.string(), "CNAME"),
  set_identifier: like(z.string(), "primary"),
  weight: like(z.int(), 100),
  ttl: like(z.int(), ttlSeconds),
  value: like(z.string(), "app.example.com.cdn.cloudflare.net"),
});

const provisionSchema = z
  .object({
    domain_id: id,
    result: z.enum(["created", "exists"]).openapi({ description: "exists: the pair was there already, and nothing was changed" }),
    zone_id: like(z.string(), "Z0123456789ABCDEFGHIJ"),
    change_id: like(z.string().nullable(), "C2682N5HXP0BZ4"),
    records: z.array(recordSchema).openapi({ description: "what was created" }),
    question: z.string().nullable().openapi({
      description: "what is to be decided before the pair answers anybody: beside others that answer already it is created with weight 0",
      example: null,
    }),
  })
  .openapi("DomainProvision");

/** `/v1/services/{id}/domains/{childId}/provision`: the weighted pair, where it is missing. */
export const registerProvision = (app: App, deps: Deps, guards: Guards): void => {
  const provision = createRoute({
    method: "post",
    path: "/v1/services/{id}/domains/{childId}/provision",
    tags: ["domains"],
    summary: "Create the weighted pair of a domain in Route 53, or its missing half",
    description: "What exists is never changed: a 409 says what stands in the way, and what to do about it. Safe to repeat.",
    middleware: [guards.editor, worth(deps, costs.asking), noBody],
    request: { params: childParams, query: tenantQuery },
    responses: { 200: jsonAnswer(provisionSchema, "The pair is there"), ...problems(400, 401, 403, 404, 409, 413) },
  });
  app.openapi(provision, async (c) => {
    const { id: serviceId, childId } = c.req.valid("param");
    const { customerId } = c.var;
    const result = await provisionDomain(deps, customerId, serviceId, childId, (create) => answerOnce(c, deps, customerId, create));
    const records = result.status === "exists" ? [] : result.records;
    return c.json(
      {
        domain_id: childId,
        result: result.status,
        zone_id: result.zoneId,
        change_id: result.status === "exists" ? null : result.changeId,
        question: result.status === "created" ? (result.question ?? null) : null,
        records: records.map(({ type, setIdentifier, weight, ttlSeconds: ttl, value }) => ({
          type,
          set_identifier: setIdentifier,
          weight,
          ttl,
          value,
        })),
      },
      200,
    );
  });
};
