import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { DnsAccount } from "../../adapters/ports/steering/dns-accounts.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { partitionOf } from "../../domain/steering/aws-partition.ts";
import { roleRefusal } from "../../domain/steering/role-trust.ts";
import { invalidBody } from "../../errors.ts";
import { answerOnce, changeBy } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import {
  id,
  idParams,
  jsonAnswer,
  jsonRequest,
  like,
  noContent,
  readProblems,
  tenantPageQuery,
  tenantQuery,
  timeText,
  writeProblems,
} from "../../http/contract.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App } from "../../http/env.ts";
import { paged } from "../../http/paging.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";
import { together } from "../schemas.ts";
import { requestBudget } from "../../pipeline/request-budget.ts";
import { createConnections } from "../../pipeline/connection-slots.ts";

const keyIdExample = "AKIAIOSFODNN7EXAMPLE";
const secretExample = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const roleExample = "arn:aws:iam::123456789012:role/tranche";

const accountSchema = z
  .object({
    id,
    region: like(z.string(), "us-east-1"),
    access_key_id: like(z.string().optional(), keyIdExample),
    role_arn: z.string().optional(),
    external_id: z.string().optional().openapi({ description: "with a role: the sts:ExternalId of its trust policy" }),
    created_at: timeText,
    last_error: like(z.string().nullable(), null).openapi({
      description:
        "why its latest calls failed, or why it does not let changes be asked after (GetChange); null: nothing is known to be wrong",
    }),
    paused_until: timeText.nullable().openapi({ description: "until when it is left alone after that", example: null }),
  })
  .openapi("DnsAccount");

const input = z
  .strictObject({
    region: z
      .string()
      .min(1)
      .max(40)
      .refine((region) => partitionOf(region) !== null, "must be a region of AWS, AWS GovCloud or AWS China")
      .default("us-east-1")
      .openapi({
        pattern: "^[a-z]{2,}(-[a-z]+)+-[0-9]+$",
        example: "us-east-1",
        description: "any region of the partition: Route 53's endpoint follows from it",
      }),
    access_key_id: z
      .string()
      .min(16)
      .max(128)
      .regex(/^[A-Z0-9]+$/, "must be an AWS access key id")
      .optional(),
    secret_access_key: z
      .string()
      .min(16)
      .max(200)
      .regex(/^[\x21-\x7e]+$/, "must be visible ASCII characters")
      .optional()
      .openapi({ writeOnly: true, description: "of a user with the policy of iam-policy. Never shown again" }),
    role_arn: z
      .string()
      .max(640)
      .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/([\x21-\x7e]*\/)?[\w+=,.@-]{1,64}$/, `must be the ARN of a role, such as ${roleExample}`)
      .optional()
      .openapi({ description: "instead of a key: a role that trusts this deployment, under the external_id of the answer" }),
  })
  .refine(({ role_arn: role, access_key_id: key, secret_access_key: secret }) => role === undefined || (key ?? secret) === undefined, {
    path: ["role_arn"],
    error: "must not come with an access key: an account has one of them",
  })
  .refine((account) => (account.role_arn ?? account.access_key_id) !== undefined, {
    path: ["access_key_id"],
    error: "is required, or role_arn",
  })
  .refine((account) => (account.role_arn ?? account.secret_access_key) !== undefined, {
    path: ["secret_access_key"],
    error: "is required with access_key_id",
  })
  .refine(({ role_arn: role, region }) => role === undefined || role.startsWith(`arn:${partitionOf(region)?.name}:`), {
    path: ["role_arn"],
    error: "must be of the partition of the region",
  })
  .openapi(
    together({
      where: { required: ["role_arn"] },
      must: { properties: { access_key_id: false, secret_access_key: false } },
      otherwise: { required: ["access_key_id", "secret_access_key"] },
    }),
  )
  .openapi("DnsAccountInput", { example: { region: "us-east-1", access_key_id: keyIdExample, secret_access_key: secretExample } });

