import type { HuntStore, KnownFacts, Sighting, Unknown } from "../../adapters/ports/cost/hunting.ts";
import type { UnreadSource } from "../../adapters/ports/cost/zombies.ts";
import type { Fence } from "../../adapters/ports/coordination/lease.ts";
import type { Clock } from "../../adapters/ports/platform/clock.ts";
import type { DnsAccess } from "../../adapters/ports/steering/dns-access.ts";
import type { DnsInventory } from "../../adapters/ports/steering/dns-inventory.ts";
import type { DnsBudget } from "../../adapters/ports/steering/dns.ts";
import type { CloudFacts } from "../../adapters/ports/cost/cloud.ts";
import type { ZombieRule } from "../../domain/cost/zombie.ts";
import type { Facts } from "../../domain/cost/zombie-hunt.ts";
import { patiently } from "../../pipeline/with-timeout.ts";

/** What was read of a customer, what was not, and why. */
export type Read = {
  readonly facts: Facts;
  readonly nowMs: number;
  readonly unknown: readonly Unknown[];
  readonly unread: readonly UnreadSource[];
};

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

const cloudRules: readonly ZombieRule[] = ["address-unassociated", "volume-unattached", "stopped-instance-volumes", "load-balancer-idle"];

/** What each source may take of a run, one after another: one that hangs takes its own time, and nothing of the others'. */
const inventoryMs = 15_000;
const pairsMs = 5_000;
const cloudMs = 15_000;
/** How much longer one is waited for that does not heed its time. */
const graceMs = 1_000;

/** What is looked into of a customer. `own`: its own DNS account, null where it has none. */
export type Access = {
  readonly own: DnsAccess | null;
  readonly all: DnsAccess;
  readonly clouds: (budget: DnsBudget) => Promise<readonly CloudFacts[]>;
};

/** How sources are waited for. `budget`: one that ends so many milliseconds from now. */
export type Sources = { readonly clock: Clock; readonly budget: (ms: number) => DnsBudget };

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

/** Of names that were given up so many are looked at in one hunt; the others have their turn on another day. */
const namesPerHunt = 20;

/** What the account has, and which names that were given up still have their pairs. */
type Dns = {
  readonly inventory: DnsInventory | null;
  readonly orphans: readonly string[];
  readonly unknown: readonly Unknown[];
  readonly unread: readonly UnreadSource[];
};

const noTime = "there was no time";

/** Waits for a source until its time is over, and no longer, whatever it does. Never throws. */
const within = async <Answer>(
  clock: Clock,
  work: () => Promise<Answer>,
  ms: number,
  lost: (problem: string) => Answer,
): Promise<Answer> => {
  try {
    return (await patiently<Answer | null, null>(clock, work(), ms, null)) ?? lost(noTime);
  } catch (thrown) {
    return lost(thrown instanceof Error ? thrown.message : String(thrown));
  }
};

const readOrphans = async (
  access: DnsAccess,
  names: readonly string[],
  { clock, budget }: Sources,
): Promise<Pick<Dns, "orphans" | "unknown" | "unread">> => {
  const now = names.slice(0, namesPerHunt);
  const readings: Awaited<ReturnType<DnsAccess["read"]>> =
    now.length === 0
      ? new Map()
      : await within(
          clock,
          async () => await access.read(now, budget(pairsMs)),
          pairsMs + graceMs,
          (detail) => new Map(now.map((name) => [name, { status: "error", detail, retryable: true }])),
        );
  const failed = now.filter((name) => (readings.get(name)?.status ?? "error") === "error");
  const [first] = failed;
  const reading = first === undefined ? undefined : readings.get(first);
  const others = failed.length > 1 ? ` and ${failed.length - 1} more` : "";
  return {
    orphans: now.filter((name) => readings.get(name)?.status === "found"),
    unknown: [...failed, ...names.slice(namesPerHunt)].map((key): Unknown => ({ rule: "pair-without-service", account: null, key })),
    unread: [
      ...(first === undefined
        ? []
        : [{ source: `the records of ${first}${others}`, problem: reading?.status === "error" ? reading.detail : noTime }]),
      ...(names.length > namesPerHunt
        ? [
            {
              source: `the records of ${names.length - namesPerHunt} names that were given up`,
              problem: "they are looked at on another day",
            },
          ]
        : []),
    ],
  };
};

