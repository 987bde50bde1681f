import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { pageBytes } from "../../../domain/platform/page-size.ts";
import { isoTime } from "../../../iso-time.ts";
import type { Notification } from "../../../domain/notify/incident.ts";
import type { Delivery, IncidentRow, NotifyHistory } from "../../ports/notify/history.ts";
import type { Paged } from "../../ports/tenants/change.ts";
import { withinBytes } from "../platform/byte-budget.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, write } from "../platform/write.ts";
import { incidentCounts, incidentMembers } from "./incident-view.ts";
import { notificationColumns } from "./news.ts";

const deliveryColumns = sql`d.id, d.channel_id as "channelId", c.name as channel, c.kind as "channelKind", d.action, d.kind, d.severity, d.incident_id as "incidentId", d.state,
  d.attempts, ${ms("d.next_at", "nextAtMs")}, d.last_status as "lastStatus", ${ms("d.created_at", "createdAtMs")}, ${ms("d.ended_at", "endedAtMs")}, d.replay, d.message`;

const is = (column: SQL, customerId: number | null): SQL => sql`${column} is not distinct from ${customerId}::bigint`;

const spanned = (column: string, { fromMs, toMs }: { readonly fromMs?: number | undefined; readonly toMs?: number | undefined }): SQL => sql`
  ${fromMs === undefined ? sql`` : sql`and ${sql.raw(column)} >= ${isoTime(fromMs)}::timestamptz`} ${toMs === undefined ? sql`` : sql`and ${sql.raw(column)} < ${isoTime(toMs)}::timestamptz`}`;

/** Messages that told of a notification (`n`): of its own thread, or of an incident of its service. Replays tell of it as well. */
const tellsOf = sql`n.id between d.first_notification_id and d.notification_id and d.state <> 'folded' and case
  when d.incident_id is null then d.thread = case when n.customer_id is null then 'operator:' || n.subject else 'customer:' || n.customer_id || ':' || n.subject end
    or (d.replay and d.notification_id = n.id)
  else exists (select from incident_services m where m.incident_id = d.incident_id and m.service_id = n.service_id) end`;

/** A message of an incident begins with the first notification that it tells of; what is absorbed later lies behind. */
const messagesOf = (customerId: number | null, id: number): SQL => sql`
  select ${deliveryColumns} from notifications n
  join channels c on ${is(sql`c.customer_id`, customerId)} join deliveries d on d.channel_id = c.id and d.notification_id >= n.id and ${tellsOf}
  where n.id = ${id} order by d.id desc limit 200`;

