import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { CreditGrounds, CreditReason } from "../../../domain/billing/credit.ts";
import { visitorAnswers } from "../../../domain/steering/backup-reach.ts";
import { isoTime } from "../../../iso-time.ts";
import type { RoundDecisions, RoundOutcomes, StormDecision, StoredIntent } from "../../ports/detection/round.ts";
import type { DomainRouting } from "../../ports/detection/round-view.ts";
import type { Fence } from "../../ports/coordination/lease.ts";
import type { Database } from "../platform/client.ts";
import { fenceCte } from "../platform/fence.ts";
import { chunksOf } from "./chunks.ts";
import { saveContests, saveDrifts } from "./drifts.ts";
import { auditDropped, forgetAttempts, resolveIntents, saveFailures, saveIntentOutcomes, saveIntents } from "./intents.ts";
import { steersName } from "../tenants/holds-name.ts";
import { inShard } from "./pages.ts";
import { saveStates } from "./states.ts";
import { saveExpired, savePolled, saveSettled, saveStandings } from "./polls.ts";

type DomainRow = DomainRouting & { readonly domainId: number; readonly serviceId: number };

const json = (value: unknown): SQL => sql`${JSON.stringify(value)}::jsonb`;
const ms = (name: string): SQL => sql.raw(`to_timestamp(${name} / 1000.0)`);

/** The evidence of transitions, to be joined as `y`: a transition that was not written has none. */
const proofs = (storms: readonly StormDecision[]): SQL =>
  sql`jsonb_to_recordset(${json(
    storms.flatMap(({ policy, transition, evidence, proof }) =>
      evidence === undefined
        ? []
        : [
            {
              policy_id: policy.policyId,
              storm_id: policy.storm?.id ?? null,
              kind: transition.kind,
              body: evidence,
              key_id: proof?.keyId ?? null,
              signature: proof?.signature ?? null,
              follows_seq: proof?.follows.seq ?? null,
              follows_hash: proof?.follows.hash ?? null,
            },
          ],
    ),
  )}) as y(policy_id bigint, storm_id bigint, kind text, body text, key_id text, signature text, follows_seq bigint, follows_hash text)`;

const recordColumns = sql`service_id, storm_id, kind, body, key_id, signature, follows_seq, follows_hash`;
const signature = sql`y.key_id, y.signature, y.follows_seq, y.follows_hash`;

/** The parts of a storm's credit that the database re-checks, and the round's decision. */
const creditRow = (credit: CreditGrounds | null, nowMs: number) => {
  if (credit === null) return { credit: "refused", reason: "never_healthy" satisfies CreditReason, down: [] };
  const {
    case: { rule, terms },
    down,
  } = credit;
  const asks = rule !== "storm";
  return {
    credit: credit.credit,
    reason: credit.reason,
    down: down.map(({ domainId }) => domainId),
    proof: asks && terms.requireVerified,
    unedited_since: asks && terms.waitingMs > 0 ? isoTime(nowMs - terms.waitingMs) : null,
  };
};

/**
 * Policy and service are locked, in the order in which a deletion locks them: a storm that begins while its policy is being
 * deleted either exists in time to be ended or does not begin. A foreign key alone would let it outlive a soft deletion. Its
 * credit follows what is stored now, where that is less favourable than what the round read: a set-up that changed since
 * then has not been seen healthy, and is an edit.
 */
const beginStorms = (fence: Fence, storms: readonly StormDecision[], nowMs: number): SQL => sql`
  with ${fenceCte(fence)}, begun as (
  insert into storm_events
    (service_id, policy_id, policy_version, kind, state, monitor_only, started_at, detected_at, max_coverage_factor, credit, credit_reason)
  select x.service_id, x.policy_id, x.version, p.kind, 'storm', x.monitor_only, ${ms("x.started_at")},
    ${isoTime(nowMs)}::timestamptz, t.max_coverage_factor,
    case when c.reason is null then x.credit else 'refused' end, coalesce(c.reason, x.reason)
  from jsonb_to_recordset(${json(
    storms.flatMap(({ policy, transition, monitorOnly, credit }) =>
      transition.kind !== "begin"
        ? []
        : [
            {
              service_id: policy.serviceId,
              policy_id: policy.policyId,
              version: policy.version,
              monitor_only: monitorOnly,
              started_at: transition.startedAtMs,
              ...creditRow(credit, nowMs),
            },
          ],
    ),
  )}) as x(service_id bigint, policy_id bigint, version int, monitor_only boolean, started_at bigint, credit text, reason text, down bigint[],
    proof boolean, unedited_since timestamptz)
  join storm_policies p on p.id = x.policy_id and p.deleted_at is null
  join services v on v.id = x.service_id and v.deleted_at is null
  join storm_policy_versions t on t.policy_id = x.policy_id and t.version = x.version
  cross join lateral (
    select case when x.credit = 'refused' then null
      when bool_or(d.seen_healthy_at is null) then 'never_healthy'
      when bool_or(x.proof and not ${steersName(true)}) then 'unverified'
      when bool_or(d.trigger_edited_at > x.unedited_since) then 'recent_edit' end as reason
    from service_domains d where d.id = any(x.down)
  ) c
  where exists (select from fence)
  for share of v, p
  on conflict do nothing
  returning id, service_id, policy_id)
  insert into evidence (${recordColumns})
  select b.service_id, b.id, 'begin', y.body, ${signature} from begun b join ${proofs(storms)} on y.policy_id = b.policy_id`;

