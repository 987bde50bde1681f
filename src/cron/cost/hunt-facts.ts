import type { HuntStore, KnownFacts, Sighting, Unknown } from "../../adapters/ports/cost/hunting.ts";
import type { UnreadSource } from "../../adapters/ports/cost/zombies.ts";
import type { DnsAccess } from "../../adapters/ports/steering/dns-access.ts";
import type { DnsInventory } from "../../adapters/ports/steering/dns-inventory.ts";
import type { DnsBudget } from "../../adapters/ports/steering/dns.ts";
import type { CloudFacts } from "../../adapters/ports/cost/cloud.ts";
import type { ZombieRule } from "../../domain/cost/zombie.ts";
import type { Facts } from "../../domain/cost/zombie-hunt.ts";

/** What was read of a customer, what was not, and why. */
export type Read = { readonly facts: Facts; readonly unknown: readonly Unknown[]; readonly unread: readonly UnreadSource[] };

/** Rules whose facts no source dates: they hold from when they are first seen. */
const sightedRules: readonly ZombieRule[] = [
  "health-check-on-no-record",
  "zone-without-records",
  "pair-without-service",
  "third-record",
  "address-unassociated",
  "volume-unattached",
  "stopped-instance-volumes",
  "load-balancer-idle",
];

/** By which rules each kind of fact of the database is judged. */
const rulesOf: Readonly<Record<string, readonly ZombieRule[]>> = {
  backups: ["backup-would-not-pay"],
  cdns: ["cdn-without-traffic"],
  unverifiedDomains: ["domain-unverified"],
  unusedAccounts: ["account-unused"],
  tokens: ["token-never-used", "token-unused"],
  services: ["service-incomplete"],
  beside: ["third-record"],
};

const dnsAccount = "route53";

/** What the account has, and which names that were given up still have their pairs. */
type Dns = {
  readonly inventory: DnsInventory | null;
  readonly orphans: readonly string[];
  readonly unknown: readonly Unknown[];
  readonly unread: readonly UnreadSource[];
};

const readOrphans = async (
  access: DnsAccess,
  names: readonly string[],
  budget: DnsBudget,
): Promise<Pick<Dns, "orphans" | "unknown" | "unread">> => {
  const readings = names.length === 0 ? new Map() : await access.read(names, budget);
  const failed = names.find((name) => (readings.get(name)?.status ?? "error") === "error");
  return {
    orphans: names.filter((name) => readings.get(name)?.status === "found"),
    unknown: failed === undefined ? [] : [{ rule: "pair-without-service", account: null }],
    unread:
      failed === undefined ? [] : [{ source: `the records of ${failed}`, problem: readings.get(failed)?.detail ?? "there was no time" }],
  };
};

/** @param own the customer's own account; null: it has none, and the operator's zones are nobody's to be told of */
const readDns = async (own: DnsAccess | null, all: DnsAccess, abandoned: readonly string[], budget: DnsBudget): Promise<Dns> => {
  const inventory = own?.inventory === undefined ? null : await own.inventory(budget);
  const pairs = await readOrphans(all, abandoned, budget);
  const lost = (what: unknown, rule: ZombieRule): readonly Unknown[] =>
    inventory !== null && what === null ? [{ rule, account: null }] : [];
  return {
    inventory,
    orphans: pairs.orphans,
    unknown: [
      ...pairs.unknown,
      ...lost(inventory?.zones, "zone-without-records"),
      ...lost(inventory?.looseChecks, "health-check-on-no-record"),
    ],
    unread: [...pairs.unread, ...(inventory?.problems ?? [])],
  };
};

type Dated = Sighting & { readonly put: (facts: MutableFacts, sinceMs: number) => void };
type MutableFacts = { -readonly [Kind in keyof Facts]: Facts[Kind][number][] };