export const createNotifyHistory = (db: Database): NotifyHistory => ({
  notifications: (customerId, filter, page) => db.rows<Paged<Notification>>(withinBytes(sql`
    select ${notificationColumns} from notifications n
    where ${is(sql`n.customer_id`, customerId)} and n.id < ${page.afterId ?? Number.MAX_SAFE_INTEGER}
      ${filter.kind === undefined ? sql`` : sql`and n.kind = ${filter.kind}`} ${filter.serviceId === undefined ? sql`` : sql`and n.service_id = ${filter.serviceId}`}
      ${spanned("n.occurred_at", filter)}
    order by n.id desc limit ${page.limit}`, sql`id desc`)),

  notification: async (customerId, id) => {
    const [row] = await db.rows<{ notification: Notification; deliveries: Delivery[] }>(sql`
      select (select to_jsonb(v) from (select ${notificationColumns}) v) as notification,
        coalesce((select jsonb_agg(x order by x.id desc) from (${withinBytes(messagesOf(customerId, id), sql`id desc`)}) x), '[]') as deliveries
      from notifications n where n.id = ${id} and ${is(sql`n.customer_id`, customerId)}`);
    return row ?? null;
  },

  replay: async (customerId, id, change) => {
    const [row] = await write<{ deliveries: Delivery[] | null }>(db, sql`
      with asked as (select * from notifications n where n.id = ${id} and ${is(sql`n.customer_id`, customerId)}
      ), latest as (
        select distinct on (d.channel_id, d.thread) d.* from asked n
        join channels c on ${is(sql`c.customer_id`, customerId)} and c.deleted_at is null and c.disabled_at is null and c.confirmed_at is not null
        join deliveries d on d.channel_id = c.id and d.notification_id >= n.id and ${tellsOf} and not d.replay and d.message is not null
        order by d.channel_id, d.thread, d.id
      ), again as (
        insert into deliveries (channel_id, thread, seq, action, kind, severity, notification_id, first_notification_id, incident_id, message, next_at, replay)
        select l.channel_id, 'replay:' || l.id, 1 + coalesce((select max(o.seq) from deliveries o where o.channel_id = l.channel_id and o.thread = 'replay:' || l.id), 0),
          l.action, l.kind, l.severity, ${id}, ${id}, null, l.message, now(), true
        from latest l returning *
      ), audit as (${auditRow(change, "replay", "notification", sql`
        select n.id as object_id, n.customer_id, null::jsonb as before, jsonb_build_object('messages', (select count(*) from again)) as after from asked n`)}
      )
      select case when exists (select from asked) then coalesce((
        select jsonb_agg(x order by x.id) from (select ${deliveryColumns} from again d join channels c on c.id = d.channel_id) x), '[]') end as deliveries`);
    return row?.deliveries ?? null;
  },

  deliveries: async (customerId, channelId, page) => {
    const [row] = await db.rows<{ deliveries: Paged<Delivery>[] }>(sql`
      select coalesce((select jsonb_agg(x order by x.id desc) from (${withinBytes(sql`
        select ${deliveryColumns} from deliveries d where d.channel_id = c.id and d.id < ${page.afterId ?? Number.MAX_SAFE_INTEGER} order by d.id desc limit ${page.limit}`, sql`id desc`)}) x), '[]') as deliveries
      from channels c where c.id = ${channelId} and ${is(sql`c.customer_id`, customerId)} and c.deleted_at is null`);
    return row?.deliveries ?? null;
  },

  incidents: (customerId, { open, cdn, ...span }, page) => db.rows<Paged<IncidentRow>>(withinBytes(sql`
    select i.id, (${incidentCounts(sql`i.id`)}) as counts from (
      select * from incidents i where ${is(sql`i.customer_id`, customerId)} and i.id < ${page.afterId ?? Number.MAX_SAFE_INTEGER}
        ${open === undefined ? sql`` : open ? sql`and i.ended_at is null` : sql`and i.ended_at is not null`} ${cdn === undefined ? sql`` : sql`and i.cdn = ${cdn}`} ${spanned("i.started_at", span)}
      order by i.id desc limit ${page.limit}
    ) i order by i.id desc`, sql`id desc`)).then((rows) => (rows as unknown as (Paged<{ id: number }> & { counts: IncidentRow })[]).map(({ counts, cut }) => ({ ...counts, ...(cut !== undefined && { cut }) }))),

  incident: async (customerId, id, afterServiceId) => {
    type Found = NonNullable<Awaited<ReturnType<NotifyHistory["incident"]>>>;
    const [row] = await db.rows<Found>(sql`
      select ${incidentCounts(sql`i.id`)} as incident,
        coalesce((select jsonb_agg(x order by x.id) from (${withinBytes(sql`
          select x.id, x.name, x.storm, x.monitor_only as "monitorOnly", x.shadow, x.state, x.reason, x.backup_cdn as "backupCdn", x.backup_health as "backupHealth",
            epoch_ms(x.joined_at) as "joinedAtMs", epoch_ms(x.left_at) as "leftAtMs", x.storm_id as "stormId"
          from (${incidentMembers(sql`i.id`)}) x where x.id > ${afterServiceId ?? 0} order by x.id limit 500`, sql`id`, pageBytes / 2, 499)}) x), '[]') as services,
        coalesce((select jsonb_agg(x order by x.id desc) from (${withinBytes(sql`
          select ${deliveryColumns} from deliveries d join channels c on c.id = d.channel_id and ${is(sql`c.customer_id`, customerId)}
          where d.incident_id = i.id and d.state <> 'folded' order by d.id desc limit 100`, sql`id desc`, pageBytes / 2)}) x), '[]') as deliveries
      from incidents i where i.id = ${id} and ${is(sql`i.customer_id`, customerId)}`);
    return row ?? null;
  },
});
