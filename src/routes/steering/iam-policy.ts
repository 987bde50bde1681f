import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { defaultPartition, partitionOf } from "../../domain/steering/aws-partition.ts";
import type { PermittedDomain, PolicyAdvice } from "../../domain/steering/iam-policy.ts";
import { iamPolicyFor } from "../../domain/steering/iam-policy.ts";
import type { IamPolicy } from "../../domain/steering/iam-statements.ts";
import { siteOf } from "../../registrable-domain.ts";
import { id, idParams, jsonAnswer, problems, readProblems, tenantQuery } from "../../http/contract.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App } from "../../http/env.ts";

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

/** Documents of an IAM policy. */
export const policiesSchema = z
  .array(policySchema)
  .openapi({ description: "all documents, each to be attached as it is: several where one managed policy does not hold everything" });
/** What is to be known of them. */
export const notesSchema = z.array(z.string()).openapi({ description: "what to know before attaching it" });

const answer = z
  .object({
    service_id: id,
    policy: policySchema.openapi({ description: "the first of `policies`, which is mostly the only one" }),
    policies: policiesSchema,
    notes: notesSchema,
  })
  .openapi("IamPolicy");

const operatorAnswer = z.object({ policies: policiesSchema, notes: notesSchema }).openapi("OperatorIamPolicy");

type Policy = z.infer<typeof policySchema>;

/** A document as the API has it. */
export const representPolicy = ({ Version, Statement }: IamPolicy): Policy => ({
  Version,
  Statement: Statement.map(({ Action, Resource, Condition, ...rest }) => ({
    ...rest,
    Action: [...Action],
    Resource: [...Resource],
    ...(Condition !== undefined && { Condition: structuredClone(Condition) as z.infer<typeof condition> }),
  })),
});

/** What AWS has to permit for these domains, in the partition that this deployment is configured for. */
export const policyAdvice = ({ config }: Deps, domains: readonly PermittedDomain[]): PolicyAdvice =>
  iamPolicyFor((partitionOf(config.route53.region) ?? defaultPartition).name, domains, siteOf);

/** `/v1/services/{id}/iam-policy`: the minimal IAM policy for all services of its account. */
export const registerIamPolicy = (app: App, deps: Deps, guards: Guards): void => {
  const advise = (domains: readonly PermittedDomain[]) => {
    const { policies: documents, notes } = policyAdvice(deps, domains);
    const [first = { Version: "2012-10-17", Statement: [] } as const] = documents;
    return { policy: representPolicy(first), policies: documents.map(representPolicy), notes: [...notes] };
  };

  const get = createRoute({
    method: "get",
    path: "/v1/services/{id}/iam-policy",
    tags: ["routing"],
    summary: "Read the least-privilege IAM policy with which tranche can steer a service and all others of its customer",
    middleware: [guards.viewer, worth(deps, costs.reading)],
    request: { params: idParams, query: tenantQuery },
    responses: { 200: jsonAnswer(answer, "The policy documents"), ...readProblems },
  });
  app.openapi(get, async (c) => {
    const serviceId = c.req.valid("param").id;
    const domains = await deps.dnsSetup.permitted(c.var.customerId, serviceId);
    if (domains === null) throw noSuchResource();
    return c.json({ service_id: serviceId, ...advise(domains) }, 200);
  });

  const operator = createRoute({
    method: "get",
    path: "/v1/iam-policy",
    tags: ["routing"],
    summary: "Read the IAM policy of the operator's own AWS account: for the domains of all customers that have none",
    middleware: [guards.admin],
    request: { query: z.strictObject({}) },
    responses: { 200: jsonAnswer(operatorAnswer, "The policy documents"), ...problems(400, 401, 403) },
  });
  app.openapi(operator, async (c) => {
    const { policies: documents, notes } = advise(await deps.dnsSetup.permittedToOperator());
    return c.json({ policies: documents, notes }, 200);
  });
};
