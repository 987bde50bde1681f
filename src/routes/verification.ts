import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../adapters/ports/deps.ts";
import type { Domain } from "../adapters/ports/domains.ts";
import { noSuchResource } from "../auth/guards.ts";
import type { Guards } from "../auth/guards.ts";
import { challengeName, judgeProof } from "../domain/proof.ts";
import { proofWarning } from "../domain/readiness-beside.ts";
import { AppError } from "../errors.ts";
import { answerOnce } from "../http/answer-once.ts";
import { noBody } from "../http/body.ts";
import { childParams, jsonAnswer, problems, readProblems, tenantQuery, timeText } from "../http/contract.ts";
import { costs, worth } from "../http/cost.ts";
import type { App } from "../http/env.ts";
import { isoTimeOrNull } from "../iso-time.ts";
import { recordName, recordValue } from "./domain-contract.ts";

const challengeSchema = z
  .object({
    record_type: z.literal("TXT"),
    record_name: recordName,
    record_value: recordValue,
    warning: z.string().openapi({ description: "what to see to before the record is published" }),
    verified_at: timeText.nullable().openapi({ description: "null: not proven, or another customer proved it later" }),
  })
  .openapi("DomainChallenge");

const verificationSchema = challengeSchema
  .extend({ result: z.enum(["verified", "off"]).openapi({ description: "off: this deployment asks for no proof" }) })
  .openapi("DomainVerification");

const represent = (domain: Domain): z.infer<typeof challengeSchema> => ({
  record_type: "TXT",
  record_name: challengeName(domain.name),
  record_value: domain.challengeToken,
  warning: proofWarning(domain.name),
  verified_at: isoTimeOrNull(domain.verifiedAtMs),
});

const retryAfterSeconds = "30";

/** `/v1/services/{id}/domains/{childId}/verification`: whose a domain is. */
export const registerVerification = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["domains"];
  const path = "/v1/services/{id}/domains/{childId}/verification";
  const required = deps.config.domainVerification;

  /** @throws AppError `conflict` where the proof is missing, `unavailable` where it can not be looked up */
  const prove = async (domain: Domain): Promise<void> => {
    const name = challengeName(domain.name);
    const readings = await deps.resolver.txt(name);
    const proof = judgeProof(
      readings.map((reading) => ({ resolver: reading.resolver, texts: reading.status === "answered" ? reading.texts : null })),
      domain.challengeToken,
    );
    if (proof.status === "proven") return;
    const resolvers = proof.resolvers.join(", ");
    if (proof.status === "undecided") {
      const headers = { "retry-after": retryAfterSeconds };
      throw new AppError("unavailable", `the public DNS could not be asked (${resolvers})`, { headers });
    }
    throw new AppError("conflict", `no TXT record ${name} with the value of the challenge is seen by ${resolvers}; DNS may take minutes`);
  };

  const get = createRoute({
    method: "get",
    path,
    tags,
    summary: "Read the challenge that proves the ownership of a domain",
    middleware: [guards.viewer],
    request: { params: childParams, query: tenantQuery },
    responses: { 200: jsonAnswer(challengeSchema, "The TXT record to publish"), ...readProblems },
  });
  app.openapi(get, async (c) => {
    const { id, childId } = c.req.valid("param");
    const domain = await deps.domains.get(c.var.customerId, id, childId);
    if (domain === null) throw noSuchResource();
    return c.json(represent(domain), 200);
  });

  const check = createRoute({
    method: "post",
    path,
    tags,
    summary: "Check the challenge; the latest proof of a name wins",
    description: "Every configured resolver must see the record. Until then the answer is a 409, and nothing changes.",
    middleware: [guards.editor, worth(deps, costs.asking), noBody],
    request: { params: childParams, query: tenantQuery },
    responses: { 200: jsonAnswer(verificationSchema, "The domain is proven to be yours"), ...problems(400, 401, 403, 404, 409, 413) },
  });
  app.openapi(check, async (c) => {
    const { customerId } = c.var;
    const { id, childId } = c.req.valid("param");
    const domain = await answerOnce(c, deps, customerId, async (change) => {
      const claimed = await deps.domains.get(customerId, id, childId);
      if (claimed === null) throw noSuchResource();
      if (required) await prove(claimed);
      return await deps.domains.verify(customerId, id, childId, change);
    });
    if (domain === null) throw noSuchResource();
    return c.json({ ...represent(domain), result: required ? ("verified" as const) : ("off" as const) }, 200);
  });
};
