import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { pageBytes } from "../../../domain/platform/page-size.ts";
import { isoTime } from "../../../iso-time.ts";
import { isOfIncident, kindNames } from "../../../domain/notify/kinds.ts";
import type { Delivery, DeliveryBrief, IncidentRow, NotifyHistory, Told } from "../../ports/notify/history.ts";
import type { Paged } from "../../ports/tenants/change.ts";
import { withinBytes } from "../platform/byte-budget.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, rememberedAnswer, write } from "../platform/write.ts";
import { incidentCounts, incidentMembers } from "./incident-view.ts";
import { kindList, notificationColumns } from "./news.ts";
import { ownedBy } from "./owner.ts";

const deliveryColumns = sql`d.id, d.channel_id as "channelId", c.name as channel, c.kind as "channelKind", d.action, d.kind, d.severity, d.incident_id as "incidentId", d.state,
  d.attempts, ${ms("d.next_at", "nextAtMs")}, d.last_status as "lastStatus", ${ms("d.created_at", "createdAtMs")}, ${ms("d.ended_at", "endedAtMs")}, d.replay, d.message`;

const briefColumns = sql`d.id, d.channel_id as "channelId", c.name as channel, d.action, d.state, d.attempts, d.last_status as "lastStatus", ${ms("d.ended_at", "endedAtMs")}, d.replay`;

const spanned = (
  column: string,
  { fromMs, toMs }: { readonly fromMs?: number | undefined; readonly toMs?: number | undefined },
): SQL => sql`
  ${fromMs === undefined ? sql`` : sql`and ${sql.raw(column)} >= ${isoTime(fromMs)}::timestamptz`} ${toMs === undefined ? sql`` : sql`and ${sql.raw(column)} < ${isoTime(toMs)}::timestamptz`}`;

const ofIncidents = sql.raw(
  kindNames
    .filter(isOfIncident)
    .map((kind) => `'${kind}'`)
    .join(),
);

/** The threads in which a notification (`n`) is told: its own, and those of incidents of its service. */
const threads = (customerId: number | null): SQL => sql`
  select case when n.customer_id is null then 'operator:' || n.subject else 'customer:' || n.customer_id || ':' || n.subject end as thread
  union all
  select distinct 'incident:' || m.incident_id from incident_services m join incidents i on i.id = m.incident_id and ${ownedBy(sql`i.customer_id`, customerId)}
  where m.service_id = n.service_id and n.kind in (${ofIncidents})`;

/**
 * The messages `d` that tell of a notification (`n`), each with its channel `c`. A thread's are in the order of what they tell: of
 * those that reach as far as this one the first, and what closes it by the same.
 */
const messagesOf = (columns: SQL, customerId: number | null): SQL => sql`
  select ${columns} from channels c
  cross join lateral (
    select d.* from (${threads(customerId)}) t
    cross join lateral (
      select * from deliveries d where d.channel_id = c.id and d.thread = t.thread and d.notification_id >= n.id order by d.notification_id, d.seq limit 2
    ) d where d.first_notification_id <= n.id
    union all
    select d.* from deliveries d where d.notification_id = n.id and d.channel_id = c.id and d.replay
  ) d
  where ${ownedBy(sql`c.customer_id`, customerId)} and (c.deleted_at is null or c.deleted_at > n.occurred_at)`;

/** Messages of one notification that an answer has: of several channels, replays included. */
const mostMessages = 200;

const toldBy = (columns: SQL, customerId: number | null): SQL => sql`
  coalesce((select jsonb_agg(x order by x.id) from (${messagesOf(columns, customerId)} order by d.id limit ${mostMessages}) x), '[]') as deliveries`;

/** Open incidents stand above it, ended ones below: their ids are smaller. */
const openFrom = 1_000_000_000_000_000;

