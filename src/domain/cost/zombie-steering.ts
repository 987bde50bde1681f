import { healthCheckCents, hostedZoneCents } from "./aws-prices.ts";
import type { Zombie } from "./zombie.ts";
import { idle, latest } from "./zombie.ts";

/** A service's backup. Each time is epoch milliseconds, null: never. */
export type BackupFacts = {
  readonly service: string;
  readonly cdn: string;
  /** Since when it is this service's backup. */
  readonly sinceMs: number;
  readonly lastBytesMs: number | null;
  readonly lastGoodProbeMs: number | null;
  /** What the CDN's contract costs a month, in cents; null: not known. */
  readonly monthlyCents: number | null;
};

/**
 * Insurance that would not pay: nothing went through the backup, and no probe of it was good. A warm backup carries no bytes by design,
 * so one good probe exempts it; and one that carries traffic works, whatever its probes say.
 */
export const deadBackup = (backup: BackupFacts, nowMs: number): readonly Zombie[] =>
  idle("backup-would-not-pay", latest(backup.sinceMs, backup.lastBytesMs, backup.lastGoodProbeMs), nowMs, () => ({
    severity: "critical",
    resource: `${backup.service} on ${backup.cdn}`,
    account: null,
    monthlyWasteCents: backup.monthlyCents,
    reason: `The backup ${backup.cdn} of ${backup.service} has carried no bytes and answered no probe: in a storm it would not stand in.`,
    remedy: `Find out why ${backup.cdn} does not answer (its probes say how), or choose another backup.`,
  }));

export type HealthCheckFacts = {
  readonly id: string;
  readonly account: string;
  /** Since when no record names it. */
  readonly unusedSinceMs: number;
  readonly isOnAws: boolean;
  readonly options: number;
};

export const orphanHealthCheck = (check: HealthCheckFacts, nowMs: number): readonly Zombie[] =>
  idle("health-check-on-no-record", check.unusedSinceMs, nowMs, () => ({
    resource: check.id,
    account: check.account,
    monthlyWasteCents: healthCheckCents(check),
    reason: "No record names this health check, so nothing depends on what it finds.",
    remedy: `aws route53 delete-health-check --health-check-id ${check.id}`,
  }));

export type ZoneFacts = {
  readonly id: string;
  readonly name: string;
  readonly account: string;
  /** Since when it has no records but its own NS and SOA. */
  readonly emptySinceMs: number;
};

export const emptyZone = (zone: ZoneFacts, nowMs: number): readonly Zombie[] =>
  idle("zone-without-records", zone.emptySinceMs, nowMs, () => ({
    resource: zone.id,
    account: zone.account,
    monthlyWasteCents: hostedZoneCents,
    reason: `The hosted zone ${zone.name} has no records but its own NS and SOA.`,
    remedy: `Make sure that nothing delegates to it, then aws route53 delete-hosted-zone --id ${zone.id}`,
  }));

export type RecordFacts = {
  readonly name: string;
  readonly setIdentifier: string;
  readonly account: string;
  readonly sinceMs: number;
};

/** Records cost nothing; what they point to may. */
export const orphanPair = (record: RecordFacts, nowMs: number): readonly Zombie[] =>
  idle("pair-without-service", record.sinceMs, nowMs, () => ({
    resource: record.name,
    account: record.account,
    monthlyWasteCents: 0,
    reason: `The weighted pair of ${record.name} is of a service that is no longer there: nobody steers it.`,
    remedy: `Replace the pair by one record of ${record.name}, or add the service again.`,
  }));

export const thirdRecord = (record: RecordFacts, nowMs: number): readonly Zombie[] =>
  idle("third-record", record.sinceMs, nowMs, () => ({
    resource: `${record.name} ${record.setIdentifier}`,
    account: record.account,
    monthlyWasteCents: 0,
    reason: `Beside the pair that is steered, ${record.name} has the record ${record.setIdentifier}, which keeps its share in a storm.`,
    remedy: `Delete the record, or let it move with the pair: steer_group.`,
  }));

export type CdnFacts = {
  /** A CDN's service, zone or distribution, by the CDN's own name for it. */
  readonly id: string;
  readonly cdn: string;
  readonly account: string;
  readonly sinceMs: number;
  /** By the CDN's figures and by ours. */
  readonly lastBytesMs: readonly (number | null)[];
  readonly monthlyCents: number | null;
};

export const idleCdn = (cdn: CdnFacts, nowMs: number): readonly Zombie[] =>
  idle("cdn-without-traffic", latest(cdn.sinceMs, ...cdn.lastBytesMs), nowMs, () => ({
    resource: cdn.id,
    account: cdn.account,
    monthlyWasteCents: cdn.monthlyCents,
    reason: `Nothing went through ${cdn.id} on ${cdn.cdn}, by its own figures and by those of the service.`,
    remedy: `If no name points to it, remove it at ${cdn.cdn}.`,
  }));
