import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { IncidentChanges, Notification } from "../../../domain/notify/incident.ts";
import type { Plan } from "../../../domain/notify/thread.ts";
import { isoTime } from "../../../iso-time.ts";
import type { Fence } from "../../ports/coordination/lease.ts";
import type { Database } from "../platform/client.ts";
import { fenceCte } from "../platform/fence.ts";

const json = (value: unknown): SQL => sql`${JSON.stringify(value)}::jsonb`;
const at = (ms: number): SQL => sql`${isoTime(ms)}::timestamptz`;
const array = (ids: readonly number[]): SQL => sql`${`{${ids.join()}}`}::bigint[]`;
const ofMs = (column: string): SQL => sql.raw(`to_timestamp(${column} / 1000.0)`);

const saveIncidents = (fence: Fence, { opened, joined, touched, reopened, ended }: IncidentChanges, nowMs: number): readonly SQL[] => [
  ...(opened.length === 0
    ? []
    : [
        sql`
    with ${fenceCte(fence)}
    insert into incidents (id, customer_id, cdn, kind, started_at, last_edge_at) overriding system value
    select x.id, x.customer, x.cdn, x.kind, ${ofMs("x.at")}, ${ofMs("x.at")}
    from jsonb_to_recordset(${json(opened.map((one) => ({ id: one.id, customer: one.customerId, cdn: one.cdn, kind: one.kind, at: one.lastEdgeAtMs })))})
      as x(id bigint, customer bigint, cdn text, kind text, at bigint)
    where exists (select from fence)`,
      ]),
  ...(joined.length === 0
    ? []
    : [
        sql`
    with ${fenceCte(fence)}
    insert into incident_services (incident_id, service_id, storm_id, joined_at)
    select x.incident, x.service, x.storm, ${ofMs("x.at")}
    from jsonb_to_recordset(${json(joined.map((one) => ({ incident: one.incidentId, service: one.serviceId, storm: one.stormId, at: one.atMs })))})
      as x(incident bigint, service bigint, storm bigint, at bigint)
    where exists (select from fence)
    on conflict (incident_id, service_id, storm_id) do update set left_at = null`,
      ]),
  ...(touched.size + reopened.size === 0
    ? []
    : [
        sql`
    with ${fenceCte(fence)}
    update incidents i set last_edge_at = greatest(i.last_edge_at, ${ofMs("nullif(x.at, 0)")}),
      ended_at = case when x.ended then greatest(${at(nowMs)}, i.started_at) when x.reopened then null else i.ended_at end
    from jsonb_to_recordset(${json([...new Set([...touched.keys(), ...reopened])].map((id) => ({ id, at: touched.get(id) ?? 0, ended: ended.has(id), reopened: reopened.has(id) })))})
      as x(id bigint, at bigint, ended boolean, reopened boolean)
    where i.id = x.id and exists (select from fence)`,
      ]),
  ...(ended.size === 0
    ? []
    : [
        sql`
    with ${fenceCte(fence)}
    update incident_services m set left_at = ${at(nowMs)}
    where m.incident_id = any(${array([...ended])}) and m.left_at is null and exists (select from fence)`,
      ]),
];

/** Guarded by what the plan took for granted: of a message that was tried meanwhile nothing changes. The job alone tries them, after it has planned. */
const savePlan = (fence: Fence, { made, absorbed, folded }: Plan, nowMs: number): readonly SQL[] => [
  ...(folded.length === 0
    ? []
    : [
        sql`
    with ${fenceCte(fence)}
    update deliveries set state = 'folded', ended_at = ${at(nowMs)}
    where id = any(${array(folded)}) and state = 'pending' and message is null and exists (select from fence)`,
      ]),
  // What was numbered first may become visible last: a message tells of both, whichever came first.
  ...(absorbed.length === 0
    ? []
    : [
        sql`
    with ${fenceCte(fence)}
    update deliveries d set kind = x.kind, severity = x.severity, notification_id = greatest(d.notification_id, x.notification),
      first_notification_id = least(d.first_notification_id, x.notification), next_at = ${ofMs("x.next")}
    from jsonb_to_recordset(${json(absorbed.map((one) => ({ id: one.deliveryId, kind: one.kind, severity: one.severity, notification: one.notificationId, next: one.nextAtMs })))})
      as x(id bigint, kind text, severity text, notification bigint, next bigint)
    where d.id = x.id and d.state = 'pending' and d.message is null and exists (select from fence)`,
      ]),
  ...(made.length === 0
    ? []
    : [
        sql`
    with ${fenceCte(fence)}
    insert into deliveries (channel_id, thread, seq, action, kind, severity, notification_id, first_notification_id, incident_id, next_at)
    select x.channel, x.thread, x.seq, x.action, x.kind, x.severity, coalesce(nullif(x.last, 0), p.id), coalesce(nullif(x.first, 0), p.id), x.incident, ${ofMs("x.next")}
    from jsonb_to_recordset(${json(
      made.map((one) => ({
        channel: one.channelId,
        thread: one.thread,
        seq: one.seq,
        action: one.action,
        kind: one.kind,
        severity: one.severity,
        last: one.notificationId,
        first: one.firstNotificationId,
        incident: one.incidentId,
        next: one.nextAtMs,
      })),
    )}) as x(channel bigint, thread text, seq int, action text, kind text, severity text, last bigint, first bigint, incident bigint, next bigint)
    left join lateral (select max(d.notification_id) as id from deliveries d where d.channel_id = x.channel and d.thread = x.thread) p on true
    where exists (select from fence)`,
      ]),
];

/** In one transaction, whose last statement says whether the lease was held. */
export const saveExpansion = async (
  db: Database,
  fence: Fence,
  news: readonly Notification[],
  incidents: IncidentChanges,
  plan: Plan,
  nowMs: number,
): Promise<boolean> => {
  const results = await db.batch<unknown[][]>([
    ...saveIncidents(fence, incidents, nowMs),
    ...savePlan(fence, plan, nowMs),
    sql`
    with ${fenceCte(fence)}, done as (
      update notifications set expanded_at = ${at(nowMs)}
      where id = any(${array(news.map(({ id }) => id))}) and exists (select from fence) returning 1)
    select exists (select from fence) as held, (select count(*) from done) as done`,
  ]);
  const [last] = (results.at(-1) ?? []) as { held: boolean }[];
  return last?.held === true;
};
