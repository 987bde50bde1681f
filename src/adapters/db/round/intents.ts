import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import type { Fence } from "../../ports/coordination/lease.ts";
import type { ChainedProof, FailedSwitch, Intent, IntentOutcome, RoundDecisions, RoundOutcomes } from "../../ports/detection/round.ts";
import { fenceCte } from "../platform/fence.ts";
import { auditRow, tranche } from "../platform/write.ts";

const json = (value: unknown): SQL => sql`${JSON.stringify(value)}::jsonb`;
const ms = (name: string): SQL => sql.raw(`to_timestamp(${name} / 1000.0)`);
const at = (value: number): SQL => sql`${isoTime(value)}::timestamptz`;

/** A signature as triggers copy it (0046); null: there is none. */
export const storedProof = (proof: ChainedProof | undefined): object | null =>
  proof === undefined
    ? null
    : { key_id: proof.keyId, signature: proof.signature, follows_seq: proof.follows.seq, follows_hash: proof.follows.hash };

/** Whether two rows are about the same switch, for the same reason and in the same storm. */
const sameSwitch = (one: string, other: string): SQL =>
  sql.raw(`${one}.domain_id = ${other}.domain_id
    and (${one}.from_primary, ${one}.from_backup, ${one}.to_primary, ${one}.to_backup, ${one}.reason)
      = (${other}.from_primary, ${other}.from_backup, ${other}.to_primary, ${other}.to_backup, ${other}.reason)
    and ${one}.storm_id is not distinct from ${other}.storm_id`);

/**
 * An intent that had no effect, where the same switch was tried again since, is merged into that one: it is counted
 * there and its own row is deleted. So a switch that never succeeds does not add a row with every lease.
 */
export const resolveIntents = (fence: Fence, resolved: RoundDecisions["resolved"], nowMs: number): SQL => sql`
  with ${fenceCte(fence)}, x as (
    select * from jsonb_to_recordset(${json(resolved.map(({ id, result, proof }) => ({ id, result, proof: storedProof(proof) })))})
      as x(id bigint, result text, proof jsonb) where exists (select from fence)
  ), later as (
    select c.id, c.attempts, c.intended_at, max(n.id) as into_id
    from x join routing_changes c on c.id = x.id and x.result = 'superseded' and c.result = 'intent'
    join routing_changes n on n.id > c.id and ${sameSwitch("n", "c")} and n.result in ('intent', 'failed') and n.id not in (select x.id from x)
    group by c.id
  ), counted as (
    update routing_changes n set attempts = n.attempts + l.attempts, intended_at = least(n.intended_at, l.intended_at)
    from (select into_id, sum(attempts)::int as attempts, min(intended_at) as intended_at from later group by into_id) l
    where n.id = l.into_id
  ), folded as (
    delete from routing_changes c using later l where c.id = l.id
  )
  update routing_changes c set result = x.result,
    accepted_at = case when x.result = 'accepted' then ${at(nowMs)} end,
    next_attempt_at = null,
    proof = x.proof,
    error = concat_ws('; ', c.error, 'outcome found by reading the live records')
  from x
  where c.id = x.id and c.result = 'intent' and c.id not in (select l.id from later l)`;

/** These switches are no longer wanted: their retries are cancelled and their errors cleared. */
export const forgetAttempts = (fence: Fence, ids: readonly number[]): SQL => sql`
  with ${fenceCte(fence)}, gone as (
    update routing_changes c set next_attempt_at = null
    from jsonb_array_elements_text(${json(ids)}) as x(id)
    where c.id = x.id::bigint and exists (select from fence)
    returning c.domain_id, c.error
  )
  update domain_routing r set last_error = null from gone g where r.domain_id = g.domain_id and r.last_error = g.error`;

/**
 * An intent is one more attempt of the row that stands open for it under this very lease, or of its domain's newest row where
 * that was not made, under whichever lease: there certainly no call is in flight. Else it is a row of its own; in
 * shadow mode none where the domain's newest is the same, as the same switch may be wanted in every round. In a panic there is none at
 * all, even if the round began before it: what has no row is not sent.
 */
