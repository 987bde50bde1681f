import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import type { Fence } from "../../ports/coordination/lease.ts";
import type { Attempt, Claimed, ClaimTerms, Composed, Outbox } from "../../ports/notify/outbox.ts";
import type { Database } from "../platform/client.ts";
import { fenceCte } from "../platform/fence.ts";
import { saveExpansion } from "./expand.ts";
import { incidentView } from "./incident-view.ts";
import { readNews } from "./news.ts";

const at = (ms: number): SQL => sql`${isoTime(ms)}::timestamptz`;
const json = (value: unknown): SQL => sql`${JSON.stringify(value)}::jsonb`;
const ofMs = (column: string): SQL => sql.raw(`to_timestamp(${column} / 1000.0)`);

/** Notifications that one message may tell of: the newest. */
const mostTold = 50;

/** Of a channel that can be sent to now: its recipients may have been exchanged, and have to agree before anything is sent to them. */
const ready = (kinds: readonly string[], nowMs: number): SQL => sql`
  c.deleted_at is null and c.disabled_at is null and c.confirmed_at is not null and c.kind in (select jsonb_array_elements_text(${JSON.stringify(kinds)}::jsonb))
    and (c.paused_until is null or c.paused_until <= ${at(nowMs)})`;

/** The first of its thread, and nobody is sending it. */
const isFirst = (nowMs: number): SQL => sql`
  d.state = 'pending' and (d.claimed_until is null or d.claimed_until <= ${at(nowMs)})
    and not exists (select from deliveries e where e.channel_id = d.channel_id and e.thread = d.thread and e.state = 'pending' and e.seq < d.seq)`;

const claim = (fence: Fence, { kinds, limit, perCustomer, busy, claimMs }: ClaimTerms, nowMs: number): SQL => sql`
  with ${fenceCte(fence)}, busy as materialized (
    select * from jsonb_to_recordset(${json(busy.map(({ channelId, customerId }) => ({ channel: channelId, customer: customerId ?? 0 })))}) as b(channel bigint, customer bigint)
  ), due as (
    select x.id from (
      select d.id, d.next_at, row_number() over (partition by c.customer_id order by d.next_at, d.id)
        + (select count(*) from busy b where b.customer = coalesce(c.customer_id, 0)) as nth
      from channels c
      cross join lateral (
        select d.id, d.next_at from deliveries d
        where d.channel_id = c.id and d.next_at <= ${at(nowMs)} and ${isFirst(nowMs)}
        order by d.next_at, d.id limit greatest(0, greatest(1, ${perCustomer}::int >> least(c.failures, 20)) - (select count(*) from busy b where b.channel = c.id))
      ) d
      where ${ready(kinds, nowMs)}
    ) x where x.nth <= ${perCustomer}::int order by x.nth, x.next_at, x.id limit ${limit}::int
  ), taken as (
    update deliveries d set claimed_epoch = ${fence.epoch}, claimed_until = ${at(nowMs + claimMs)}
    from due where d.id = due.id and d.state = 'pending' and exists (select from fence)
    returning d.*
  )
  select t.id, t.channel_id as "channelId", c.kind as "channelKind", c.sealed_secret as "sealedSecret", c.customer_id as "customerId", t.thread, t.action, t.kind,
    t.severity, t.attempts, c.failures as "channelFailures", t.message,
    case when t.message is null then (
      select coalesce(jsonb_agg(to_jsonb(x) order by x.id), '[]') from (
        select n.id, n.customer_id as "customerId", n.service_id as "serviceId", n.storm_id as "stormId", n.kind, n.subject, n.facts, epoch_ms(n.occurred_at) as "occurredAtMs"
        from notifications o join notifications n on n.id between t.first_notification_id and t.notification_id
          and n.customer_id is not distinct from o.customer_id and n.subject = o.subject
        where o.id = t.notification_id and (t.incident_id is null or n.id = o.id) order by n.id desc limit ${mostTold}
      ) x) else '[]'::jsonb end as told,
    case when t.message is null and t.incident_id is not null then ${incidentView(sql`t.incident_id`)} end as incident,
    case when c.customer_id is null then (
      select u.name from notifications n join customers u on u.id = n.customer_id where n.id = t.notification_id) end as customer
  from taken t join channels c on c.id = t.channel_id
  order by t.next_at, t.id`;

