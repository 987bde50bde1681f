import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";

const at = (ms: number) => sql`${isoTime(ms)}::timestamptz`;

/** What opened a thread says that it is open (`adapters/db/notify/news.ts`): it stays until the thread is closed, or its channel is gone. */
export const oldDeliveries = (beforeMs: number, limit: number): SQL => sql`
  select d.ctid as row from deliveries d join channels c on c.id = d.channel_id
  where d.ended_at < ${at(beforeMs)} and exists (select from fence)
    and (d.action <> 'trigger' or d.state in ('folded', 'dropped') or c.deleted_at is not null or exists (
      select from deliveries n where n.channel_id = d.channel_id and n.thread = d.thread and n.seq > d.seq and n.action in ('trigger', 'resolve') and n.state not in ('folded', 'dropped')))
  order by d.ended_at limit ${limit}::int`;

/** Those of which messages are decided, and that no message needs to tell what it is about. */
export const oldNotifications = (beforeMs: number, limit: number): SQL => sql`
  select n.ctid as row from notifications n
  where n.occurred_at < ${at(beforeMs)} and n.expanded_at is not null and exists (select from fence)
    and not exists (select from deliveries d where d.notification_id = n.id)
    and n.id < coalesce((select min(first_notification_id) from deliveries where state = 'pending'), 9223372036854775807)
  order by n.occurred_at limit ${limit}::int`;

/** Incidents (`i`) that ended long ago and of which no message is left. */
const oldIncident = (beforeMs: number): SQL => sql`
  i.last_edge_at < ${at(beforeMs)} and i.ended_at < ${at(beforeMs)} and not exists (select from deliveries d where d.incident_id = i.id)`;

export const oldIncidentServices = (beforeMs: number, limit: number): SQL => sql`
  select m.ctid as row from incidents i join incident_services m on m.incident_id = i.id
  where ${oldIncident(beforeMs)} and exists (select from fence) order by i.last_edge_at limit ${limit}::int`;

export const oldIncidents = (beforeMs: number, limit: number): SQL => sql`
  select i.ctid as row from incidents i
  where ${oldIncident(beforeMs)} and not exists (select from incident_services m where m.incident_id = i.id) and exists (select from fence)
  order by i.last_edge_at limit ${limit}::int`;
