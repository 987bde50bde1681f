import { z } from "@hono/zod-openapi";
import type { CostAccount } from "../../adapters/ports/cost/accounts.ts";
import { mostAwsAccounts, mostPairs, mostRegions } from "../../domain/cost/account-limits.ts";
import { bucketFault } from "../../domain/cost/bucket.ts";
import { prefixFault, slashed } from "../../domain/cost/trail-prefix.ts";
import { partitionOf } from "../../domain/steering/aws-partition.ts";
import { id, label, like, timeText } from "../../http/contract.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";

const keyIdExample = "AKIAIOSFODNN7EXAMPLE";
const secretExample = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const roleExample = "arn:aws:iam::123456789012:role/tranche-costs";

export const costAccountSchema = z
  .object({
    id,
    name: like(z.string(), "production"),
    region: like(z.string(), "eu-central-1"),
    access_key_id: like(z.string().optional(), keyIdExample),
    role_arn: z.string().optional(),
    external_id: z.string().optional().openapi({ description: "with a role: the sts:ExternalId of its trust policy" }),
    bucket: like(z.string().nullable(), "acme-trail"),
    prefix: like(z.string(), "trails/"),
    aws_accounts: like(z.array(z.string()), ["123456789012"]),
    regions: like(z.array(z.string()), ["eu-central-1", "us-east-1"]),
    created_at: timeText,
    last_read_at: timeText.nullable().openapi({ description: "when files were last looked for without an error; null: never" }),
    last_error: like(z.string().nullable(), null).openapi({ description: "what went wrong since then; null: nothing is known" }),
  })
  .openapi("CostAccount");

const isRegion = (region: string): boolean => partitionOf(region) !== null;
const regionRule = "must be a region of AWS, AWS GovCloud or AWS China";

/** A rule of the domain as one of a field. */
const by = (problem: (text: string) => string | null) => (schema: z.ZodString) =>
  schema.refine((text) => problem(text) === null, { error: ({ input }) => problem(String(input)) ?? "" });

const distinct = (list: readonly string[]): boolean => new Set(list).size === list.length;

const fields = {
  name: label(80),
  region: z.string().min(1).max(40).refine(isRegion, regionRule).openapi({
    example: "eu-central-1",
    description: "of the bucket; a role is assumed at its STS",
  }),
  bucket: by(bucketFault)(z.string().max(63)).nullable().openapi({
    example: "acme-trail",
    description: "to which CloudTrail delivers; null: no files are read, only what idles is looked for",
  }),
  prefix: by(prefixFault)(z.string().max(200))
    .transform(slashed)
    .openapi({ example: "trails/", description: "what precedes AWSLogs/ in the keys; of an organization's trail up to AWSLogs/o-.../" }),
  aws_accounts: z
    .array(z.string().regex(/^\d{12}$/, "must be the 12 digits of an AWS account"))
    .min(1)
    .max(mostAwsAccounts)
    .refine(distinct, "must not name an account twice")
    .openapi({ example: ["123456789012"], description: "whose files are read; records of others are ignored" }),
  regions: z
    .array(z.string().max(40).refine(isRegion, regionRule))
    .min(1)
    .max(mostRegions)
    .refine(distinct, "must not name a region twice")
    .openapi({ example: ["eu-central-1"], description: "whose files are read, and in which idle resources are looked for" }),
};

/** What holds between fields, of what is to be stored. @returns the first rule that is broken, with its field; null: none is */
export const scopeProblem = (scope: {
  readonly region: string;
  readonly awsAccounts: readonly string[];
  readonly regions: readonly string[];
  readonly roleArn: string | null;
}): { readonly pointer: string; readonly detail: string } | null => {
  const partition = partitionOf(scope.region)?.name;
  if (scope.roleArn !== null && !scope.roleArn.startsWith(`arn:${partition}:`))
    return { pointer: "/role_arn", detail: "must be of the partition of the region" };
  if (scope.regions.some((region) => partitionOf(region)?.name !== partition))
    return { pointer: "/regions", detail: "must be of the partition of region" };
  return scope.awsAccounts.length * scope.regions.length > mostPairs
    ? { pointer: "/regions", detail: `must be at most ${mostPairs} together with aws_accounts: each account in each region counts` }
    : null;
};

const keyFields = {
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
    .openapi({ description: "of a user with the policy of iam-policy. Never shown again" }),
  role_arn: z
    .string()
    .max(640)
    .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/([\x21-\x7e]*\/)?[\w+=,.@-]{1,64}$/, `must be the ARN of a role, such as ${roleExample}`)
    .optional()
    .openapi({ description: "instead of a key: a role that trusts this deployment, under the external_id of the answer" }),
};

export const costAccountInput = z
  .strictObject({ ...fields, bucket: fields.bucket.default(null), prefix: fields.prefix.default(""), ...keyFields })
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
  .openapi("CostAccountInput", {
    example: {
      name: "production",
      region: "eu-central-1",
      bucket: "acme-trail",
      prefix: "",
      aws_accounts: ["123456789012"],
      regions: ["eu-central-1", "us-east-1"],
      access_key_id: keyIdExample,
      secret_access_key: secretExample,
    },
  });

export const costAccountPatch = z
  .strictObject({
    name: fields.name.optional(),
    region: fields.region.optional(),
    bucket: fields.bucket.optional(),
    prefix: fields.prefix.optional(),
    aws_accounts: fields.aws_accounts.optional(),
    regions: fields.regions.optional(),
  })
  .refine((patch) => Object.values(patch).some((value) => value !== undefined), "must change something")
  .openapi("CostAccountPatch", { example: { regions: ["eu-central-1", "us-east-1"] } });

export const representCostAccount = (account: CostAccount): z.infer<typeof costAccountSchema> => ({
  id: account.id,
  name: account.name,
  region: account.region,
  access_key_id: account.accessKeyId ?? undefined,
  role_arn: account.roleArn ?? undefined,
  external_id: account.externalId ?? undefined,
  bucket: account.bucket,
  prefix: account.prefix,
  aws_accounts: [...account.awsAccounts],
  regions: [...account.regions],
  created_at: isoTime(account.createdAtMs),
  last_read_at: isoTimeOrNull(account.lastReadAtMs),
  last_error: account.lastError,
});