/** One failure more, or none: by the worst of what was tried at once. */
const recordChannels = (fence: Fence, attempts: readonly Attempt[], nowMs: number): SQL => sql`
  with ${fenceCte(fence)}, results as (
    select x.channel, bool_or(x.result = 'sent' or x.partly) as sent, bool_or(x.result = 'gone') as gone, count(*) filter (where x.result = 'failed') as failed,
      (array_agg(x.detail) filter (where x.result <> 'sent'))[1] as detail, max(x.paused) as paused
    from jsonb_to_recordset(${json(attempts.map((one) => ({ channel: one.channelId, result: one.result, detail: one.detail, paused: one.pausedUntilMs, partly: one.left !== undefined })))})
      as x(channel bigint, result text, detail text, paused bigint, partly boolean) group by 1
  )
  update channels c set
    failures = case when r.sent then 0 when r.failed > 0 then c.failures + 1 else c.failures end,
    paused_until = case when r.sent then null else coalesce(${ofMs("r.paused")}, c.paused_until) end,
    last_sent_at = case when r.sent then ${at(nowMs)} else c.last_sent_at end,
    last_error = coalesce(r.detail, c.last_error), last_error_at = case when r.detail is not null then ${at(nowMs)} else c.last_error_at end,
    disabled_at = case when r.gone then coalesce(c.disabled_at, ${at(nowMs)}) else c.disabled_at end,
    disabled_reason = case when r.gone and c.disabled_at is null then 'gone' else c.disabled_reason end
  from results r where c.id = r.channel and exists (select from fence)`;

const recordDeliveries = (fence: Fence, attempts: readonly Attempt[], nowMs: number): SQL => sql`
  with ${fenceCte(fence)}
  update deliveries d set
    state = case x.result when 'sent' then 'sent' when 'failed' then 'pending' else 'dead' end,
    ended_at = case when x.result = 'failed' then null else ${at(nowMs)} end,
    attempts = d.attempts + 1, next_at = coalesce(${ofMs("x.next")}, d.next_at), last_status = x.detail, claimed_epoch = null, claimed_until = null,
    message = case when x."left" is null then d.message else d.message || jsonb_build_object('left', x."left") end
  from jsonb_to_recordset(${json(attempts.map((one) => ({ id: one.id, result: one.result, detail: one.detail, next: one.nextAtMs, left: one.left ?? null })))})
    as x(id bigint, result text, detail text, next bigint, "left" jsonb)
  where d.id = x.id and d.state = 'pending' and d.claimed_epoch = ${fence.epoch} and exists (select from fence)`;

/** The outbox over the database. */
export const createOutbox = (db: Database): Outbox => ({
  noteExpired: async (fence, nowMs) => {
    const results = await db.batch<{ id: number }[][]>([
      sql`with ${fenceCte(fence)}
        update service_routing set override_expired_at = ${at(nowMs)}
        where override_until <= ${at(nowMs)} and override_expired_at is null and override_mode is not null and exists (select from fence) returning service_id as id`,
      sql`with ${fenceCte(fence)}
        update settings set freeze_expired_at = ${at(nowMs)}
        where freeze_until <= ${at(nowMs)} and freeze_expired_at is null and freeze_set_at is not null and exists (select from fence) returning id`,
      sql`with ${fenceCte(fence)}
        update customer_freezes set expired_at = ${at(nowMs)}
        where until <= ${at(nowMs)} and expired_at is null and exists (select from fence) returning customer_id as id`,
      sql`with ${fenceCte(fence)}
        update deliveries d set state = 'dropped', ended_at = ${at(nowMs)} from channels c
        where c.id = d.channel_id and d.state = 'pending' and (c.deleted_at is not null or c.disabled_at is not null or c.confirmed_at is null) and exists (select from fence) returning d.id`,
    ]);
    return results.slice(0, 3).reduce((sum, rows) => sum + rows.length, 0);
  },
  news: (limit, nowMs) => readNews(db, limit, nowMs),
  save: (fence, news, incidents, plan, nowMs) => saveExpansion(db, fence, news, incidents, plan, nowMs),
  claim: (fence, terms, nowMs) => db.rows<Claimed>(claim(fence, terms, nowMs)),
  freeze: (fence, messages) =>
    db.rows<Composed>(sql`
      with ${fenceCte(fence)}
      update deliveries d set message = x.message
      from jsonb_to_recordset(${json(messages)}) as x(id bigint, message jsonb)
      where d.id = x.id and d.state = 'pending' and d.claimed_epoch = ${fence.epoch} and d.message is null and exists (select from fence) returning d.id, d.message`),
  record: async (fence, attempts, nowMs) => {
    await db.batch([recordDeliveries(fence, attempts, nowMs), recordChannels(fence, attempts, nowMs)]);
  },
  nextDueMs: async (kinds, nowMs) => {
    const [row] = await db.rows<{ dueMs: number | null }>(sql`
      select min(epoch_ms(greatest(x.next_at, c.paused_until, x.claimed_until))) as "dueMs" from channels c
      cross join lateral (
        select d.next_at, d.claimed_until from deliveries d where d.channel_id = c.id and d.state = 'pending'
          and not exists (select from deliveries e where e.channel_id = d.channel_id and e.thread = d.thread and e.state = 'pending' and e.seq < d.seq)
        order by d.next_at, d.id limit 1
      ) x
      where c.deleted_at is null and c.disabled_at is null and c.confirmed_at is not null and c.kind in (select jsonb_array_elements_text(${JSON.stringify(kinds)}::jsonb))`);
    void nowMs;
    return row?.dueMs ?? null;
  },
});
