import type { Arn, IamPolicy, IamStatement, Zone } from "./iam-statements.ts";
import { byNames, byZone, documentsOf, managedPolicyCharacters, roomForNames, steeredTypes } from "./iam-statements.ts";
import { coverNames } from "./name-cover.ts";

/** A domain as far as a permission names it; `zoneId` null: its zone is not known yet. */
export type PermittedDomain = { readonly name: string; readonly zoneId: string | null };

/** Policy documents, all of which are to be attached, with notes for whoever attaches them. */
export type PolicyAdvice = { readonly policies: readonly IamPolicy[]; readonly notes: readonly string[] };

/** Managed policies per user or role, unless AWS raises it (IAM quotas). */
export const attachedPolicies = 10;

/**
 * A name as the condition key has it: lower case, no trailing dot, anything but a-z 0-9 - _ . as a three-digit octal
 * escape (Route 53 Developer Guide, "Using IAM policy conditions for fine-grained access control").
 */
export const normalizedRecordName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/\.$/, "")
    .replace(/[^a-z0-9\-_.]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`);

/** More statements of one zone each, of 400 characters at least, do not fit in ten documents. */
const mostNamedZones = 160;

type Plan = { readonly policies: readonly IamPolicy[]; readonly widened: readonly string[]; readonly zonesNamed: boolean };

/** The narrowest policy that can be attached to one user or role; where none can, the one with the fewest documents. */
const planFor = (grouped: ReadonlyMap<string, readonly string[]>, arn: Arn, others: readonly IamStatement[]): Plan => {
  const plans: Plan[] = [];
  for (const characters of [roomForNames, roomForNames / 2, roomForNames / 4, roomForNames / 8, 0]) {
    const zones = [...grouped].map(([key, own]): Zone => ({ id: key.startsWith("?") ? "*" : key, ...coverNames(own, characters) }));
    const widened = zones.flatMap((zone) => zone.widened);
    for (const [form, zonesNamed] of [
      [byZone, true],
      [byNames, false],
    ] as const) {
      if (zonesNamed && zones.length > mostNamedZones) continue;
      const plan = { policies: documentsOf([...others, ...(zones.length === 0 ? [] : form(zones, arn))]), widened, zonesNamed };
      if (plan.policies.length <= attachedPolicies) return plan;
      plans.push(plan);
    }
  }
  return plans.reduce((best, plan) => (plan.policies.length < best.policies.length ? plan : best));
};

/**
 * The names that may be in one batch. One whose zone is not known may be in any zone of its site, together with that
 * zone's names; until then it is a zone of its own, marked by a question mark.
 */
const groupedByZone = (domains: readonly PermittedDomain[], siteOf: (name: string) => string): ReadonlyMap<string, readonly string[]> => {
  const grouped = new Map<string, string[]>();
  const zonesOfSite = new Map<string, Set<string>>();
  const add = (zone: string, name: string) =>
    void (grouped.get(zone)?.push(normalizedRecordName(name)) ?? grouped.set(zone, [normalizedRecordName(name)]));
  for (const { name, zoneId } of domains) {
    if (zoneId === null) continue;
    add(zoneId, name);
    const site = siteOf(name);
    zonesOfSite.set(site, (zonesOfSite.get(site) ?? new Set()).add(zoneId));
  }
  for (const { name, zoneId } of domains) {
    if (zoneId !== null) continue;
    for (const zone of [`?${siteOf(name)}`, ...(zonesOfSite.get(siteOf(name)) ?? [])]) add(zone, name);
  }
  return new Map([...grouped].toSorted(([a], [b]) => (a < b ? -1 : 1)));
};

const some = (texts: readonly string[]): string =>
  `${texts.slice(0, 5).join(", ")}${texts.length > 5 ? ` and ${texts.length - 5} more` : ""}`;

/**
 * The minimal policy for steering these domains of one AWS account (Service Authorization Reference, Route 53): reading zones
 * and their records, the compare-and-set of these names, GetChange, and for a standing failover its health checks.
 * A batch holds names of one zone, and IAM requires one statement to cover all of them (docs/decisions/0045).
 * @param partition as in ARNs: `aws`, `aws-cn`, `aws-us-gov`
 * @param siteOf the registrable domain of a name: the widest pattern for names whose zone is not known
 */
export const iamPolicyFor = (partition: string, domains: readonly PermittedDomain[], siteOf: (name: string) => string): PolicyAdvice => {
  const arn: Arn = (resource) => `arn:${partition}:route53:::${resource}`;
  const allow = (Sid: string, Action: string[], resource: string): IamStatement => ({ Sid, Effect: "Allow", Action, Resource: [resource] });
  const { policies, widened, zonesNamed } = planFor(groupedByZone(domains, siteOf), arn, [
    allow("FindZones", ["route53:ListHostedZonesByName"], "*"),
    allow("FollowChanges", ["route53:GetChange"], arn("change/*")),
    allow("ReadHealth", ["route53:GetHealthCheck", "route53:GetHealthCheckStatus"], arn("healthcheck/*")),
    allow("StandingFailover", ["route53:GetHealthCheck", "route53:UpdateHealthCheck", "route53:DeleteHealthCheck"], arn("healthcheck/*")),
    allow("StandingFailoverChecks", ["route53:CreateHealthCheck", "route53:ListHealthChecks"], "*"),
  ]);
  const homeless = domains.filter(({ zoneId }) => zoneId === null).map(({ name }) => name);
  const count = policies.length;
  return {
    policies,
    notes: [
      "The two statements StandingFailover and StandingFailoverChecks are needed for a standing failover only; leave them out otherwise.",
      ...(count > 1
        ? [`There are ${count} documents, as a managed policy holds ${managedPolicyCharacters} characters: attach all of them.`]
        : []),
      ...(count > attachedPolicies
        ? [
            `AWS attaches ${attachedPolicies} managed policies to a user or role, and more on request: have the quota raised, or give some services an account of their own.`,
          ]
        : []),
      ...(widened.length === 0
        ? []
        : [
            `Not every name fits: below ${some(widened)} the records of all names may be changed, those of type ${steeredTypes.join(", ")} only. Names in zones of their own would not need it.`,
          ]),
      ...(zonesNamed || domains.length === 0
        ? []
        : ["The zones do not fit beside the names: the records of every zone may be read; changed may be those of the names alone."]),
      ...(homeless.length === 0
        ? []
        : [`The zone of ${some(homeless)} is not known yet: put its id in the place of hostedzone/*, or ask again once it is.`]),
      ...(domains.length === 0 ? ["There are no domains yet: the policy lets nothing be changed."] : []),
    ],
  };
};
