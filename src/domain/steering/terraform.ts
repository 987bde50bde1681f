import type { Expression, HclBlock, HclDocument, HclValue } from "./hcl.ts";
import type { PolicyAdvice } from "./iam-policy.ts";

/** A record of a pair, as it was last read, verbatim. */
export type TerraformRecord = {
  readonly name: string;
  readonly type: string;
  /** `primary` or `backup`, in any case. */
  readonly setIdentifier: string;
  readonly ttl?: number;
  readonly values?: readonly string[];
  readonly alias?: { readonly hostedZoneId: string; readonly dnsName: string; readonly evaluateTargetHealth: boolean };
};

/** A domain as far as its records follow from it. */
export type TerraformDomain = {
  readonly domainId: number;
  readonly name: string;
  /** Hostnames; null: not configured. */
  readonly primaryTarget: string | null;
  readonly backupTarget: string | null;
  readonly normal: { readonly primary: number; readonly backup: number };
  readonly verified: boolean;
  readonly steerGroup: boolean;
  /** Null: it has not been found yet. */
  readonly zoneId: string | null;
  /** The pair as last read; null: there is none, or it has not been read. */
  readonly records: readonly TerraformRecord[] | null;
};

/** The access to AWS that steering uses; null: the operator's own. */
export type TerraformAccount = { readonly roleArn: string | null; readonly externalId: string | null } | null;

export type TerraformService = {
  readonly serviceId: number;
  /** Of this page. */
  readonly domains: readonly TerraformDomain[];
  /** How many the service has, on all pages; whether there are more behind this one. */
  readonly domainsTotal: number;
  readonly domainsBehind: boolean;
  /** Seconds of a pair that is not there yet. */
  readonly ttlSeconds: number;
  /** Whether a name is registered at a registry, so that it can only be a zone's own name. */
  readonly isApex: (name: string) => boolean;
  /** What a folder can have once: the versions, and the access to AWS. Null: it is not to be printed. */
  readonly frame: { readonly account: TerraformAccount; readonly advice: PolicyAdvice } | null;
};

/** From there on Terraform knows `import` blocks with any resource (1.5.0), and the provider what is used of it. */
const terraformVersion = ">= 1.5";
const awsProviderVersion = ">= 5.0";

/**
 * What tranche changes of a record (docs/terraform.md): its weight, with every switch, and its health check, with a standing failover.
 * Everything else it writes back as it was.
 */
const ignoredByTerraform = ["weighted_routing_policy", "health_check_id"] as const;

const raw = (expression: string): Expression => ({ expression });
const attributesOf = (object: Readonly<Record<string, HclValue>>): HclValue => ({ object });

/** JSON as a value of the configuration language. */
const valueOf = (json: unknown): HclValue => {
  if (Array.isArray(json)) return json.map(valueOf);
  if (typeof json === "object" && json !== null)
    return { object: Object.fromEntries(Object.entries(json).map(([key, one]) => [key, valueOf(one)])) };
  return typeof json === "string" || typeof json === "number" || typeof json === "boolean" ? json : null;
};

const sides = ["primary", "backup"] as const;
type Side = (typeof sides)[number];

const text = (value: string): string => JSON.stringify(value);

const recordBlock = (label: string, zoneId: string, record: TerraformRecord, weight: number): HclBlock => {
  const { name, type, setIdentifier, ttl, values, alias } = record;
  return {
    block: "resource",
    labels: ["aws_route53_record", label],
    attributes: {
      zone_id: zoneId,
      name,
      type,
      set_identifier: setIdentifier,
      ...(ttl !== undefined && { ttl }),
      ...(values !== undefined && { records: values }),
    },
    blocks: [
      { block: "weighted_routing_policy", attributes: { weight } },
      ...(alias === undefined
        ? []
        : [
            {
              block: "alias",
              attributes: { name: alias.dnsName, zone_id: alias.hostedZoneId, evaluate_target_health: alias.evaluateTargetHealth },
            },
          ]),
      { block: "lifecycle", attributes: { ignore_changes: ignoredByTerraform.map((reference) => ({ reference })) } },
    ],
  };
};