const dated = (dns: Dns, known: KnownFacts, clouds: readonly CloudFacts[]): readonly Dated[] => [
  ...(dns.inventory?.looseChecks ?? []).map((check): Dated => ({
    rule: "health-check-on-no-record",
    resource: check.id,
    account: dnsAccount,
    put: (facts, unusedSinceMs) => facts.healthChecks.push({ ...check, account: dnsAccount, unusedSinceMs }),
  })),
  ...(dns.inventory?.zones ?? [])
    .filter(({ isEmpty }) => isEmpty)
    .map(({ id, name }): Dated => ({
      rule: "zone-without-records",
      resource: id,
      account: dnsAccount,
      put: (facts, emptySinceMs) => facts.zones.push({ id, name, account: dnsAccount, emptySinceMs }),
    })),
  ...dns.orphans.map((name): Dated => ({
    rule: "pair-without-service",
    resource: name,
    account: dnsAccount,
    put: (facts, sinceMs) => facts.orphanPairs.push({ name, setIdentifier: "primary", account: dnsAccount, sinceMs }),
  })),
  ...known.beside.map(({ name, setIdentifier }): Dated => ({
    rule: "third-record",
    resource: `${name} ${setIdentifier}`,
    account: dnsAccount,
    put: (facts, sinceMs) => facts.thirdRecords.push({ name, setIdentifier, account: dnsAccount, sinceMs }),
  })),
  ...clouds.flatMap((cloud) => [
    ...cloud.addresses.map((one): Dated => ({
      rule: "address-unassociated",
      resource: one.id,
      account: one.account,
      put: (facts, sinceMs) => facts.addresses.push({ ...one, sinceMs }),
    })),
    ...cloud.volumes.map((one): Dated => ({
      rule: "volume-unattached",
      resource: one.id,
      account: one.account,
      put: (facts, sinceMs) => facts.volumes.push({ ...one, sinceMs }),
    })),
    ...cloud.stoppedInstances.map((one): Dated => ({
      rule: "stopped-instance-volumes",
      resource: one.id,
      account: one.account,
      put: (facts, sinceMs) => facts.stoppedInstances.push({ ...one, sinceMs: one.stoppedMs ?? sinceMs }),
    })),
    ...cloud.idleLoadBalancers.map((one): Dated => ({
      rule: "load-balancer-idle",
      resource: one.id,
      account: one.account,
      put: (facts, sinceMs) => facts.idleLoadBalancers.push({ ...one, sinceMs }),
    })),
  ]),
];

const nothing = (): MutableFacts => ({
  backups: [],
  healthChecks: [],
  zones: [],
  orphanPairs: [],
  thirdRecords: [],
  cdns: [],
  unverifiedDomains: [],
  unusedAccounts: [],
  tokens: [],
  services: [],
  customersWithoutService: [],
  addresses: [],
  volumes: [],
  stoppedInstances: [],
  idleLoadBalancers: [],
});

/** Reads all that is known of a customer. What can not be read leaves its rules open, and says so. */
export const readFacts = async (
  store: HuntStore,
  customerId: number,
  access: { readonly own: DnsAccess | null; readonly all: DnsAccess; readonly clouds: () => Promise<readonly CloudFacts[]> },
  budget: DnsBudget,
  nowMs: number,
): Promise<Read> => {
  const known = await store.facts(customerId, nowMs);
  const dns = await readDns(access.own, access.all, known.abandoned, budget);
  const clouds = await access.clouds();
  const cut = known.cut.flatMap((kind): readonly Unknown[] => (rulesOf[kind] ?? []).map((rule) => ({ rule, account: null })));
  const unknown = [...dns.unknown, ...cut, ...clouds.flatMap((cloud) => cloud.unknown)];
  const unread = [
    ...dns.unread,
    ...known.cut.map((kind) => ({ source: kind, problem: "there are more than are looked at in one hunt" })),
    ...clouds.flatMap((cloud) => cloud.unread),
  ];
  const sightings = dated(dns, known, clouds);
  const since = await store.sighted(
    customerId,
    sightedRules,
    sightings.map(({ rule, resource, account }) => ({ rule, resource, account })),
    unknown,
  );
  const facts: MutableFacts = {
    ...nothing(),
    backups: [...known.backups],
    cdns: [...known.cdns],
    unverifiedDomains: [...known.unverifiedDomains],
  };
  facts.unusedAccounts.push(...known.unusedAccounts);
  facts.tokens.push(...known.tokens);
  facts.services.push(...known.services);
  facts.customersWithoutService.push(...known.customersWithoutService);
  for (const [index, sighting] of sightings.entries()) sighting.put(facts, since[index] ?? nowMs);
  return { facts, unknown, unread };
};
