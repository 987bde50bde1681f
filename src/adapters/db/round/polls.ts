import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { unconfirmedAfterMs } from "../../../domain/steering/polling.ts";
import { isoTime } from "../../../iso-time.ts";
import type { Fence } from "../../ports/coordination/lease.ts";
import type { PolledChange, SettledChange } from "../../ports/detection/round.ts";
import type { DnsStanding } from "../../ports/detection/round-view.ts";
import { fenceCte } from "../platform/fence.ts";

const at = (ms: number): SQL => sql`${isoTime(ms)}::timestamptz`;
const json = (value: unknown): SQL => sql`${JSON.stringify(value)}::jsonb`;

/** Changes of one account, and in total, that one round polls. */
const perAccount = 10;
const perRound = 250;

/** The account that a change was made in: its id contains it (decision 21). */
const account = sql`coalesce(substring(c.change_id from '^c([0-9]+):')::bigint, 0)`;

/**
 * The changes that are due, round-robin over accounts, the most overdue first. None of a paused account; of one that
 * refused GetChange a single one, once its pause is over.
 * @param mine which services' changes, by a condition on `c.service_id`
 */
export const duePolls = (mine: SQL, nowMs: number): SQL => sql`
  select change_id as "changeId", checks from (
    select m.*, s.polls_error, row_number() over (partition by m.account order by m.due_at, m.change_id) as place
    from (
      select c.change_id, ${account} as account, min(coalesce(c.next_check_at, c.accepted_at)) as due_at, max(c.checks) as checks
      from routing_changes c
      where c.result = 'accepted' and c.change_id is not null and ${mine}
      group by c.change_id
    ) m
    left join dns_standings s on s.customer_id = m.account
    where m.due_at <= ${at(nowMs)} and coalesce(greatest(s.polls_paused_until, s.paused_until) <= ${at(nowMs)}, true)
  ) p
  where place <= case when polls_error is null then ${sql.raw(String(perAccount))} else 1 end
  order by place, due_at, change_id limit ${sql.raw(String(perRound))}`;

const isExpired = (nowMs: number): SQL => sql`c.result = 'accepted' and c.accepted_at < ${at(nowMs - unconfirmedAfterMs)}`;

/** Whether there is a change that is no longer polled. @param mine as above */
export const expiredPolls = (mine: SQL, nowMs: number): SQL => sql`
  select exists (select from routing_changes c where ${isExpired(nowMs)} and ${mine}) as expired`;

const inTrouble = sql`customer_id as "customerId", strikes, pauses, trunc(extract(epoch from paused_until) * 1000)::bigint as "pausedUntilMs",
  last_error as "lastError", trunc(extract(epoch from last_error_at) * 1000)::bigint as "lastErrorAtMs", polls_refused as "pollsRefused",
  polls_error as "pollsError", trunc(extract(epoch from polls_paused_until) * 1000)::bigint as "pollsPausedUntilMs"`;

/**
 * The accounts in trouble of some services' customers, those in which their pending changes were made, and the operator's.
 * @param mine which services', by a condition on a column
 */
export const standings = (mine: (column: SQL) => SQL): SQL => sql`
  select ${inTrouble} from dns_standings
  where customer_id = 0
    or customer_id in (select v.customer_id from services v where v.deleted_at is null and ${mine(sql`v.id`)})
    or customer_id in (select ${account} from routing_changes c where c.result = 'accepted' and c.change_id is not null and ${mine(sql`c.service_id`)})`;

/** Every account in trouble. */
export const allStandings = sql`select ${inTrouble} from dns_standings`;

export const saveSettled = (fence: Fence, settled: readonly SettledChange[], nowMs: number): SQL => sql`
  with ${fenceCte(fence)}
  update routing_changes c set result = x.result, insync_at = case when x.result = 'insync' then ${at(nowMs)} end,
    error = coalesce(x.error, c.error), next_check_at = null
  from jsonb_to_recordset(${json(settled)}) as x("changeId" text, result text, error text)
  where c.result = 'accepted' and c.change_id = x."changeId" and exists (select from fence)`;

export const savePolled = (fence: Fence, polled: readonly PolledChange[]): SQL => sql`
  with ${fenceCte(fence)}
  update routing_changes c set checks = c.checks + 1, next_check_at = to_timestamp(x."nextCheckAtMs" / 1000.0)
  from jsonb_to_recordset(${json(polled)}) as x("changeId" text, "nextCheckAtMs" bigint)
  where c.result = 'accepted' and c.change_id = x."changeId" and exists (select from fence)`;

/** At most a thousand at a time: they are closed, so the next round gets the next. @param mine as above */
export const saveExpired = (fence: Fence, mine: SQL, nowMs: number): SQL => sql`
  with ${fenceCte(fence)}, old as (
    select c.id, s.polls_error from routing_changes c left join dns_standings s on s.customer_id = ${account}
    where ${isExpired(nowMs)} and ${mine} and exists (select from fence)
    order by c.accepted_at limit 1000
  )
  update routing_changes c set result = 'unconfirmed', next_check_at = null,
    error = concat_ws('; ', c.error, coalesce(old.polls_error, 'nobody saw it on all servers within an hour'))
  from old where c.id = old.id and c.result = 'accepted'`;

/** A recovered account has no row. */
export const saveStandings = (fence: Fence, known: readonly DnsStanding[], nowMs: number): SQL => sql`
  with ${fenceCte(fence)}, x as (
    select * from jsonb_to_recordset(${json(known)}) as x("customerId" bigint, strikes int, pauses int, "pausedUntilMs" bigint, "lastError" text,
      "lastErrorAtMs" bigint, "pollsRefused" int, "pollsError" text, "pollsPausedUntilMs" bigint)
    where exists (select from fence)
  ), well as (
    delete from dns_standings s using x where s.customer_id = x."customerId" and x.strikes = 0 and x."pollsRefused" = 0
  )
  insert into dns_standings (customer_id, strikes, pauses, paused_until, last_error, last_error_at, polls_refused, polls_error,
    polls_paused_until, updated_at)
  select "customerId", strikes, pauses, to_timestamp("pausedUntilMs" / 1000.0), "lastError", to_timestamp("lastErrorAtMs" / 1000.0), "pollsRefused",
    "pollsError", to_timestamp("pollsPausedUntilMs" / 1000.0), ${at(nowMs)}
  from x where x.strikes > 0 or x."pollsRefused" > 0
  on conflict (customer_id) do update set strikes = excluded.strikes, pauses = excluded.pauses, paused_until = excluded.paused_until,
    last_error = excluded.last_error, last_error_at = excluded.last_error_at, polls_refused = excluded.polls_refused,
    polls_error = excluded.polls_error, polls_paused_until = excluded.polls_paused_until, updated_at = excluded.updated_at`;