/** `ZONEID_NAME_TYPE_SET-IDENTIFIER` (Terraform AWS provider, aws_route53_record, "Import"). */
const importBlock = (label: string, zoneId: string, { name, type, setIdentifier }: TerraformRecord): HclBlock => ({
  block: "import",
  attributes: { to: { reference: `aws_route53_record.${label}` }, id: `${zoneId}_${name}_${type}_${setIdentifier}` },
});

const sideOf = ({ setIdentifier }: TerraformRecord): Side => (setIdentifier.toLowerCase() === "backup" ? "backup" : "primary");

const foundRecords = ({ domainId, normal }: TerraformDomain, zoneId: string, records: readonly TerraformRecord[]): HclDocument =>
  records.flatMap((record) => {
    const side = sideOf(record);
    const label = `domain_${domainId}_${record.type.toLowerCase()}_${side}`;
    return [recordBlock(label, zoneId, record, normal[side]), importBlock(label, zoneId, record)];
  });

/** Why no pair can be written for a domain that has none; null: it can. */
const obstacle = ({ zoneId, name, primaryTarget, backupTarget }: TerraformDomain, isApex: (name: string) => boolean): string | null => {
  if (zoneId === null) return "its zone has not been found yet: ask again when GET .../routing says that it was read";
  if (primaryTarget === null || backupTarget === null) return "a primary_target or backup_target is missing: PATCH the domain first";
  if (primaryTarget.includes(":") || backupTarget.includes(":")) return "a target is no hostname, and a CNAME leads to nothing else";
  if (isApex(name))
    return 'it is its zone\'s own name, which takes no CNAME: create two weighted alias records, "primary" and "backup", and ask again';
  return null;
};

const newRecords = (domain: TerraformDomain, zoneId: string, ttlSeconds: number): HclDocument => {
  const { domainId, name, normal, primaryTarget, backupTarget } = domain;
  const targets = { primary: primaryTarget ?? "", backup: backupTarget ?? "" };
  return [
    {
      comment:
        "tranche has seen no whole pair there. If the name answers already: POST .../provision instead, and ask again; a new record beside others must begin with weight 0.",
    },
    ...sides.map((side) =>
      recordBlock(
        `domain_${domainId}_cname_${side}`,
        zoneId,
        { name, type: "CNAME", setIdentifier: side, ttl: ttlSeconds, values: [targets[side]] },
        normal[side],
      ),
    ),
  ];
};

const domainDocument = (domain: TerraformDomain, { ttlSeconds, isApex }: TerraformService): HclDocument => {
  const head = `Domain ${domain.domainId}, ${text(domain.name)}`;
  const { verified, zoneId, records, steerGroup } = domain;
  if (!verified) return [{ comment: `${head}: its ownership is not proven (docs/ownership.md); it has no records here until then.` }];
  const group = steerGroup
    ? [
        {
          comment: `steer_group: other weighted records of the name are steered, too. Where Terraform has them, they need the same ignore_changes.`,
        },
      ]
    : [];
  if (zoneId !== null && records !== null && records.length > 0)
    return [{ comment: `${head}: the pair that is there.` }, ...group, ...foundRecords(domain, zoneId, records)];
  const why = obstacle(domain, isApex);
  if (why !== null || zoneId === null) return [{ comment: `${head}: ${why}.` }];
  return [{ comment: `${head}: a pair to be created.` }, ...group, ...newRecords(domain, zoneId, ttlSeconds)];
};

const principalVariable: HclBlock = {
  block: "variable",
  labels: ["tranche_principal"],
  attributes: {
    description: "ARN of the user or role by which this tranche calls AWS. Its operator says which one it is.",
    type: { reference: "string" },
  },
  blocks: [
    {
      block: "validation",
      attributes: {
        condition: raw('can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(root|(user|role)/[!-~]+)$", var.tranche_principal))'),
        error_message: "tranche_principal must be the ARN of an IAM user, role or account root.",
      },
    },
  ],
};

