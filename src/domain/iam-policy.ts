/** A domain so far as a permission names it; `zoneId` null: its zone is not known yet. */
export type PermittedDomain = { readonly name: string; readonly zoneId: string | null };

export type IamStatement = {
  readonly Sid: string;
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
};

export type IamPolicy = { readonly Version: "2012-10-17"; readonly Statement: readonly IamStatement[] };

/** A policy document, and what somebody who attaches it has to know. */
export type PolicyAdvice = { readonly policy: IamPolicy; readonly notes: readonly string[] };

/** A customer managed policy holds so many characters, white space not counted (IAM quotas). */
export const managedPolicyCharacters = 6_144;

const names = "route53:ChangeResourceRecordSetsNormalizedRecordNames";
const types = "route53:ChangeResourceRecordSetsRecordTypes";
const actions = "route53:ChangeResourceRecordSetsActions";

/** What steering moves, and the two halves of its compare-and-set: never UPSERT, which overwrites unseen. */
const steeredTypes = ["A", "AAAA", "CNAME"];
const steeredActions = ["CREATE", "DELETE"];

/**
 * A name as the condition key has it: lower case, no trailing dot, anything but a-z 0-9 - _ . as a three-digit octal
 * escape (Route 53 Developer Guide, "Using IAM policy conditions for fine-grained access control").
 */
export const normalizedRecordName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/\.$/, "")
    .replace(/[^a-z0-9\-_.]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`);

const zoneStatements = (partition: string, domains: readonly PermittedDomain[]): readonly IamStatement[] => {
  const byZone = Map.groupBy(domains, ({ zoneId }) => zoneId ?? "*");
  const zoneArns = [...byZone.keys()].toSorted().map((zone) => `arn:${partition}:route53:::hostedzone/${zone}`);
  const reading: IamStatement = { Sid: "ReadRecords", Effect: "Allow", Action: ["route53:ListResourceRecordSets"], Resource: zoneArns };
  const changing = [...byZone].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([zone, own], index): IamStatement => ({
    Sid: `SwitchWeights${index + 1}`,
    Effect: "Allow",
    Action: ["route53:ChangeResourceRecordSets"],
    Resource: [`arn:${partition}:route53:::hostedzone/${zone}`],
    Condition: {
      "ForAllValues:StringEquals": {
        [names]: [...new Set(own.map(({ name }) => normalizedRecordName(name)))].toSorted(),
        [types]: steeredTypes,
        [actions]: steeredActions,
      },
      // ForAllValues holds for a request without the key at all: that must not be a way round it.
      Null: { [names]: "false" },
    },
  }));
  return domains.length === 0 ? [] : [reading, ...changing];
};

/**
 * The least that steering these domains needs (Service Authorization Reference, Route 53): reading zones and their records,
 * the compare-and-set of exactly these names, asking after a change, and for a standing failover its health checks.
 * @param partition as ARNs begin: `aws`, `aws-cn`, `aws-us-gov`
 */
export const iamPolicyFor = (partition: string, domains: readonly PermittedDomain[]): PolicyAdvice => {
  const arn = (resource: string) => `arn:${partition}:route53:::${resource}`;
  const policy: IamPolicy = {
    Version: "2012-10-17",
    Statement: [
      { Sid: "FindZones", Effect: "Allow", Action: ["route53:ListHostedZonesByName"], Resource: ["*"] },
      ...zoneStatements(partition, domains),
      { Sid: "FollowChanges", Effect: "Allow", Action: ["route53:GetChange"], Resource: [arn("change/*")] },
      {
        Sid: "StandingFailover",
        Effect: "Allow",
        Action: ["route53:GetHealthCheck", "route53:UpdateHealthCheck", "route53:DeleteHealthCheck"],
        Resource: [arn("healthcheck/*")],
      },
      {
        Sid: "StandingFailoverChecks",
        Effect: "Allow",
        Action: ["route53:CreateHealthCheck", "route53:ListHealthChecks"],
        Resource: ["*"],
      },
    ],
  };
  const homeless = domains.filter(({ zoneId }) => zoneId === null).map(({ name }) => name);
  const characters = JSON.stringify(policy).length;
  return {
    policy,
    notes: [
      "The two statements StandingFailover and StandingFailoverChecks are needed for a standing failover only; leave them out otherwise.",
      ...(homeless.length === 0 ? [] : [`The zone of ${homeless.join(", ")} is not known yet: put its id in the place of hostedzone/*.`]),
      ...(domains.length === 0 ? ["The service has no domains yet: the policy lets nothing be changed."] : []),
      ...(characters <= managedPolicyCharacters
        ? []
        : [`The document has ${characters} characters, a managed policy holds ${managedPolicyCharacters}: spread its statements over several.`]),
    ],
  };
};