const represent = (account: DnsAccount): z.infer<typeof accountSchema> => ({
  id: account.id,
  region: account.region,
  access_key_id: account.accessKeyId ?? undefined,
  role_arn: account.roleArn ?? undefined,
  external_id: account.externalId ?? undefined,
  created_at: isoTime(account.createdAtMs),
  last_error: account.lastError,
  paused_until: isoTimeOrNull(account.pausedUntilMs),
});

/** `/v1/dns-accounts`: the AWS key or role with which a customer's domains are steered instead of the operator's credentials. */
export const registerDnsAccounts = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["routing"];
  const path = "/v1/dns-accounts";

  /** A role that trusts more than its own external id is open to confused deputies. @throws AppError `bad_request` */
  const refuseRole = async (roleArn: string | undefined, region: string): Promise<void> => {
    if (roleArn === undefined || deps.roleTrust === null) return;
    const trust = await deps.roleTrust.trustOf({ roleArn, region }, requestBudget(deps.clock, createConnections(deps.clock)));
    const detail = roleRefusal(trust);
    if (detail !== null) throw invalidBody({ pointer: "/role_arn", detail });
  };

  const create = createRoute({
    method: "post",
    path,
    tags,
    summary:
      "Have your domains steered with an AWS account of your own: a role to assume, or a key, whose secret is sealed and never shown",
    middleware: [guards.editor, worth(deps, costs.asking), jsonBody],
    request: { query: tenantQuery, body: jsonRequest(input) },
    responses: { 201: jsonAnswer(accountSchema, "The account, without its secret"), ...writeProblems },
  });
  app.openapi(create, async (c) => {
    const { region, role_arn: roleArn, access_key_id: accessKeyId = "", secret_access_key: secretAccessKey = "" } = c.req.valid("json");
    const { customerId } = c.var;
    const account = await answerOnce(c, deps, customerId, async (change) => {
      await refuseRole(roleArn, region);
      return await deps.dnsAccounts.create(
        customerId,
        roleArn === undefined ? { region, accessKeyId, secretAccessKey } : { region, roleArn },
        change,
      );
    });
    return c.json(represent(account), 201, { location: `${path}/${account.id}` });
  });

  const list = createRoute({
    method: "get",
    path,
    tags,
    summary: "List the AWS accounts; at most one",
    middleware: [guards.viewer],
    request: { query: tenantPageQuery },
    responses: { 200: jsonAnswer(z.array(accountSchema), "One page"), ...readProblems },
  });
  app.openapi(list, async (c) => {
    const accounts = await paged(c, c.req.valid("query"), (page) => deps.dnsAccounts.list(c.var.customerId, page));
    return c.json(accounts.map(represent), 200);
  });

  const get = createRoute({
    method: "get",
    path: `${path}/{id}` as const,
    tags,
    summary: "Read an AWS account; never its secret",
    middleware: [guards.viewer],
    request: { params: idParams, query: tenantQuery },
    responses: { 200: jsonAnswer(accountSchema, "The account"), ...readProblems },
  });
  app.openapi(get, async (c) => {
    const account = await deps.dnsAccounts.find(c.var.customerId, c.req.valid("param").id);
    if (account === null) throw noSuchResource();
    return c.json(represent(account), 200);
  });

  const remove = createRoute({
    method: "delete",
    path: `${path}/{id}` as const,
    tags,
    summary: "Remove an AWS account; its secret is erased, and the operator's account steers again",
    middleware: [guards.editor],
    request: { params: idParams, query: tenantQuery },
    responses: { 204: noContent, ...readProblems },
  });
  app.openapi(remove, async (c) => {
    if (!(await deps.dnsAccounts.remove(c.var.customerId, c.req.valid("param").id, changeBy(c)))) throw noSuchResource();
    return c.body(null, 204);
  });
};
