import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { CreditGrounds, CreditReason } from "../../../domain/billing/credit.ts";
import { isoTime } from "../../../iso-time.ts";
import type { Fence } from "../../ports/coordination/lease.ts";
import type { RoundDecisions, StormDecision } from "../../ports/detection/round.ts";
import { fenceCte } from "../platform/fence.ts";
import { steersName } from "../tenants/holds-name.ts";

/*
 * The statements that begin and change storms, each with its evidence, and note what a later storm's credit depends on. They are sent
 * by `save.ts`, in one transaction with the states and intents that follow from them.
 */

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
export const noteHealthy = (fence: Fence, healthy: RoundDecisions["healthy"], nowMs: number): SQL => sql`
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

/** The statements of transitions: none where there are none of its sort. */
export const saveStorms = (fence: Fence, storms: readonly StormDecision[], nowMs: number): readonly SQL[] => [
  ...(storms.some(({ transition }) => transition.kind === "begin") ? [beginStorms(fence, storms, nowMs)] : []),
  ...(storms.some(({ transition }) => transition.kind !== "begin") ? [changeStorms(fence, storms)] : []),
];
