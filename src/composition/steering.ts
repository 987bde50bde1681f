import type { Database } from "../adapters/db/platform/client.ts";
import { createDnsAccountStore, sealedDnsAccounts } from "../adapters/db/steering/dns-accounts.ts";
import { createDnsSetupStore } from "../adapters/db/steering/dns-setup.ts";
import { createFleetStore } from "../adapters/db/steering/fleet.ts";
import { createCustomerFreezeStore, createFreezeStore } from "../adapters/db/steering/freeze.ts";
import { createObservationStore } from "../adapters/db/steering/observations.ts";
import { createPanicStore } from "../adapters/db/steering/panic.ts";
import { createRoutingStore } from "../adapters/db/steering/routing.ts";
import { createStandingStore } from "../adapters/db/steering/standing.ts";
import { createZoneGrantStore } from "../adapters/db/steering/zone-grants.ts";
import { createNameServers } from "../adapters/dns/name-servers.ts";
import { createResolver } from "../adapters/dns/resolver.ts";
import { createCallCounter } from "../adapters/platform/call-counter.ts";
import type { DnsAccess } from "../adapters/ports/steering/dns-access.ts";
import type { SteeringDeps } from "../adapters/ports/deps.ts";
import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { Log } from "../adapters/ports/platform/log.ts";
import type { Random } from "../adapters/ports/platform/random.ts";
import type { Connect } from "../adapters/ports/platform/connect.ts";
import type { OwnershipStore } from "../adapters/ports/tenants/ownership.ts";
import { createDnsDirectory } from "../adapters/route53/dns-directory.ts";
import { createDnsLog } from "../adapters/route53/dns-log.ts";
import { panicGate } from "../adapters/route53/panic-gate.ts";
import { createRoute53 } from "../adapters/route53/route53.ts";
import { createZoneBindings } from "../adapters/route53/zone-bindings.ts";
import type { Config } from "../config.ts";
import type { JobDeps } from "../cron/schedule.ts";
import { createFirstProofs } from "../pipeline/steering/first-proofs.ts";
import type { AwsRoles } from "./aws.ts";
import { secretBox } from "./platform.ts";

type Needs = {
  readonly config: Config;
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  /** 0 to 1, for pauses between attempts. */
  readonly chance: () => number;
  readonly log: Log;
  readonly fetch: typeof fetch;
  /** Null: the platform has no sockets, and no zone's name servers are queried. */
  readonly connect: Connect | null;
  readonly ownership: OwnershipStore;
  readonly roles: AwsRoles;
};

/** Route 53 with the operator's credentials and with the customers' own. Without the operator's its DNS is only logged, and no role is assumed. */
const buildRoute53 = ({ config, db, clock, random, chance, log, fetch, roles }: Omit<Needs, "connect" | "ownership">) => {
  const { credentials, customEndpoint, endpoint, region } = config.route53;
  const calls = createCallCounter("route53_calls");
  const zoneGrants = createZoneGrantStore(db);
  const zoneBindings = createZoneBindings(zoneGrants, clock);
  const { roleTrust, assume } = roles;
  const panic = createPanicStore(db);
  const guarded = (access: DnsAccess): DnsAccess => panicGate(access, async () => (await panic.get()) !== null);
  const dns = guarded(
    credentials === null
      ? createDnsLog({ log: (line) => log.info("dns_log", { line }) })
      : createRoute53({ endpoint, region, credentials, fetch, clock, random: chance, onCall: calls.add }),
  );
  const dnsDirectory = createDnsDirectory({
    operator: dns,
    accounts: (customerIds) => sealedDnsAccounts(db, customerIds),
    secrets: secretBox(config, random),
    clock,
    endpoint: customEndpoint,
    bindings: zoneBindings,
    assume: assume && ((place, role) => assume(place.region, role)),
    connect: (place, keys) => guarded(createRoute53({ ...place, credentials: keys, fetch, clock, random: chance, onCall: calls.add })),
  });
  return { dns, dnsDirectory, panic, zoneGrants, zoneBindings, roleTrust, takeDnsCalls: calls.take };
};

type Jobs = Pick<JobDeps, "dns" | "takeDnsCalls" | "driftCheckMs" | "firstProofs" | "observations" | "nameServers">;

/** DNS: desired and live records, and the credentials for changes. */
export const buildSteering = ({ connect, ownership, ...needs }: Needs): SteeringDeps & Jobs => {
  const { config, db, clock, random, fetch } = needs;
  const resolver = createResolver(config.dohEndpoints, fetch);
  return {
    ...buildRoute53(needs),
    dnsAccounts: createDnsAccountStore(db, secretBox(config, random)),
    dnsSetup: createDnsSetupStore(db, config.domainVerification),
    routing: createRoutingStore(db),
    freeze: createFreezeStore(db),
    customerFreeze: createCustomerFreezeStore(db),
    fleet: createFleetStore(db),
    standing: createStandingStore(db, config.domainVerification),
    driftCheckMs: config.driftCheckMs,
    resolver,
    lookup: resolver,
    nameServers: connect && createNameServers(connect, random, config.nameServersEndpoint),
    observations: createObservationStore(db),
    ...(config.domainVerification && { firstProofs: createFirstProofs({ ownership, resolver, clock }) }),
  };
};
