import type { DnsInventory, InventoryCheck, InventoryZone } from "../ports/steering/dns-inventory.ts";
import type { DnsBudget } from "../ports/steering/dns.ts";
import { bool, child, items, optionalChild, optionalCount, optionalText, text, texts } from "../aws/xml.ts";
import type { XmlNode } from "../aws/xml.ts";
import { describe, failureOf } from "./api/error.ts";
import type { NextPage } from "./api/messages.ts";
import { bareId, readRecordPage } from "./api/messages.ts";
import { pages } from "./api/paging.ts";
import type { Call } from "./api/send.ts";
import { canonicalName } from "./names.ts";

/** Every zone has an NS and a SOA record set of its own. */
const ownRecordSets = 2;
/** Zones whose records are read, of an account with health checks: with more it takes too many requests. */
const mostZones = 100;

/** Whether a service of AWS, such as Cloud Map, has made it: that service needs it, and alone may remove it. */
const isOfService = (node: XmlNode): boolean => optionalChild(node, "LinkedService") !== undefined;

const readZones = (node: XmlNode): { zones: readonly InventoryZone[]; next: NextPage } => ({
  zones: items(node, "HostedZones", "HostedZone").map((zone) => ({
    id: bareId(text(zone, "Id")),
    name: canonicalName(text(zone, "Name")),
    isEmpty: !isOfService(zone) && (optionalCount(zone, "ResourceRecordSetCount") ?? ownRecordSets + 1) <= ownRecordSets,
  })),
  next: bool(node, "IsTruncated") ? { marker: text(node, "NextMarker") } : null,
});

/** What is charged beside the endpoint: HTTPS, the search of a text, the fast interval, latency (Route 53 pricing, optional features). */
const optionsOf = (config: XmlNode): number => {
  const type = text(config, "Type");
  const measures = config["MeasureLatency"] !== undefined && bool(config, "MeasureLatency");
  return [type.startsWith("HTTPS"), type.endsWith("STR_MATCH"), optionalText(config, "RequestInterval") === "10", measures].filter(Boolean)
    .length;
};

/** A health check, and what else than a record needs it. `children`: of a calculated one those that it calculates from. */
type Check = InventoryCheck & { readonly isOfService: boolean; readonly children: readonly string[] };

const readChecks = (node: XmlNode): { checks: readonly Check[]; next: NextPage } => ({
  checks: items(node, "HealthChecks", "HealthCheck").map((check) => {
    const config = child(check, "HealthCheckConfig");
    return {
      isOfService: isOfService(check),
      children: texts(config, "ChildHealthChecks", "ChildHealthCheck"),
      id: text(check, "Id"),
      isOnAws: /\.amazonaws\.com\.?$/.test(optionalText(config, "FullyQualifiedDomainName") ?? ""),
      options: optionsOf(config),
    };
  }),
  next: bool(node, "IsTruncated") ? { marker: text(node, "NextMarker") } : null,
});

const zoneListing = { path: "hostedzone", root: "ListHostedZonesResponse", read: readZones };
const checkListing = { path: "healthcheck", root: "ListHealthChecksResponse", read: readChecks };

/** Ids of the health checks that records of a zone name. @throws Route53Error */
const checksOf = async (call: Call, { id }: InventoryZone): Promise<readonly string[]> => {
  const named: string[] = [];
  const listing = { path: `hostedzone/${id}/rrset`, root: "ListResourceRecordSetsResponse", read: readRecordPage };
  for await (const { recordSets } of pages(call, listing, { maxitems: "300" }))
    named.push(...recordSets.flatMap(({ healthCheckId }) => (healthCheckId === undefined ? [] : [healthCheckId])));
  return named;
};

/** Lists what an account has. A part that can not be read is absent, with the reason. Never throws. */
export const createInventory =
  (open: (budget: DnsBudget) => Call) =>
  async (budget: DnsBudget): Promise<DnsInventory> => {
    const call = open(budget);
    const problems: { readonly source: string; readonly problem: string }[] = [];
    const attempt = async <Answer>(source: string, read: () => Promise<Answer>): Promise<Answer | null> => {
      try {
        return await read();
      } catch (thrown) {
        problems.push({ source, problem: describe(failureOf(thrown)) });
        return null;
      }
    };
    const zones = await attempt("route53:ListHostedZones", async () => {
      const found: InventoryZone[] = [];
      for await (const page of pages(call, zoneListing, { maxitems: "100" })) found.push(...page.zones);
      return found;
    });
    const checks = await attempt("route53:ListHealthChecks", async () => {
      const found: Check[] = [];
      for await (const page of pages(call, checkListing, { maxitems: "1000" })) found.push(...page.checks);
      return found;
    });
    // Without checks nothing is to be looked for; with zones that were not read any check may be named there.
    if (zones === null || checks === null || checks.length === 0)
      return { zones, looseChecks: checks === null || zones === null ? null : [], problems };
    const full = zones.filter(({ isEmpty }) => !isEmpty);
    if (full.length > mostZones)
      return {
        zones,
        looseChecks: null,
        problems: [...problems, { source: "route53:ListResourceRecordSets", problem: `more than ${mostZones} zones` }],
      };
    const needed = new Set(checks.flatMap(({ id, isOfService: isOwned, children }) => (isOwned ? [id, ...children] : children)));
    for (const zone of full) {
      const own = await attempt(`route53:ListResourceRecordSets of ${zone.name}`, () => checksOf(call, zone));
      if (own === null) return { zones, looseChecks: null, problems };
      for (const id of own) needed.add(id);
    }
    const loose = checks.filter(({ id }) => !needed.has(id));
    return { zones, looseChecks: loose.map(({ id, isOnAws, options }) => ({ id, isOnAws, options })), problems };
  };