/** Each row names the state it was decided in, so a decision that came too late changes nothing. */
const changeStorms = (fence: Fence, storms: readonly StormDecision[]): SQL => sql`
  with ${fenceCte(fence)}, changed as (
  update storm_events e set
    state = case x.change when 'end' then 'ended' when 'relapse' then 'storm' else 'recovering' end,
    recovering_since = case x.change when 'relapse' then null when 'end' then e.recovering_since else ${ms("x.at")} end,
    relapses = e.relapses + (x.change = 'relapse')::int,
    ended_at = case x.change when 'end' then greatest(${ms("x.at")}, e.started_at) end,
    ended_reason = x.reason
  from jsonb_to_recordset(${json(
    storms.flatMap(({ policy, transition }) => {
      if (transition.kind === "begin" || policy.storm === null) return [];
      const at = transition.kind === "end" ? transition.endedAtMs : transition.kind === "relapse" ? null : transition.sinceMs;
      const reason = transition.kind === "end" ? transition.reason : null;
      return [{ id: policy.storm.id, state: policy.storm.state, change: transition.kind, at, reason }];
    }),
  )}) as x(id bigint, state text, change text, at bigint, reason text)
  where e.id = x.id and e.state = x.state and e.ended_at is null and exists (select from fence)
  returning e.id, e.service_id)
  insert into evidence (${recordColumns})
  select c.service_id, c.id, y.kind, y.body, ${signature} from changed c join ${proofs(storms)} on y.storm_id = c.id`;

/**
 * Marks domains as seen healthy as the round knew them: one that was edited since, or is being edited now, is left for
 * another round. Waits for no lock.
 */
const noteHealthy = (fence: Fence, healthy: RoundDecisions["healthy"], nowMs: number): SQL => sql`
  with ${fenceCte(fence)}, shown as (
  select d.id
  from jsonb_to_recordset(${json(
    healthy.map((domain) => ({
      id: domain.domainId,
      cdn: domain.primaryCdn,
      target: domain.primaryTarget,
      path: domain.probePath,
      status: domain.expectStatus,
    })),
  )}) as x(id bigint, cdn text, target text, path text, status text)
  join service_domains d on d.id = x.id and d.deleted_at is null and d.seen_healthy_at is null
    and (d.primary_target, d.probe_path, d.expect_status) is not distinct from (x.target, x.path, x.status)
  join services v on v.id = d.service_id and v.primary_cdn = x.cdn
  where exists (select from fence)
  for no key update of d skip locked
  for share of v skip locked)
  update service_domains d set seen_healthy_at = ${isoTime(nowMs)}::timestamptz from shown s where d.id = s.id`;

