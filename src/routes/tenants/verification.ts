import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Domain } from "../../adapters/ports/tenants/domains.ts";
import type { Guards } from "../../auth/guards.ts";
import { challengeName } from "../../domain/tenants/ownership-record.ts";
import { proofWarning } from "../../domain/steering/readiness-beside.ts";
import { acceptKey, changeBy } from "../../http/idempotency.ts";
import { noBody } from "../../http/body.ts";
import { childParams, jsonAnswer, problems, readProblems, tenantQuery } from "../../http/contract.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App } from "../../http/env.ts";
import { ownershipFields, recordName, recordValue, representOwnership } from "./domain-contract.ts";
import { challengeOf, verifyDomain } from "./proving.ts";

const challengeSchema = z
  .object({
    record_type: z.literal("TXT"),
    record_name: recordName,
    record_value: recordValue,
    warning: z.string().openapi({ description: "what to see to before the record is published" }),
    ...ownershipFields,
  })
  .openapi("DomainChallenge");

const verificationSchema = challengeSchema
  .extend({ result: z.enum(["verified", "off"]).openapi({ description: "off: this deployment asks for no proof" }) })
  .openapi("DomainVerification");

/** `/v1/services/{id}/domains/{childId}/verification`: ownership of a domain (domain/tenants/ownership.ts). */
export const registerVerification = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["domains"];
  const path = "/v1/services/{id}/domains/{childId}/verification";
  const required = deps.config.domainVerification;

  const represent = (domain: Domain): z.infer<typeof challengeSchema> => ({
    record_type: "TXT",
    record_name: challengeName(domain.name),
    record_value: domain.challengeToken,
    warning: proofWarning(domain.name),
    ...representOwnership(domain, required),
  });

  const get = createRoute({
    method: "get",
    path,
    tags,
    summary: "Read the challenge that proves the ownership of a domain; one that has expired is replaced by another",
    middleware: [guards.viewer],
    request: { params: childParams, query: tenantQuery },
    responses: { 200: jsonAnswer(challengeSchema, "The TXT record to publish"), ...readProblems },
  });
  app.openapi(get, async (c) => {
    const { id, childId } = c.req.valid("param");
    return c.json(represent(await challengeOf(deps, c.var.customerId, id, childId, changeBy(c))), 200);
  });

  const check = createRoute({
    method: "post",
    path,
    tags,
    operationId: "verifyServiceDomain",
    summary: "Look the challenge up now; a name that somebody else holds becomes disputed, never taken",
    description:
      "Every configured resolver must see the record. A 409 says why the name is not yours: the record is missing, or somebody else holds the name, which is `disputed` then. " +
      "The answer is always that of the present: an Idempotency-Key is accepted and changes nothing.",
    middleware: [guards.editor, worth(deps, costs.asking), noBody],
    request: { params: childParams, query: tenantQuery },
    responses: { 200: jsonAnswer(verificationSchema, "The domain is proven to be yours"), ...problems(400, 401, 403, 404, 409, 413) },
  });
  app.openapi(check, async (c) => {
    const { customerId } = c.var;
    await acceptKey(c);
    const { id, childId } = c.req.valid("param");
    const domain = await verifyDomain(deps, customerId, id, childId, changeBy(c));
    return c.json({ ...represent(domain), result: required ? ("verified" as const) : ("off" as const) }, 200);
  });
};
