import { sql } from "drizzle-orm";
import { ms } from "./write.ts";

/** A `service_domains` row in the form of the port's `Domain`. */
export const domainColumns = sql`id, service_id as "serviceId", name, primary_target as "primaryTarget",
  backup_target as "backupTarget", probe_path as "probePath", expect_status as "expectStatus",
  normal_primary_weight as "normalPrimaryWeight", normal_backup_weight as "normalBackupWeight", steer_group as "steerGroup",
  challenge_token as "challengeToken", ${ms("challenge_expires_at", "challengeExpiresAtMs")}, ${ms("verified_at", "verifiedAtMs")},
  verified_by as "verifiedBy", ${ms("proof_seen_at", "seenAtMs")}, ${ms("lapsed_at", "lapsedAtMs")}, ${ms("held_at", "heldAtMs")},
  ${ms("disputed_at", "disputedAtMs")}, ${ms("lost_at", "lostAtMs")}, ${ms("created_at", "createdAtMs")},
  ${ms("updated_at", "updatedAtMs")}`;

/** The join `p` (storm_policies) and `v` (its version) in the form of the port's `StormPolicy`. */
export const policyColumns = sql`p.id, p.service_id as "serviceId", p.kind, p.version,
  v.threshold_avail::float8 as "thresholdAvail", v.window_seconds as "windowSeconds",
  v.cooldown_seconds as "cooldownSeconds", v.max_coverage_factor::float8 as "maxCoverageFactor",
  v.min_samples as "minSamples", v.min_failures as "minFailures", v.latency_ms as "latencyMs",
  ${ms("p.created_at", "createdAtMs")}, ${ms("p.updated_at", "updatedAtMs")}`;

/** A `routing_changes` row in the form of the port's `RoutingChange`. */
export const changeColumns = sql`id, domain_id as "domainId", storm_id as "stormId", from_primary as "fromPrimary",
  from_backup as "fromBackup", to_primary as "toPrimary", to_backup as "toBackup", members, reason, actor, epoch, shadow, result,
  change_id as "changeId", error, attempts, ${ms("next_attempt_at", "nextAttemptAtMs")}, ${ms("intended_at", "intendedAtMs")}, ${ms("accepted_at", "acceptedAtMs")},
  ${ms("insync_at", "insyncAtMs")}, observed`;

/** A `routing_drifts` row `f` in the form of the port's `RoutingDrift`. Healed by the first switch made for its domain since. */
export const driftColumns = sql`f.id, f.domain_id as "domainId", f.record_type as "recordType",
  f.previous_primary as "previousPrimary", f.previous_backup as "previousBackup", f.expected_primary as "expectedPrimary",
  f.expected_backup as "expectedBackup", f.found_primary as "foundPrimary", f.found_backup as "foundBackup",
  f.previous_others as "previousOthers", f.found_others as "foundOthers",
  f.left_alone as "leftAlone", ${ms("f.found_at", "foundAtMs")},
  case when f.left_alone is null then (
    select trunc(extract(epoch from c.accepted_at) * 1000)::bigint from routing_changes c
    where c.domain_id = f.domain_id and c.result in ('accepted', 'insync', 'unconfirmed') and c.intended_at >= f.found_at
    order by c.intended_at limit 1) end as "healedAtMs"`;

/** The status of a domain's records, of `domain_routing r`; null where they were never read, `error` where the last attempt failed. */
export const domainStatus = sql.raw(`case when r.contested_at is not null then 'contested'
  when r.status = 'found' and r.last_error is not null then 'error' else r.status end`);