const saveServices = (fence: Fence, services: RoundDecisions["services"], nowMs: number): SQL => sql`
  with ${fenceCte(fence)}
  insert into service_routing (service_id, state, reason, latched_storm_id, latched_relapses, latched_also, failback_step,
    failback_step_at, shadow_target, backup_health, updated_at)
  select x.service_id, x.state, x.reason, x.storm_id, x.relapses, x.also, x.step, ${ms("x.step_at")}, x.shadow_target, x.backup_health,
    ${isoTime(nowMs)}::timestamptz
  from jsonb_to_recordset(${json(
    services.map((service) => ({
      service_id: service.serviceId,
      state: service.state,
      reason: service.reason,
      storm_id: service.latch?.stormId ?? null,
      relapses: service.latch?.relapses ?? null,
      also: service.latch?.also ?? null,
      step: service.failback?.step ?? null,
      step_at: service.failback?.sinceMs ?? null,
      shadow_target: service.shadowTarget,
      backup_health: service.backupHealth ?? null,
    })),
  )}) as x(service_id bigint, state text, reason text, storm_id bigint, relapses int, also jsonb, step int, step_at bigint, shadow_target text, backup_health text)
  where exists (select from fence)
  on conflict (service_id) do update set state = excluded.state, reason = excluded.reason,
    latched_storm_id = excluded.latched_storm_id, latched_relapses = excluded.latched_relapses, latched_also = excluded.latched_also,
    failback_step = excluded.failback_step, failback_step_at = excluded.failback_step_at,
    shadow_target = excluded.shadow_target, backup_health = excluded.backup_health, updated_at = excluded.updated_at`;

const saveDomains = (fence: Fence, domains: readonly DomainRow[], nowMs: number): SQL => sql`
  with ${fenceCte(fence)}
  insert into domain_routing (domain_id, service_id, status, zone_id, records, surroundings, group_weights, expected, read_at, primary_weight, backup_weight,
    discovered_primary_target, discovered_backup_target, discovered_primary_ok, discovered_backup_ok, moved_at,
    last_error, updated_at)
  select x.domain_id, x.service_id, x.status, x.zone_id, x.records, x.surroundings, x.group_weights, x.expected, ${ms("x.read_at")},
    (select (r->>'weight')::int from jsonb_array_elements(coalesce(x.records, '[]')) r where lower(r->>'setIdentifier') = 'primary' limit 1),
    (select (r->>'weight')::int from jsonb_array_elements(coalesce(x.records, '[]')) r where lower(r->>'setIdentifier') = 'backup' limit 1),
    x.primary_target, x.backup_target, x.primary_ok, x.backup_ok, ${ms("x.moved_at")}, x.last_error,
    ${isoTime(nowMs)}::timestamptz
  from jsonb_to_recordset(${json(
    domains.map((domain) => ({
      domain_id: domain.domainId,
      service_id: domain.serviceId,
      status: domain.status,
      zone_id: domain.zoneId,
      records: domain.records,
      surroundings: domain.surroundings ?? null,
      group_weights: domain.group ?? null,
      expected: visitorAnswers(domain.records, domain.surroundings ?? null),
      read_at: domain.readAtMs,
      primary_target: domain.discoveredPrimaryTarget,
      backup_target: domain.discoveredBackupTarget,
      primary_ok: domain.discoveredPrimaryOk,
      backup_ok: domain.discoveredBackupOk,
      moved_at: domain.movedAtMs,
      last_error: domain.lastError,
    })),
  )}) as x(domain_id bigint, service_id bigint, status text, zone_id text, records jsonb, surroundings jsonb, group_weights jsonb, expected jsonb, read_at bigint,
    primary_target text, backup_target text, primary_ok boolean, backup_ok boolean, moved_at bigint, last_error text)
  where exists (select from fence)
  on conflict (domain_id) do update set service_id = excluded.service_id, status = excluded.status,
    zone_id = excluded.zone_id, records = excluded.records, surroundings = excluded.surroundings, group_weights = excluded.group_weights, expected = excluded.expected, read_at = excluded.read_at,
    primary_weight = excluded.primary_weight, backup_weight = excluded.backup_weight,
    discovered_primary_target = excluded.discovered_primary_target,
    discovered_backup_target = excluded.discovered_backup_target,
    discovered_primary_ok = excluded.discovered_primary_ok, discovered_backup_ok = excluded.discovered_backup_ok,
    moved_at = excluded.moved_at, last_error = excluded.last_error, updated_at = excluded.updated_at`;

const saveStorms = (fence: Fence, storms: readonly StormDecision[], nowMs: number): readonly SQL[] => [
  ...(storms.some(({ transition }) => transition.kind === "begin") ? [beginStorms(fence, storms, nowMs)] : []),
  ...(storms.some(({ transition }) => transition.kind !== "begin") ? [changeStorms(fence, storms)] : []),
];

/** Storms of one request: with their evidence half of what Neon takes. */
const stormsPerRequest = 1_000;

/**
 * Applies decisions in one transaction; an empty set sends no statement for it. Of very many storms at once all but the last
 * thousand are written first, each with its evidence in one transaction.
 */
