import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../adapters/ports/deps.ts";
import { noSuchResource } from "../auth/guards.ts";
import type { Guards } from "../auth/guards.ts";
import { defaultPartition, partitionOf } from "../domain/aws-partition.ts";
import { iamPolicyFor } from "../domain/iam-policy.ts";
import { id, idParams, jsonAnswer, readProblems, tenantQuery } from "../http/contract.ts";
import type { App } from "../http/env.ts";

const condition = z
  .record(z.string(), z.record(z.string(), z.union([z.string(), z.array(z.string())])))
  .openapi({ description: "by operator, then by condition key" });

const policySchema = z.object({
  Version: z.literal("2012-10-17"),
  Statement: z.array(
    z.object({
      Sid: z.string(),
      Effect: z.literal("Allow"),
      Action: z.array(z.string()),
      Resource: z.array(z.string()),
      Condition: condition.optional(),
    }),
  ),
});

const answer = z
  .object({
    service_id: id,
    policy: policySchema.openapi({ description: "an IAM policy document, to be attached as it is" }),
    notes: z.array(z.string()).openapi({ description: "what to know before attaching it" }),
  })
  .openapi("IamPolicy");

/** `/v1/services/{id}/iam-policy`: what AWS must permit, and nothing beyond. */
export const registerIamPolicy = (app: App, deps: Deps, guards: Guards): void => {
  const partition = (partitionOf(deps.config.route53.region) ?? defaultPartition).name;

  const get = createRoute({
    method: "get",
    path: "/v1/services/{id}/iam-policy",
    tags: ["routing"],
    summary: "Read the least-privilege IAM policy with which tranche can steer a service",
    middleware: [guards.viewer],
    request: { params: idParams, query: tenantQuery },
    responses: { 200: jsonAnswer(answer, "The policy document"), ...readProblems },
  });
  app.openapi(get, async (c) => {
    const setup = await deps.dnsSetup.get(c.var.customerId, c.req.valid("param").id);
    if (setup === null) throw noSuchResource();
    const { policy, notes } = iamPolicyFor(partition, setup.domains);
    const statements = policy.Statement.map(({ Action, Resource, Condition, ...rest }) => ({
      ...rest,
      Action: [...Action],
      Resource: [...Resource],
      ...(Condition !== undefined && { Condition: structuredClone(Condition) as z.infer<typeof condition> }),
    }));
    return c.json({ service_id: setup.serviceId, policy: { Version: policy.Version, Statement: statements }, notes: [...notes] }, 200);
  });
};
