import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { Freeze } from "../../../domain/steering/steering.ts";
import type { Shard } from "../../ports/coordination/shards.ts";
import type { Fence } from "../../ports/coordination/lease.ts";
import type { DnsStanding, Poll, RoundService, ShardView } from "../../ports/detection/round-view.ts";
import { renewLease } from "../coordination/leases.ts";
import type { Page, ShardReader } from "./pages.ts";
import { inShard, servicesOf } from "./pages.ts";
import { duePolls, expiredPolls, standings } from "./polls.ts";
import { freezeOfAll, isAllFrozen } from "../steering/orders.ts";
import { holdsName } from "../tenants/holds-name.ts";
import { setupsJson } from "./setups.ts";
import { privatePathsJson, turnsJson } from "../detection/targets.ts";

/** An epoch-millisecond integer inside json, which the client's time parser does not cover. */
export const epochMs = (column: string): SQL => sql.raw(`(extract(epoch from ${column}) * 1000)::bigint`);

/** For a domain whose proof is missing or lapsing, or has not been verified for its first switch. */
const proofJson = sql`
    'proof', case when d.verified_at is not null and (d.lapsed_at is not null or d.steer_checked_at is null) then jsonb_build_object(
      'held', d.held_at is not null, 'lapsed', d.lapsed_at is not null, 'unsteered', d.steer_checked_at is null,
      'seenAtMs', ${epochMs("coalesce(d.proof_seen_at, d.verified_at)")}) end,`;

const domainJson = (requireProof: boolean) => sql`
  jsonb_build_object(
    'domainId', d.id, 'name', d.name, 'primaryTarget', d.primary_target, 'backupTarget', d.backup_target,
    'probePath', d.probe_path, 'expectStatus', d.expect_status, 'setups', ${setupsJson}, 'verified', ${holdsName(requireProof)}, ${requireProof ? proofJson : sql``}
    'turns', ${turnsJson(requireProof)}, 'privatePaths', ${privatePathsJson},
    'neverHealthy', case when d.seen_healthy_at is null then jsonb_build_object(
      'editedAtMs', (select ${epochMs("max(e.at)")} from (values (d.updated_at), (t.cdns_at)) e (at) where e.at > d.created_at)) end,
    'editedAtMs', ${epochMs("greatest(d.trigger_edited_at, r.primary_found_at, t.cdns_at, t.policies_at)")},
    'normal', jsonb_build_object('primary', d.normal_primary_weight, 'backup', d.normal_backup_weight),
    'steerGroup', d.steer_group,
    'routing', case when r.domain_id is not null then jsonb_build_object(
      'status', r.status, 'zoneId', r.zone_id, 'records', r.records, 'surroundings', r.surroundings, 'group', r.group_weights,
      'readAtMs', ${epochMs("r.read_at")}, 'movedAtMs', ${epochMs("r.moved_at")},
      'discoveredPrimaryTarget', r.discovered_primary_target, 'discoveredBackupTarget', r.discovered_backup_target,
      'discoveredPrimaryOk', r.discovered_primary_ok, 'discoveredBackupOk', r.discovered_backup_ok,
      'lastError', r.last_error) end,
    'openIntents', coalesce(o.intents, '[]'::jsonb),
    'failedAttempts', coalesce(o.attempts, '[]'::jsonb),
    'contestedAtMs', ${epochMs("r.contested_at")},
    'lastSet', case when r.contested_at is not null then (
      select jsonb_build_object('primary', c.to_primary, 'backup', c.to_backup) from routing_changes c
      where c.domain_id = d.id and c.result in ('accepted', 'insync', 'unconfirmed') order by c.id desc limit 1) end,
    'drifts', coalesce((
      select jsonb_agg(jsonb_build_object('foundAtMs', ${epochMs("f.found_at")}, 'leftAlone', f.left_alone is not null,
        'found', jsonb_build_object('primary', f.found_primary, 'backup', f.found_backup), 'foundOthers', f.found_others))
      from (
        select * from routing_drifts f
        where f.domain_id = d.id and (r.drift_resumed_at is null or f.found_at > r.drift_resumed_at)
        order by f.found_at desc limit 10
      ) f), '[]'::jsonb))`;

