import type { Zombie } from "./zombie.ts";
import type { StoppedInstanceFacts, VolumeFacts } from "./zombie-cloud.ts";
import { idleLoadBalancer, looseAddress, looseVolume, stoppedInstance } from "./zombie-cloud.ts";
import type { BackupFacts, CdnFacts, HealthCheckFacts, RecordFacts, ZoneFacts } from "./zombie-steering.ts";
import { deadBackup, emptyZone, idleCdn, orphanHealthCheck, orphanPair, thirdRecord } from "./zombie-steering.ts";
import type { AccountFacts, CustomerFacts, DomainFacts, ServiceFacts, TokenFacts } from "./zombie-tenants.ts";
import { idleCustomer, incompleteService, unusedAccount, unusedToken, unverifiedDomain } from "./zombie-tenants.ts";

/** All that is known of a customer, of which each rule judges its own. */
export type Facts = {
  readonly backups: readonly BackupFacts[];
  readonly healthChecks: readonly HealthCheckFacts[];
  readonly zones: readonly ZoneFacts[];
  readonly orphanPairs: readonly RecordFacts[];
  readonly thirdRecords: readonly RecordFacts[];
  readonly cdns: readonly CdnFacts[];
  readonly unverifiedDomains: readonly DomainFacts[];
  readonly unusedAccounts: readonly AccountFacts[];
  readonly tokens: readonly TokenFacts[];
  readonly services: readonly ServiceFacts[];
  readonly customersWithoutService: readonly CustomerFacts[];
  readonly addresses: readonly Parameters<typeof looseAddress>[0][];
  readonly volumes: readonly VolumeFacts[];
  readonly stoppedInstances: readonly StoppedInstanceFacts[];
  readonly idleLoadBalancers: readonly Parameters<typeof idleLoadBalancer>[0][];
};

/** What idles. Each rule looks at its own facts only, so that what could not be read leaves the others as they are. */
export const hunt = (facts: Facts, nowMs: number): readonly Zombie[] => {
  const each = <Fact>(list: readonly Fact[], rule: (fact: Fact, nowMs: number) => readonly Zombie[]): readonly Zombie[] =>
    list.flatMap((fact) => rule(fact, nowMs));
  return [
    ...each(facts.backups, deadBackup),
    ...each(facts.healthChecks, orphanHealthCheck),
    ...each(facts.zones, emptyZone),
    ...each(facts.orphanPairs, orphanPair),
    ...each(facts.thirdRecords, thirdRecord),
    ...each(facts.cdns, idleCdn),
    ...each(facts.unverifiedDomains, unverifiedDomain),
    ...each(facts.unusedAccounts, unusedAccount),
    ...each(facts.tokens, unusedToken),
    ...each(facts.services, incompleteService),
    ...each(facts.customersWithoutService, idleCustomer),
    ...each(facts.addresses, looseAddress),
    ...each(facts.volumes, looseVolume),
    ...each(facts.stoppedInstances, stoppedInstance),
    ...each(facts.idleLoadBalancers, idleLoadBalancer),
  ];
};