export const createNotifyHistory = (db: Database): NotifyHistory => ({
  notifications: (customerId, filter, page) =>
    db.rows<Paged<Told<DeliveryBrief>>>(
      withinBytes(
        sql`
    select ${notificationColumns}, ${toldBy(briefColumns, customerId)} from (
      select * from notifications n
      where n.kind in (${kindList}) and ${ownedBy(sql`n.customer_id`, customerId)} and n.id < ${page.afterId ?? Number.MAX_SAFE_INTEGER}
        ${filter.kind === undefined ? sql`` : sql`and n.kind = ${filter.kind}`} ${filter.serviceId === undefined ? sql`` : sql`and n.service_id = ${filter.serviceId}`}
        ${spanned("n.occurred_at", filter)}
      order by n.id desc limit ${page.limit}
    ) n`,
        sql`id desc`,
      ),
    ),

  notification: async (customerId, id) => {
    const [row] = await db.rows<Told<Delivery>>(sql`
      select ${notificationColumns}, ${toldBy(deliveryColumns, customerId)} from notifications n
      where n.id = ${id} and n.kind in (${kindList}) and ${ownedBy(sql`n.customer_id`, customerId)}`);
    return row ?? null;
  },

  replay: async (customerId, id, channelId, nowMs, change) => {
    const [row] = await write<{ deliveries: Delivery[] }>(
      db,
      sql`
      with asked as (select * from notifications n where n.id = ${id} and ${ownedBy(sql`n.customer_id`, customerId)}
      ), told as (
        select distinct on (x.channel_id) x.* from asked n cross join lateral (${messagesOf(sql`d.*`, customerId)}
          and c.deleted_at is null and c.disabled_at is null and c.confirmed_at is not null and not d.replay and d.message is not null
          ${channelId === null ? sql`` : sql`and c.id = ${channelId}`}) x
        order by x.channel_id, x.id
      ), again as (
        insert into deliveries (channel_id, thread, seq, action, kind, severity, notification_id, first_notification_id, incident_id, message, next_at, replay)
        select channel_id, 'replay:' || gen_random_uuid(), 1, action, kind, severity, ${id}, ${id}, incident_id, message - 'left', ${isoTime(nowMs)}::timestamptz, true from told returning *
      ), view as (
        select coalesce((select jsonb_agg(x order by x.id) from (select ${deliveryColumns} from again d join channels c on c.id = d.channel_id) x), '[]') as deliveries from asked
      ), remembered as (${rememberedAnswer(change, "view", "view", 200)}
      ), audit as (${auditRow(
        change,
        "replay",
        "notification",
        sql`
        select n.id as object_id, n.customer_id, null::jsonb as before, jsonb_build_object('channels', (select coalesce(jsonb_agg(channel_id), '[]') from again)) as after
        from asked n where exists (select from again)`,
      )}
      )
      select deliveries from view`,
    );
    return row?.deliveries ?? null;
  },

  deliveries: async (customerId, channelId, page) => {
    const [row] = await db.rows<{ deliveries: Paged<Delivery>[] }>(sql`
      select coalesce((select jsonb_agg(x order by x.id desc) from (${withinBytes(
        sql`
        select ${deliveryColumns} from deliveries d where d.channel_id = c.id and d.id < ${page.afterId ?? Number.MAX_SAFE_INTEGER} order by d.id desc limit ${page.limit}`,
        sql`id desc`,
      )}) x), '[]') as deliveries
      from channels c where c.id = ${channelId} and ${ownedBy(sql`c.customer_id`, customerId)} and c.deleted_at is null`);
    return row?.deliveries ?? null;
  },

  incidents: async (customerId, { open, cdn, fromMs, toMs }, page) => {
    const rows = await db.rows<Paged<{ place: number; counts: IncidentRow }>>(
      withinBytes(
        sql`
      select i.place, (${incidentCounts(sql`i.id`)}) as counts from (
        select i.id, p.place from incidents i cross join lateral (select case when i.ended_at is null then ${openFrom}::bigint else 0 end + i.id as place) p
        where ${ownedBy(sql`i.customer_id`, customerId)} and p.place < ${page.afterId ?? Number.MAX_SAFE_INTEGER}
          ${open === undefined ? sql`` : open ? sql`and i.ended_at is null` : sql`and i.ended_at is not null`} ${cdn === undefined ? sql`` : sql`and i.cdn = ${cdn}`}
          ${spanned("coalesce(i.ended_at, 'infinity')", { fromMs })} ${spanned("i.started_at", { toMs })}
        order by p.place desc limit ${page.limit}
      ) i`,
        sql`place desc`,
      ),
    );
    return rows.map(({ counts, ...row }) => ({ ...counts, ...row }));
  },

  incident: async (customerId, id, afterServiceId) => {
    type Found = NonNullable<Awaited<ReturnType<NotifyHistory["incident"]>>>;
    const [row] = await db.rows<Found>(sql`
      select ${incidentCounts(sql`i.id`)} as incident,
        coalesce((select jsonb_agg(x order by x.id) from (${withinBytes(
          sql`
          select x.id, x.customer_id as "customerId", x.name, x.storm, x.monitor_only as "monitorOnly", x.shadow, x.state, x.reason, x.backup_cdn as "backupCdn", x.backup_health as "backupHealth",
            epoch_ms(x.joined_at) as "joinedAtMs", epoch_ms(x.left_at) as "leftAtMs", x.storm_id as "stormId"
          from (${incidentMembers(sql`i.id`)}) x where x.id > ${afterServiceId ?? 0} order by x.id limit 500`,
          sql`id`,
          pageBytes / 2,
          499,
        )}) x), '[]') as services,
        coalesce((select jsonb_agg(x order by x.id desc) from (${withinBytes(
          sql`
          select ${deliveryColumns} from channels c join deliveries d on d.channel_id = c.id and d.thread = 'incident:' || i.id
          where ${ownedBy(sql`c.customer_id`, customerId)} order by d.id desc limit 100`,
          sql`id desc`,
          pageBytes / 2,
        )}) x), '[]') as deliveries
      from incidents i where i.id = ${id} and ${ownedBy(sql`i.customer_id`, customerId)}`);
    return row ?? null;
  },
});