/** Includes services without domains: their storms, if any, have to end. */
const services = (requireProof: boolean, fence: Fence | null, page: Page): SQL => sql`
  select v.id as "serviceId", v.customer_id as "customerId", jsonb_build_array(v.primary_cdn, v.backup_cdn) as cdns,
    (select b.credit_rule from billing_terms b where b.customer_id = v.customer_id and b.valid_from <= now()
      order by b.valid_from desc limit 1) as "creditRule",
    v.steering = 'shadow' as shadow, v.failback_steps as "failbackSteps", v.failback_step_seconds as "failbackStepSeconds",
    (select jsonb_build_object('seq', k.seq, 'hash', k.hash) from evidence_chains k where k.service_id = v.id) as chain,
    case when ${isAllFrozen("s", sql`now()`)} then jsonb_build_object('mode', 'frozen', 'untilMs', ${epochMs("f.until")}, 'actor', f.actor)
      when s.override_mode is not null then jsonb_build_object(
      'mode', s.override_mode, 'untilMs', ${epochMs("s.override_until")}, 'actor', s.override_actor) end as override,
    case when s.service_id is not null then jsonb_build_object(
      'state', s.state, 'reason', s.reason, 'shadowTarget', s.shadow_target, 'backupHealth', s.backup_health,
      'latch', case when s.latched_storm_id is not null then
        jsonb_build_object('stormId', s.latched_storm_id, 'relapses', s.latched_relapses, 'also', coalesce(s.latched_also, '[]')) end,
      'failback', case when s.failback_step is not null then
        jsonb_build_object('step', s.failback_step, 'sinceMs', ${epochMs("s.failback_step_at")}) end) end as routing,
    (select jsonb_build_object('id', x.id, 'startedAtMs', ${epochMs("x.started_at")}, 'state', x.state, 'serving', x.serving,
      'attribution', x.attribution, 'upstreamCdn', x.upstream_cdn, 'avoided', x.avoided, 'outageAtMs', ${epochMs("x.outage_at")})
      from service_states x where x.service_id = v.id and x.ended_at is null) as present,
    coalesce(jsonb_agg(${domainJson(requireProof)} order by d.id) filter (where d.id is not null), '[]'::jsonb) as domains
  from ${servicesOf(page)} v
  cross join lateral (
    select (select h.from_at from service_cdns h where h.service_id = v.id and h.to_at is null) as cdns_at,
      (select max(p.updated_at) from storm_policies p where p.service_id = v.id and p.deleted_at is null) as policies_at
  ) t
  left join service_domains d on d.service_id = v.id and d.deleted_at is null
  left join service_routing s on s.service_id = v.id
  ${freezeOfAll("v.customer_id", sql`now()`)}
  left join domain_routing r on r.domain_id = d.id
  left join lateral (
    select jsonb_agg(jsonb_build_object('id', c.id, 'stormId', c.storm_id, 'reason', c.reason, 'ours', coalesce(c.lease = ${fence?.name ?? ""} and c.epoch = ${fence?.epoch ?? 0}::bigint, false),
      'attemptedAtMs', ${epochMs("coalesce(c.attempted_at, c.intended_at)")},
      'from', jsonb_build_object('primary', c.from_primary, 'backup', c.from_backup),
      'to', jsonb_build_object('primary', c.to_primary, 'backup', c.to_backup)) order by c.id) filter (where c.result = 'intent') as intents,
      jsonb_agg(jsonb_build_object('id', c.id, 'reason', c.reason, 'nextAttemptAtMs', ${epochMs("c.next_attempt_at")},
        'from', jsonb_build_object('primary', c.from_primary, 'backup', c.from_backup),
        'to', jsonb_build_object('primary', c.to_primary, 'backup', c.to_backup),
        'sameRecords', c.attempted_records is not distinct from md5(r.records::text)) order by c.id)
        filter (where c.next_attempt_at is not null) as attempts
    from routing_changes c where c.domain_id = d.id and (c.result = 'intent' or c.next_attempt_at is not null)
  ) o on true
  group by v.id, v.customer_id, v.primary_cdn, v.backup_cdn, v.steering, v.failback_steps, v.failback_step_seconds, s.service_id, f.customer_id`;

/** What an admin has ordered of everything; a panic, which has no end of its own, before a freeze. */
const standingOrder = sql`
  select case when panic_set_at is null then freeze_until end as "untilMs", panic_set_at is not null as panic
  from settings where panic_set_at is not null or freeze_set_at is not null`;

type Along = readonly [
  renewed: { judgedAtMs: number | null }[],
  vantages: { name: string; lastHeardAtMs: number }[],
  polls: Poll[],
  pending: { expired: boolean }[],
  known: DnsStanding[],
  freezes: Freeze[],
];

/** Renews the lease and reads the shard, in one round trip where it fits a page. @param requireProof whether names have to be proven */
export const loadShard = async (
  requireProof: boolean,
  read: ShardReader,
  fence: Fence,
  shard: Shard,
  round: number,
  nowMs: number,
  ttlMs: number,
): Promise<ShardView | null> => {
  const { along, take } = await read<Along>(shard, round, (page) => services(requireProof, fence, page), [
    renewLease(fence, ttlMs),
    sql`select name, last_heard_at as "lastHeardAtMs" from vantages`,
    duePolls(inShard(sql`c.service_id`, shard), nowMs),
    expiredPolls(inShard(sql`c.service_id`, shard), nowMs),
    standings((column) => inShard(column, shard)),
    standingOrder,
  ]);
  const [renewed, vantages, polls, pending, known, freezes] = along;
  const [lease] = renewed;
  if (lease === undefined) return null;
  const { judgedAtMs } = lease;
  return {
    ...(await take()),
    vantages,
    judgedAtMs,
    polls,
    expired: pending[0]?.expired === true,
    standings: known,
    freeze: freezes[0] ?? null,
  };
};

/** The services of a shard, for a witness: no intent is of its lease. */
export const survey = async (requireProof: boolean, read: ShardReader, shard: Shard, round: number): Promise<readonly RoundService[]> =>
  (await (await read(shard, round, (page) => services(requireProof, null, page), [])).take()).services;
