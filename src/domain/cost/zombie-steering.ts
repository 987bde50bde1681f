import { healthCheckCents, hostedZoneCents } from "./aws-prices.ts";
import type { Zombie } from "./zombie.ts";
import { idle, latest } from "./zombie.ts";

/** A service's backup. Each time is epoch milliseconds, null: never. */
export type BackupFacts = {
  readonly serviceId: number;
  readonly service: string;
  readonly cdn: string;
  /** Since when it is this service's backup. */
  readonly sinceMs: number;
  readonly lastBytesMs: number | null;
  readonly lastGoodProbeMs: number | null;
  /** What the CDN's contract costs a month, in cents; null: not known. */
  readonly monthlyCents: number | null;
};

/** What the backup of a service is known by. */
export const backupKey = ({ serviceId, cdn }: Pick<BackupFacts, "serviceId" | "cdn">): string => `service ${serviceId} on ${cdn}`;

/**
 * Insurance that would not pay: nothing went through the backup, and no probe of it was good. A warm backup carries no bytes by design,
 * so one good probe exempts it; and one that carries traffic works, whatever its probes say.
 */
export const deadBackup = (backup: BackupFacts, nowMs: number): readonly Zombie[] =>
  idle("backup-would-not-pay", latest(backup.sinceMs, backup.lastBytesMs, backup.lastGoodProbeMs), nowMs, () => ({
    severity: "critical",
    key: backupKey(backup),
    serviceId: backup.serviceId,
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
    reason: "No record of the account's zones names this health check, and neither another health check nor a service of AWS needs it.",
    remedy: `If no alarm and no zone of another account needs it: aws route53 delete-health-check --health-check-id ${check.id}`,
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
  /** Whose name it is; null: nobody's any more. */
  readonly serviceId: number | null;
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
    serviceId: record.serviceId,
    resource: `${record.name} ${record.setIdentifier}`,
    account: record.account,
    monthlyWasteCents: 0,
    reason: `Beside the pair that is steered, ${record.name} has the record ${record.setIdentifier}, which keeps its share in a storm.`,
    remedy: `Delete the record, or let it move with the pair: steer_group.`,
  }));

export type CdnFacts = {
  readonly serviceId: number;
  /** A CDN's service, zone or distribution, by the CDN's own name for it. */
  readonly id: string;
  readonly cdn: string;
  readonly account: string;
  readonly sinceMs: number;
  /** By the CDN's figures and by ours. */
  readonly lastBytesMs: readonly (number | null)[];
  readonly monthlyCents: number | null;
};

/** What a service's side is known by. */
export const cdnKey = ({ serviceId, cdn }: Pick<CdnFacts, "serviceId" | "cdn">): string => `${cdn} of service ${serviceId}`;

export const idleCdn = (cdn: CdnFacts, nowMs: number): readonly Zombie[] =>
  idle("cdn-without-traffic", latest(cdn.sinceMs, ...cdn.lastBytesMs), nowMs, () => ({
    key: cdnKey(cdn),
    serviceId: cdn.serviceId,
    resource: cdn.id,
    account: cdn.account,
    monthlyWasteCents: cdn.monthlyCents,
    reason: `Nothing went through ${cdn.id} on ${cdn.cdn}, by its own figures and by those of the service.`,
    remedy: `If no name points to it, remove it at ${cdn.cdn}.`,
  }));
