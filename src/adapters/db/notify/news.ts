import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { reopenedWithinMs } from "../../../domain/notify/incident.ts";
import type { Incident, Notification } from "../../../domain/notify/incident.ts";
import { threadOf } from "../../../domain/notify/plan.ts";
import { alertAgainMs } from "../../../domain/notify/retry.ts";
import type { Thread } from "../../../domain/notify/thread.ts";
import { kindNames } from "../../../domain/notify/kinds.ts";
import type { Subscriber } from "../../../domain/notify/subscription.ts";
import { isoTime } from "../../../iso-time.ts";
import type { News } from "../../ports/notify/outbox.ts";
import type { Database } from "../platform/client.ts";
import { ms } from "../platform/write.ts";

/** The kinds of this version, as constants of a statement. */
export const kindList: SQL = sql.raw(kindNames.map((kind) => `'${kind}'`).join());

export const notificationColumns = sql`n.id, n.customer_id as "customerId", n.service_id as "serviceId", n.storm_id as "stormId", n.kind, n.subject, n.facts,
  ${ms("n.occurred_at", "occurredAtMs")}`;

const array = (ids: readonly number[]): SQL => sql`${`{${ids.join()}}`}::bigint[]`;

const distinct = (values: readonly (number | null)[]): readonly number[] => [...new Set(values.filter((value) => value !== null))];

/** Whether a service (`r`: its routing) is not where it normally is, and not because somebody put it there; a switch that DNS has not answered, or has refused and is asked for again, counts. */
const unsettled = sql`(r.state = 'failback' or (r.state in ('shifted', 'partial') and r.reason <> 'override') or r.reason in ('backup_down', 'backup_unknown', 'latched', 'bad_backup')
  or (r.state = 'held' and exists (
    select from service_domains d join domain_routing o on o.domain_id = d.id where d.service_id = r.service_id and o.moved_at is not null))
  or (r.state = 'normal' and r.back_untold)
  or exists (select from service_domains d cross join lateral (
    (select from routing_changes c where c.domain_id = d.id and c.result = 'intent' limit 1)
    union all (select from routing_changes c where c.domain_id = d.id and c.next_attempt_at is not null and c.result = 'failed' limit 1)) o
    where d.service_id = r.service_id))`;

const incidents = (some: boolean, nowMs: number): SQL => sql`
  select i.id, i.customer_id as "customerId", i.cdn, i.kind, ${ms("i.last_edge_at", "lastEdgeAtMs")}, ${ms("i.ended_at", "endedAtMs")},
    (select count(*) from incident_services m
      left join storm_events e on e.id = m.storm_id left join service_routing r on r.service_id = m.service_id
      join services s on s.id = m.service_id
      where m.incident_id = i.id and case i.kind
        when 'backup' then r.backup_health = 'down' and s.deleted_at is null
        else e.state <> 'ended' or (${unsettled} and s.deleted_at is null) end) as unfinished
  from incidents i
  where i.ended_at is null or (${some}::boolean and i.ended_at > ${isoTime(nowMs - reopenedWithinMs)}::timestamptz)`;

/** Channels (`c`) that are told of these customers, and of incidents under way. */
const listening = (customers: SQL): SQL => sql`
  c.deleted_at is null and c.disabled_at is null and c.confirmed_at is not null
    and (c.customer_id is null or c.customer_id = any(${customers}) or c.customer_id in (select customer_id from incidents where ended_at is null))`;

/** The latest message of a thread on a channel (`p`), by its index: a thread may be years long. */
const latest = (columns: SQL, more: SQL): SQL => sql`
  select ${columns} from deliveries d where d.channel_id = p.id and d.thread = p.thread ${more} order by d.seq desc limit 1`;

/**
 * Of a service's old incidents no thread is read: a resolve of one was sent when it ended. A trigger or resolve that was dropped was
 * heard by nobody. What is a customer's is read for the channels of that customer and for the operator's, not for those of everybody.
 */
