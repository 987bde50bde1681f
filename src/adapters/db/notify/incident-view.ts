import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";

/** Services that a message, or the head of an incident, names. */
const named = 20;

/** A service's part as it is now; a later storm of it in the same incident takes the place of the one before. */
const members = (incident: SQL): SQL => sql`
  select distinct on (m.service_id) s.id, s.name, s.customer_id, case when e.state <> 'ended' then e.state end as storm, coalesce(e.monitor_only, false) as monitor_only,
    s.steering = 'shadow' as shadow, r.state, r.reason, s.backup_cdn, r.backup_health
  from incident_services m join services s on s.id = m.service_id
  left join storm_events e on e.id = m.storm_id left join service_routing r on r.service_id = s.id
  where m.incident_id = ${incident} order by m.service_id, m.storm_id desc`;

const held = sql`x.reason in ('backup_down', 'backup_unknown', 'latched', 'bad_backup')`;

/** `IncidentView` of an incident as JSON. @param incident an expression for its id */
export const incidentView = (incident: SQL): SQL => sql`(
  select jsonb_build_object('id', i.id, 'customerId', i.customer_id, 'cdn', i.cdn, 'kind', i.kind, 'startedAtMs', epoch_ms(i.started_at), 'endedAtMs', epoch_ms(i.ended_at)) || (
    select jsonb_build_object('customers', count(distinct x.customer_id), 'total', count(*), 'failing', count(*) filter (where x.storm = 'storm'),
      'recovering', count(*) filter (where x.storm = 'recovering'), 'onBackup', count(*) filter (where x.state = 'shifted' and not x.shadow),
      'held', count(*) filter (where ${held}), 'backupsDown', count(*) filter (where x.backup_health = 'down'),
      'services', coalesce((jsonb_agg(jsonb_build_object('id', x.id, 'name', x.name, 'storm', x.storm, 'monitorOnly', x.monitor_only, 'shadow', x.shadow, 'state', x.state,
        'reason', x.reason, 'backupCdn', x.backup_cdn, 'backupHealth', x.backup_health) order by x.nth) filter (where x.nth <= ${named})), '[]'))
    from (
      select x.*, row_number() over (order by (${held}) desc nulls last, x.storm is null, x.storm = 'recovering', x.id) as nth from (${members(incident)}) x
    ) x)
  from incidents i where i.id = ${incident})`;
