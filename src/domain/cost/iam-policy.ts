import type { IamStatement } from "../steering/iam-statements.ts";
import { documentsOf } from "../steering/iam-statements.ts";
import type { PolicyAdvice } from "../steering/iam-policy.ts";
import { partitionOf } from "../steering/aws-partition.ts";
import { accountPrefix } from "./trail.ts";

/** What of a cost account its permissions follow from. */
export type PermittedTrail = {
  readonly region: string;
  readonly bucket: string | null;
  readonly prefix: string;
  readonly awsAccounts: readonly string[];
  readonly regions: readonly string[];
};

/** The describe calls by which idle resources are found. None of them knows a narrower resource. */
const describeActions = [
  "ec2:DescribeAddresses",
  "ec2:DescribeInstances",
  "ec2:DescribeVolumes",
  "elasticloadbalancing:DescribeListeners",
  "elasticloadbalancing:DescribeLoadBalancers",
  "elasticloadbalancing:DescribeRules",
  "elasticloadbalancing:DescribeTargetGroups",
  "elasticloadbalancing:DescribeTargetHealth",
] as const;

/** AWS accounts in one statement: with the longest prefix one fits in a document of its own. */
const accountsOfStatement = 12;

const chunks = <T>(things: readonly T[], most: number): T[][] =>
  Array.from({ length: Math.ceil(things.length / most) }, (_, index) => things.slice(index * most, (index + 1) * most));

const numbered = (name: string, index: number): string => (index === 0 ? name : `${name}${index + 1}`);

const ofTrail = (arn: string, prefix: string, awsAccounts: readonly string[]): IamStatement[] =>
  chunks(awsAccounts, accountsOfStatement).flatMap((some, index): IamStatement[] => {
    const places = some.map((awsAccount) => `${accountPrefix(prefix, awsAccount)}*`);
    return [
      {
        Sid: numbered("ListTrail", index),
        Effect: "Allow",
        Action: ["s3:ListBucket"],
        Resource: [arn],
        Condition: { StringLike: { "s3:prefix": places } },
      },
      { Sid: numbered("ReadTrail", index), Effect: "Allow", Action: ["s3:GetObject"], Resource: places.map((place) => `${arn}/${place}`) },
    ];
  });

/** Files that are encrypted by a key of one's own: only what CloudTrail has encrypted, and only by way of S3. */
const decrypting = (partition: string): IamStatement => ({
  Sid: "DecryptTrail",
  Effect: "Allow",
  Action: ["kms:Decrypt"],
  Resource: [`arn:${partition}:kms:*:*:key/*`],
  Condition: {
    StringLike: { "kms:ViaService": "s3.*.amazonaws.com*" },
    Null: { "kms:EncryptionContext:aws:cloudtrail:arn": "false" },
  },
});

/**
 * The minimal policy of a cost account (Service Authorization Reference, S3, KMS, EC2, ELB): its trail's files are listed and read, and
 * nothing else of the bucket; what idles is described in its regions. Nothing is ever written.
 */
export const costPolicyFor = ({ region, bucket, prefix, awsAccounts, regions }: PermittedTrail): PolicyAdvice => {
  const partition = partitionOf(region)?.name ?? "aws";
  const statements: IamStatement[] = [
    ...(bucket === null ? [] : [...ofTrail(`arn:${partition}:s3:::${bucket}`, prefix, awsAccounts), decrypting(partition)]),
    {
      Sid: "FindIdle",
      Effect: "Allow",
      Action: describeActions,
      Resource: ["*"],
      Condition: { StringEquals: { "aws:RequestedRegion": [...regions].toSorted() } },
    },
  ];
  const policies = documentsOf(statements);
  return {
    policies,
    notes: [
      ...(bucket === null
        ? ["The account has no bucket: no files are read, and only what idles is looked for."]
        : [
            "DecryptTrail is needed where the trail's files are encrypted by a KMS key of your own; the policy of that key has to permit it, too. Leave it out otherwise.",
            "Where the bucket is in another AWS account than the key or role, its bucket policy has to permit ListTrail and ReadTrail, too.",
          ]),
      "FindIdle is needed to find idle resources; without it they are said to be unread. It sees the AWS account that the key or role is in.",
      ...(policies.length > 1 ? [`There are ${policies.length} documents: attach all of them.`] : []),
    ],
  };
};