export const saveIntents = (fence: Fence, intents: readonly Intent[], nowMs: number): SQL => sql`
  with ${fenceCte(fence)}, x as (
    select i.*, (
      select e.id from storm_events e
      where e.service_id = i.service_id and coalesce(e.ended_at, 'infinity') > ${at(nowMs)} - interval '1 day'
        and (e.ended_at is null or i.reason in ('calm', 'failback'))
      order by e.ended_at is null desc, e.id desc limit 1) as storm_id,
      (select md5(r.records::text) from domain_routing r where r.domain_id = i.domain_id) as records
    from jsonb_to_recordset(${json(
      intents.map((intent) => ({
        service_id: intent.serviceId,
        domain_id: intent.domainId,
        from_primary: intent.from.primary,
        from_backup: intent.from.backup,
        to_primary: intent.to.primary,
        to_backup: intent.to.backup,
        members: intent.members ?? null,
        reason: intent.reason,
        actor: intent.actor,
        result: intent.result,
      })),
    )}) as i(service_id bigint, domain_id bigint, from_primary int, from_backup int, to_primary int, to_backup int,
      members jsonb, reason text, actor text, result text)
    where exists (select from fence) and not exists (select from settings where panic_set_at is not null)
  ), again as (
    update routing_changes c
    set result = 'intent', members = o.members, attempts = c.attempts + 1, attempted_at = ${at(nowMs)}, attempted_records = o.records, next_attempt_at = null,
      lease = ${fence.name}, epoch = ${fence.epoch}
    from (
      select distinct on (x.domain_id) c.id, x.records, x.members, case c.result when 'intent' then c.attempted_at end as doubtful_at
      from x cross join lateral (
        select c.* from routing_changes c
        where c.domain_id = x.domain_id and c.result = 'intent' and c.lease = ${fence.name} and c.epoch = ${fence.epoch}
        union all
        select n.* from (select * from routing_changes n where n.domain_id = x.domain_id order by n.id desc limit 1) n
        where n.result in ('failed', 'superseded')
      ) c
      where ${sameSwitch("c", "x")} and x.result = 'intent'
      order by x.domain_id, c.result = 'intent' desc, c.id desc
    ) o
    where c.id = o.id
    returning c.id, c.domain_id, c.attempts, c.storm_id, o.doubtful_at
  ), shadowed as (
    select x.domain_id
    from x cross join lateral (select * from routing_changes n where n.domain_id = x.domain_id order by n.id desc limit 1) c
    where x.result = 'shadow' and c.result = 'shadow' and ${sameSwitch("c", "x")}
  ), added as (
    insert into routing_changes (service_id, domain_id, storm_id, from_primary, from_backup, to_primary, to_backup,
      members, reason, actor, lease, epoch, shadow, result, intended_at, attempted_at, attempted_records)
    select x.service_id, x.domain_id, x.storm_id, x.from_primary, x.from_backup, x.to_primary, x.to_backup, x.members, x.reason, x.actor,
      ${fence.name}, ${fence.epoch}, x.result = 'shadow', x.result, ${at(nowMs)}, ${at(nowMs)}, x.records
    from x
    where not exists (select from again a where a.domain_id = x.domain_id) and not exists (select from shadowed s where s.domain_id = x.domain_id)
    order by x.domain_id
    returning id, domain_id, attempts, storm_id
  ), others as (
    update routing_changes c set next_attempt_at = null
    from x where c.domain_id = x.domain_id and c.next_attempt_at is not null and not exists (select from again a where a.id = c.id)
  )
  select id, domain_id as "domainId", attempts, storm_id as "stormId", floor(extract(epoch from doubtful_at) * 1000)::bigint as "doubtfulSinceMs" from again
  union all select id, domain_id, attempts, storm_id, null from added`;

/** The DNS outcomes of intents. Where only an earlier attempt keeps one open, its deadline counts from that attempt. */
export const saveIntentOutcomes = (fence: Fence, outcomes: readonly IntentOutcome[]): SQL => sql`
  with ${fenceCte(fence)}
  update routing_changes c set result = x.result, change_id = x.change_id, accepted_at = ${ms("x.at")}, error = x.error,
    next_attempt_at = ${ms("x.next")}, attempted_at = coalesce(${ms("x.doubtful")}, c.attempted_at), proof = x.proof
  from jsonb_to_recordset(${json(
    outcomes.map((outcome) => ({
      id: outcome.changeRowId,
      result: outcome.result,
      change_id: outcome.changeId,
      at: outcome.acceptedAtMs,
      error: outcome.error,
      next: outcome.nextAttemptAtMs,
      doubtful: outcome.doubtfulSinceMs,
      proof: storedProof(outcome.proof),
    })),
  )}) as x(id bigint, result text, change_id text, at bigint, error text, next bigint, doubtful bigint, proof jsonb)
  where c.id = x.id and c.result = 'intent' and exists (select from fence)`;

/** Writes audit rows for deleted health checks that were dropped from a domain's records. */
export const auditDropped = (fence: Fence, dropped: RoundOutcomes["dropped"]): SQL => sql`
  with ${fenceCte(fence)}
  ${auditRow(
    tranche,
    "drop_health_checks",
    "domain",
    sql`
    select d.id as object_id, d.customer_id, jsonb_build_object('health_check_ids', x.checks) as before,
      jsonb_build_object('health_check_ids', '[]'::jsonb, 'why', 'the health check does not exist any more') as after
    from jsonb_to_recordset(${json(dropped)}) as x("domainId" bigint, checks jsonb)
    join service_domains d on d.id = x."domainId"
    where exists (select from fence)`,
  )}`;

/**
 * The errors of a domain; where its records are in doubt they are read again. Its service's claim to be on its backup is
 * withdrawn: it was made before the switch was tried.
 */
export const saveFailures = (fence: Fence, failures: readonly FailedSwitch[], nowMs: number): SQL => sql`
  with ${fenceCte(fence)}, x as (
    select * from jsonb_to_recordset(${json(failures)}) as x("domainId" bigint, "lastError" text, again boolean) where exists (select from fence)
  ), unclaimed as (
    update service_routing s set reason = 'switch_failed', updated_at = ${at(nowMs)},
      state = case when exists (select from domain_routing m where m.service_id = s.service_id and m.moved_at is not null and m.domain_id not in (select x."domainId" from x)) then 'partial' else 'held' end
    where s.state = 'shifted' and s.service_id in (select r.service_id from x join domain_routing r on r.domain_id = x."domainId")
  )
  update domain_routing r set read_at = case when x.again then null else r.read_at end, last_error = x."lastError", updated_at = ${at(nowMs)}
  from x where r.domain_id = x."domainId"`;