/** An account that nobody can look into has everything that it had. */
const blindInventory = (problem: string): DnsInventory => ({ zones: null, looseChecks: null, problems: [{ source: "route53", problem }] });

const readInventory = async ({ inventory }: DnsAccess, { clock, budget }: Sources): Promise<DnsInventory> =>
  inventory === undefined
    ? blindInventory("the account can not be looked into")
    : await within(clock, async () => await inventory(budget(inventoryMs)), inventoryMs + graceMs, blindInventory);

/** @param own the customer's own account; null: it has none, and the operator's zones are nobody's to be told of */
const readDns = async (own: DnsAccess | null, all: DnsAccess, abandoned: readonly string[], sources: Sources): Promise<Dns> => {
  const inventory = own === null ? null : await readInventory(own, sources);
  const pairs = await readOrphans(all, abandoned, sources);
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

/** What the customer's accounts in the cloud have. All of it is unknown where nothing comes. */
const readClouds = async (clouds: Access["clouds"], { clock, budget }: Sources): Promise<readonly CloudFacts[]> =>
  await within(
    clock,
    async () => await clouds(budget(cloudMs)),
    cloudMs + graceMs,
    (problem) => [
      {
        addresses: [],
        volumes: [],
        stoppedInstances: [],
        idleLoadBalancers: [],
        unknown: cloudRules.map((rule) => ({ rule, account: null })),
        unread: [{ source: "the accounts in the cloud", problem }],
      },
    ],
  );

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
    put: (facts, sinceMs) => facts.orphanPairs.push({ serviceId: null, name, setIdentifier: "primary", account: dnsAccount, sinceMs }),
  })),
  ...known.beside.map(({ serviceId, name, setIdentifier }): Dated => ({
    rule: "third-record",
    resource: `${name} ${setIdentifier}`,
    account: dnsAccount,
    put: (facts, sinceMs) => facts.thirdRecords.push({ serviceId, name, setIdentifier, account: dnsAccount, sinceMs }),
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

/**
 * Reads all that is known of a customer: outside first, which takes its time, so that what the database knows is of now. What can not be read
 * leaves its rules open, and says so. @returns null where the lease is lost
 */
export const readFacts = async (
  store: HuntStore,
  fence: Fence,
  customerId: number,
  access: Access,
  sources: Sources,
): Promise<Read | null> => {
  const dns = await readDns(access.own, access.all, await store.abandoned(customerId, sources.clock.nowMs()), sources);
  const clouds = await readClouds(access.clouds, sources);
  const nowMs = sources.clock.nowMs();
  const known = await store.facts(customerId, nowMs);
  const cut = known.cut.flatMap((kind): readonly Unknown[] => (rulesOf[kind] ?? []).map((rule) => ({ rule, account: null })));
  const unknown = [...dns.unknown, ...known.unknown, ...cut, ...clouds.flatMap((cloud) => cloud.unknown)];
  const unread = [
    ...dns.unread,
    ...known.cut.map((kind) => ({ source: kind, problem: "there are more than are looked at in one hunt" })),
    ...clouds.flatMap((cloud) => cloud.unread),
  ];
  const sightings = dated(dns, known, clouds);
  const since = await store.sighted(
    fence,
    customerId,
    sightedRules,
    sightings.map(({ rule, resource, account }) => ({ rule, resource, account })),
    unknown,
  );
  if (since === null) return null;
  const facts: MutableFacts = {
    ...nothing(),
    backups: [...known.backups],
    cdns: [...known.cdns],
    unverifiedDomains: [...known.unverifiedDomains],
    unusedAccounts: [...known.unusedAccounts],
    tokens: [...known.tokens],
    services: [...known.services],
    customersWithoutService: [...known.customersWithoutService],
  };
  for (const [index, sighting] of sightings.entries()) sighting.put(facts, since[index] ?? nowMs);
  return { facts, nowMs, unknown, unread };
};