/** What a role is that tranche assumes: only with the external id that tranche has made for it (docs/iam.md). */
const roleBlock = (roleArn: string, externalId: string): HclBlock => {
  const [, path = "/", name = "tranche"] = /:role(\/(?:.*\/)?)([^/]*)$/.exec(roleArn) ?? [];
  return {
    block: "resource",
    labels: ["aws_iam_role", "tranche"],
    attributes: {
      name,
      path,
      assume_role_policy: {
        encoded: attributesOf({
          Version: "2012-10-17",
          Statement: [
            attributesOf({
              Effect: "Allow",
              Principal: attributesOf({ AWS: raw("var.tranche_principal") }),
              Action: "sts:AssumeRole",
              Condition: attributesOf({ StringEquals: attributesOf({ "sts:ExternalId": externalId }) }),
            }),
          ],
        }),
      },
    },
  };
};

const accessDocument = (account: TerraformAccount, { policies, notes }: PolicyAdvice): HclDocument => {
  const comments = [
    "What tranche may do in the AWS account: the documents of GET .../iam-policy, for all services of the customer.",
    ...notes,
    ...(account === null
      ? [
          "The customer has no AWS account of their own: POST /v1/dns-accounts with a role_arn first, and ask again: then the role is here, too.",
        ]
      : account.roleArn === null
        ? [
            "tranche has an access key: attach the policies to its user (aws_iam_user_policy_attachment), or use a role instead (docs/iam.md).",
          ]
        : [
            'Where the role is there already: import { to = aws_iam_role.tranche, id = "NAME-OF-THE-ROLE" }, and the same with its policies.',
          ]),
  ];
  const attachable = policies.map((policy, index) => ({ policy, label: `tranche_${index + 1}` }));
  const { roleArn = null, externalId = null } = account ?? {};
  const hasRole = roleArn !== null && externalId !== null;
  return [
    ...comments.map((comment) => ({ comment })),
    ...(hasRole ? [principalVariable, roleBlock(roleArn, externalId)] : []),
    ...attachable.map(({ policy, label }, index) => ({
      block: "resource",
      labels: ["aws_iam_policy", label],
      attributes: { name: `tranche-steering-${index + 1}`, policy: { encoded: valueOf(policy) } },
    })),
    ...(hasRole
      ? attachable.map(({ label }) => ({
          block: "resource",
          labels: ["aws_iam_role_policy_attachment", label],
          attributes: { role: raw("aws_iam_role.tranche.name"), policy_arn: raw(`aws_iam_policy.${label}.arn`) },
        }))
      : []),
    {
      block: "output",
      labels: ["tranche_policy_arns"],
      attributes: { value: attachable.map(({ label }) => raw(`aws_iam_policy.${label}.arn`)) },
    },
    ...(hasRole ? [{ block: "output", labels: ["tranche_role_arn"], attributes: { value: raw("aws_iam_role.tranche.arn") } }] : []),
  ];
};

const frameDocument = (account: TerraformAccount, advice: PolicyAdvice): HclDocument => [
  { comment: "The file of another service in the same folder has this part, too: get that with ?frame=false." },
  {
    block: "terraform",
    attributes: { required_version: terraformVersion },
    blocks: [{ block: "required_providers", attributes: { aws: { object: { source: "hashicorp/aws", version: awsProviderVersion } } } }],
  },
  "gap",
  ...accessDocument(account, advice),
];

/**
 * A service, or a page of its domains, as Terraform's configuration: the pairs as they are, with `import` blocks so that a plan changes
 * nothing; pairs to be created as `POST .../provision` would create them; the policies of `GET .../iam-policy`, and the role.
 */
export const terraformOf = (service: TerraformService): HclDocument => {
  const { serviceId, domains, domainsTotal, domainsBehind, frame } = service;
  return [
    {
      comment: `Service ${serviceId} of tranche (docs/terraform.md). Weights and health checks are tranche's: Terraform leaves them alone.`,
    },
    { comment: "A record that Terraform knows and that is no longer written here is destroyed by it: read the plan." },
    ...(domainsTotal === 0 ? [{ comment: "The service has no domains yet: POST /v1/services/{id}/domains adds one." }] : []),
    ...(frame === null ? [] : ["gap" as const, ...frameDocument(frame.account, frame.advice)]),
    ...domains.flatMap((domain) => ["gap" as const, ...domainDocument(domain, service)]),
    ...(domainsBehind
      ? ["gap" as const, { comment: "The service has more domains: the next page has them, or `tranche service terraform` all of them." }]
      : []),
  ];
};