const saveSome = async (
  db: Database,
  fence: Fence,
  decisions: RoundDecisions,
  nowMs: number,
): Promise<ReadonlyMap<number, StoredIntent>> => {
  const { storms, healthy, services, domains, resolved, intents, lapsed, drifts, contests, states } = decisions;
  let first = 0;
  for (; storms.length - first > stormsPerRequest; first += stormsPerRequest) {
    await db.batch(saveStorms(fence, storms.slice(first, first + stormsPerRequest), nowMs));
  }
  const last = storms.slice(first);
  const statements = [
    ...saveStorms(fence, last, nowMs),
    ...(services.length > 0 ? [saveServices(fence, services, nowMs)] : []),
    ...(domains.length > 0 ? [saveDomains(fence, domains, nowMs)] : []),
    ...(resolved.length > 0 ? [resolveIntents(fence, resolved, nowMs)] : []),
    ...(drifts.length > 0 ? [saveDrifts(fence, drifts, nowMs)] : []),
    ...(contests.length > 0 ? [saveContests(fence, contests, nowMs)] : []),
    ...(healthy.length > 0 ? [noteHealthy(fence, healthy, nowMs)] : []),
    ...(states.length > 0 ? [saveStates(fence, states)] : []),
    ...(lapsed.length > 0 ? [forgetAttempts(fence, lapsed)] : []),
    ...(intents.length > 0 ? [saveIntents(fence, intents, nowMs)] : []),
  ];
  if (statements.length === 0) return new Map();
  const results = await db.batch(statements);
  const rows = intents.length > 0 ? (results.at(-1) as (StoredIntent & { domainId: number })[]) : [];
  return new Map(rows.map(({ domainId, ...stored }) => [domainId, stored]));
};

/** Applies a round's decisions: in one transaction if they fit one request, else in one per group of services. */
export const saveDecisions = async (
  db: Database,
  fence: Fence,
  decisions: RoundDecisions,
  nowMs: number,
): Promise<ReadonlyMap<number, StoredIntent>> => {
  const rowIds = new Map<number, StoredIntent>();
  for (const chunk of chunksOf(decisions)) {
    for (const [domainId, stored] of await saveSome(db, fence, chunk, nowMs)) rowIds.set(domainId, stored);
  }
  return rowIds;
};

/** Stores a chunk of DNS outcomes, in one transaction. */
const saveSomeOutcomes = async (db: Database, fence: Fence, outcomes: RoundOutcomes, nowMs: number): Promise<void> => {
  const { intents, domains, failures, dropped, settled, polled, expire, standings } = outcomes;
  const statements = [
    ...(intents.length > 0 ? [saveIntentOutcomes(fence, intents)] : []),
    ...(domains.length > 0 ? [saveDomains(fence, domains, nowMs)] : []),
    ...(failures.length > 0 ? [saveFailures(fence, failures, nowMs)] : []),
    ...(dropped.length > 0 ? [auditDropped(fence, dropped)] : []),
    ...(settled.length > 0 ? [saveSettled(fence, settled, nowMs)] : []),
    ...(polled.length > 0 ? [savePolled(fence, polled)] : []),
    ...(expire === null ? [] : [saveExpired(fence, inShard(sql`c.service_id`, expire), nowMs)]),
    ...(standings.length > 0 ? [saveStandings(fence, standings, nowMs)] : []),
  ];
  if (statements.length > 0) await db.batch(statements);
};

/** Outcomes per request: with the records of their domains a few megabytes. */
const outcomesPerRequest = 2_000;

/** Stores DNS outcomes, one transaction per request, usually one; nothing to store: no round trip. */
export const saveOutcomes = async (db: Database, fence: Fence, outcomes: RoundOutcomes, nowMs: number): Promise<void> => {
  const { intents, domains, failures, dropped, settled, polled, standings } = outcomes;
  const most = Math.max(1, ...[intents, domains, failures, dropped, settled, polled, standings].map(({ length }) => length));
  for (let from = 0; from < most; from += outcomesPerRequest) {
    const some = <Item>(all: readonly Item[]): readonly Item[] => all.slice(from, from + outcomesPerRequest);
    await saveSomeOutcomes(
      db,
      fence,
      {
        intents: some(intents),
        domains: some(domains),
        failures: some(failures),
        dropped: some(dropped),
        settled: some(settled),
        polled: some(polled),
        expire: from === 0 ? outcomes.expire : null,
        standings: some(standings),
      },
      nowMs,
    );
  }
};
