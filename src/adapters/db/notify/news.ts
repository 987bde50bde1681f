import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { reopenedWithinMs } from "../../../domain/notify/incident.ts";
import type { Incident, Notification } from "../../../domain/notify/incident.ts";
import { threadOf } from "../../../domain/notify/plan.ts";
import type { Thread } from "../../../domain/notify/plan.ts";
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

/** Whether a service (`r`: its routing) is not where it normally is, and not because somebody put it there; a switch that DNS has not answered counts. */
const unsettled = sql`(r.state = 'failback' or (r.state in ('shifted', 'partial') and r.reason <> 'override') or r.reason in ('backup_down', 'backup_unknown', 'latched', 'bad_backup')
  or (r.state = 'held' and exists (
    select from service_domains d join domain_routing o on o.domain_id = d.id where d.service_id = r.service_id and o.moved_at is not null))
  or exists (select from service_domains d join routing_changes c on c.domain_id = d.id and c.result = 'intent' where d.service_id = r.service_id))`;

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

/** Of a service's old incidents no thread is read: a resolve of one was sent when it ended. */
const threadsOf = (names: readonly string[], nowMs: number): SQL => sql`
  with names as (
    select jsonb_array_elements_text(${JSON.stringify(names)}::jsonb) as thread
    union select 'incident:' || id from incidents where ended_at is null or ended_at > ${isoTime(nowMs - reopenedWithinMs)}::timestamptz
  )
  select d.channel_id as "channelId", d.thread, max(d.seq) as "lastSeq",
    coalesce((array_agg(d.action order by d.seq desc) filter (where d.action in ('trigger', 'resolve') and d.state <> 'folded'))[1] = 'trigger', false) as open,
    (array_agg(case when d.state = 'pending' and d.message is null then jsonb_build_object('deliveryId', d.id, 'action', d.action, 'kind', d.kind,
      'severity', d.severity, 'nextAtMs', epoch_ms(d.next_at)) end order by d.seq desc) filter (where d.state <> 'folded'))[1] as waiting,
    count(*) filter (where d.action = 'update' and d.state <> 'folded' and d.seq > t.seq) as updates,
    coalesce(max(${sql.raw("epoch_ms(coalesce(d.ended_at, d.next_at))")}) filter (where d.state <> 'folded'), 0) as "lastAtMs",
    coalesce(bool_or(d.kind in ('switch.held', 'switch.failed') and d.severity = 'critical' and d.seq >= t.seq), false) as escalated
  from names join deliveries d using (thread)
  cross join lateral (
    select coalesce(max(o.seq), 0) as seq from deliveries o where o.channel_id = d.channel_id and o.thread = d.thread and o.action = 'trigger'
  ) t
  group by d.channel_id, d.thread`;

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
      from channels c
      where c.deleted_at is null and c.disabled_at is null and c.confirmed_at is not null
        and (c.customer_id is null or c.customer_id = any(${array(distinct(notifications.map(({ customerId }) => customerId)))})
          or c.customer_id in (select customer_id from incidents where ended_at is null))
      order by c.id`,
    threadsOf([...new Set(notifications.map(threadOf))], nowMs),
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
