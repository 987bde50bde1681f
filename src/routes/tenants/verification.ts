import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Domain } from "../../adapters/ports/tenants/domains.ts";
import type { StoredClaim } from "../../adapters/ports/tenants/ownership.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import type { ClaimChange } from "../../domain/tenants/ownership.ts";
import { afterLook, afterWaiver, stateOf } from "../../domain/tenants/ownership.ts";
import type { Proof } from "../../domain/tenants/ownership-record.ts";
import { challengeName } from "../../domain/tenants/ownership-record.ts";
import { proofWarning } from "../../domain/steering/readiness-beside.ts";
import { AppError } from "../../errors.ts";
import { acceptKey, changeBy } from "../../http/idempotency.ts";
import { noBody } from "../../http/body.ts";
import { childParams, jsonAnswer, problems, readProblems, tenantQuery } from "../../http/contract.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App, AppContext } from "../../http/env.ts";
import { lookOf, lookUp, settle } from "../../pipeline/tenants/ownership.ts";
import { requestBudget } from "../../pipeline/request-budget.ts";
import { createConnections } from "../../pipeline/connection-slots.ts";
import { ownershipFields, recordName, recordValue, representOwnership } from "./domain-contract.ts";

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

const retryAfterSeconds = "30";

/** The request itself is recorded in the audit log, even where the claim has not changed. */
const saying = (changes: readonly ClaimChange[], id: number, event: "verify" | "proof_missing"): readonly ClaimChange[] =>
  changes.map((change) => (change.claim.id === id && change.event === null ? { ...change, event } : change));

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

  const isExpired = (domain: Domain): boolean =>
    required && domain.verifiedAtMs === null && domain.disputedAtMs === null && domain.challengeExpiresAtMs <= deps.clock.nowMs();

  const domainOf = async (customerId: number, id: number, childId: number): Promise<Domain> => {
    const domain = await deps.domains.get(customerId, id, childId);
    if (domain === null) throw noSuchResource();
    return domain;
  };

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
    const domain = await domainOf(c.var.customerId, id, childId);
    if (!isExpired(domain)) return c.json(represent(domain), 200);
    await deps.ownership.renew(childId, deps.clock.nowMs(), changeBy(c));
    return c.json(represent(await domainOf(c.var.customerId, id, childId)), 200);
  });

  /** @throws AppError `conflict` where the proof is missing, `unavailable` where it can not be looked up */
  const refuseUnproven = (domain: Domain, proof: Proof): void => {
    if (proof.status === "proven") return;
    const resolvers = proof.resolvers.join(", ");
    if (proof.status === "undecided") {
      const headers = { "retry-after": retryAfterSeconds };
      throw new AppError("unavailable", `the public DNS could not be asked (${resolvers})`, { headers });
    }
    throw new AppError(
      "conflict",
      `no TXT record ${challengeName(domain.name)} with the value of the challenge is seen by ${resolvers}; DNS may take minutes`,
    );
  };

  /** Looks up the record, and stores the result. @throws AppError where the claim does not hold the name afterwards */
  const prove = async (c: AppContext, domain: Domain): Promise<void> => {
    if (isExpired(domain)) {
      await deps.ownership.renew(domain.id, deps.clock.nowMs(), changeBy(c));
      throw new AppError("conflict", "the challenge has expired: read the new one and publish that");
    }
    const proof = await lookUp(
      deps,
      { name: domain.name, token: domain.challengeToken },
      requestBudget(deps.clock, createConnections(deps.clock)),
    );
    const look = lookOf(proof);
    const decide = (claims: readonly StoredClaim[], own: StoredClaim) =>
      own.token !== domain.challengeToken
        ? null
        : saying(afterLook(claims, own.id, look, deps.clock.nowMs()), own.id, look === "seen" ? "verify" : "proof_missing");
    const own = look === "undecided" ? null : await settle(deps, domain.id, changeBy(c), ({ claims }, claim) => decide(claims, claim));
    refuseUnproven(domain, proof);
    if (own === null) throw new AppError("conflict", "the challenge has changed meanwhile: read it again");
    if (stateOf(own, true) !== "disputed") return;
    throw new AppError(
      "conflict",
      "the record is seen, and somebody else holds the name: it is disputed, and stays theirs until an admin decides or their own record is gone for 7 days",
    );
  };

  const check = createRoute({
    method: "post",
    path,
    tags,
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
    const domain = await domainOf(customerId, id, childId);
    if (required) await prove(c, domain);
    else await settle(deps, childId, changeBy(c), ({ claims }) => afterWaiver(claims, childId, deps.clock.nowMs()));
    return c.json(
      { ...represent(await domainOf(customerId, id, childId)), result: required ? ("verified" as const) : ("off" as const) },
      200,
    );
  });
};