const threadsOf = (news: readonly Notification[], customers: SQL, nowMs: number): SQL => sql`
  with names as (
    select thread, owner, true as operators from jsonb_to_recordset(${JSON.stringify(
      news.map((one) => ({ thread: threadOf(one), owner: one.customerId })),
    )}::jsonb) as x(thread text, owner bigint)
    union select 'incident:' || id, customer_id, customer_id is null from incidents where ended_at is null or ended_at > ${isoTime(nowMs - reopenedWithinMs)}::timestamptz
  ), pairs as (
    select c.id, n.thread from channels c join names n on n.owner = c.customer_id where ${listening(customers)}
    union all select c.id, n.thread from channels c join names n on n.operators where c.customer_id is null and ${listening(customers)}
  )
  select p.id as "channelId", p.thread, l.seq as "lastSeq", coalesce(t.action = 'trigger', false) as open,
    case when w.state = 'pending' and w.message is null then jsonb_build_object('deliveryId', w.id, 'action', w.action, 'kind', w.kind,
      'severity', w.severity, 'nextAtMs', epoch_ms(w.next_at)) end as waiting,
    coalesce(u.updates, 0) as updates, coalesce(epoch_ms(coalesce(w.ended_at, w.next_at)), 0) as "lastAtMs", coalesce(u.escalated, false) as escalated,
    case when p.thread like 'incident:%' then exists (select from deliveries d where d.channel_id = p.id and d.thread = p.thread and d.action = 'resolve'
        and d.state not in ('folded', 'dropped'))
      when p.thread like 'customer:%:objective:%:%' then coalesce((
        select coalesce(d.ended_at, d.next_at) > ${isoTime(nowMs - alertAgainMs)}::timestamptz from deliveries d where d.channel_id = p.id and d.thread = p.thread
          and d.action = 'resolve' and d.state <> 'dropped' order by d.seq desc limit 1), false)
      else false end as resolved
  from pairs p
  cross join lateral (${latest(sql`seq`, sql``)}) l
  left join lateral (${latest(sql`*`, sql`and d.state <> 'folded'`)}) w on true
  left join lateral (${latest(sql`action, seq`, sql`and d.state not in ('folded', 'dropped') and d.action in ('trigger', 'resolve')`)}) t on true
  left join lateral (
    select count(*) filter (where d.action = 'update') as updates,
      bool_or(d.kind in ('switch.held', 'switch.failed') and d.severity = 'critical') as escalated
    from deliveries d where t.action = 'trigger' and d.channel_id = p.id and d.thread = p.thread and d.seq >= t.seq and d.state <> 'folded'
  ) u on true`;

type Batch = readonly [
  incidents: Incident[],
  members: { incidentId: number; serviceId: number; stormId: number }[],
  services: { serviceId: number; unsettled: boolean; backupDown: boolean }[],
  storms: { stormId: number }[],
  channels: Subscriber[],
  threads: Thread[],
  ids: { id: number }[],
];

/**
 * Two round trips: what is new, and what is known of whom it concerns. Kinds that this version does not know wait for one that
 * does: while a newer version is rolled out, the older one must not stop at them.
 */
export const readNews = async (db: Database, limit: number, nowMs: number): Promise<News> => {
  const notifications = await db.rows<Notification>(sql`
    select ${notificationColumns} from notifications n
    where n.expanded_at is null and n.kind in (${kindList}) order by n.id limit ${limit}::int`);
  const services = array(distinct(notifications.map(({ serviceId }) => serviceId)));
  const customers = array(distinct(notifications.map(({ customerId }) => customerId)));
  const begun = notifications.filter(({ kind }) => kind === "storm.started" || kind === "backup.down");
  const groups = new Set(
    begun.map(({ customerId, kind, facts }) => `${customerId} ${kind} ${String(facts["primaryCdn"])} ${String(facts["backupCdn"])}`),
  );
  const [live, members, states, storms, channels, threads, ids] = await db.batch<Batch>([
    incidents(notifications.length > 0, nowMs),
    sql`select m.incident_id as "incidentId", m.service_id as "serviceId", m.storm_id as "stormId"
      from incident_services m join incidents i on i.id = m.incident_id
      where m.service_id = any(${services}) and (i.ended_at is null or i.ended_at > ${isoTime(nowMs - reopenedWithinMs)}::timestamptz)`,
    sql`select s.id as "serviceId", coalesce(${unsettled}, false) and s.deleted_at is null as unsettled,
        coalesce(r.backup_health = 'down', false) and s.deleted_at is null as "backupDown"
      from services s left join service_routing r on r.service_id = s.id where s.id = any(${services})`,
    sql`select id as "stormId" from storm_events where id = any(${array(distinct(notifications.map(({ stormId }) => stormId)))}) and state <> 'ended'`,
    sql`select c.id as "channelId", c.customer_id as "customerId", c.kinds, c.min_severity as "minSeverity", c.service_ids as "serviceIds"
      from channels c where ${listening(customers)} order by c.id`,
    threadsOf(notifications, customers, nowMs),
    sql`select nextval(pg_get_serial_sequence('incidents', 'id')) as id from generate_series(1, ${2 * groups.size}::int)`,
  ]);
  return {
    notifications,
    channels,
    threads,
    incidentIds: ids.map(({ id }) => id),
    surroundings: {
      incidents: live,
      members,
      openStorms: new Set(storms.map(({ stormId }) => stormId)),
      unsettled: new Set(states.filter((one) => one.unsettled).map(({ serviceId }) => serviceId)),
      backupDown: new Set(states.filter((one) => one.backupDown).map(({ serviceId }) => serviceId)),
    },
  };
};
