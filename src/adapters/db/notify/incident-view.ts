import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";

/** Services that a message names. */
const named = 20;

/** A service's part as it is now, and no more once it is over; a later storm of it in the same incident takes the place of the one before. */
export const incidentMembers = (incident: SQL): SQL => sql`
  select distinct on (m.service_id) s.id, s.name, s.customer_id, case when e.state <> 'ended' then e.state end as storm, coalesce(e.monitor_only, false) as monitor_only,
    s.steering = 'shadow' as shadow, case when m.left_at is null then r.state end as state, case when m.left_at is null then r.reason end as reason, s.backup_cdn,
    case when m.left_at is null then r.backup_health end as backup_health, m.joined_at, m.left_at, m.storm_id
  from incident_services m join services s on s.id = m.service_id
  left join storm_events e on e.id = m.storm_id left join service_routing r on r.service_id = s.id
  where m.incident_id = ${incident} order by m.service_id, m.storm_id desc`;

const held = sql`x.reason in ('backup_down', 'backup_unknown', 'latched', 'bad_backup')`;

const counts = sql`'customers', count(distinct x.customer_id), 'total', count(*), 'failing', count(*) filter (where x.storm = 'storm'),
  'recovering', count(*) filter (where x.storm = 'recovering'), 'onBackup', count(*) filter (where x.state in ('shifted', 'partial') and not x.shadow),
  'held', count(*) filter (where ${held}), 'backupsDown', count(*) filter (where x.backup_health = 'down')`;

/** Of the incident `z`: a name that no caller has for its own. */
const head = sql`jsonb_build_object('id', z.id, 'customerId', z.customer_id, 'cdn', z.cdn, 'kind', z.kind, 'startedAtMs', epoch_ms(z.started_at),
  'lastEdgeAtMs', epoch_ms(z.last_edge_at), 'endedAtMs', epoch_ms(z.ended_at))`;

/** `IncidentRow` of an incident as JSON. @param incident an expression for its id */
export const incidentCounts = (incident: SQL): SQL => sql`(
  select ${head} || (select jsonb_build_object(${counts}) from (${incidentMembers(incident)}) x) from incidents z where z.id = ${incident})`;

/** `IncidentView` likewise: with the worst of its services. */
export const incidentView = (incident: SQL): SQL => sql`(
  select ${head} || (
    select jsonb_build_object(${counts},
      'services', coalesce((jsonb_agg(jsonb_build_object('id', x.id, 'name', x.name, 'storm', x.storm, 'monitorOnly', x.monitor_only, 'shadow', x.shadow, 'state', x.state,
        'reason', x.reason, 'backupCdn', x.backup_cdn, 'backupHealth', x.backup_health) order by x.nth) filter (where x.nth <= ${named})), '[]'))
    from (
      select x.*, row_number() over (order by (${held}) desc nulls last, x.storm is null, x.storm = 'recovering', x.id) as nth from (${incidentMembers(incident)}) x
    ) x)
  from incidents z where z.id = ${incident})`;
