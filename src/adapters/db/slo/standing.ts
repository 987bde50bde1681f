import { sql } from "drizzle-orm";

/** How objectives stand, for whoever watches the installation: what is open by its index, and of each objective its last closed day. */
export const openSloAlerts = sql`select kind as alert, count(*) as count from slo_alerts where resolved_at is null group by 1 order by 1`;

export const objectiveStates = sql`
  select coalesce(d.state, 'new') as state, count(*) as count from slo_objectives o
  left join lateral (select state from slo_daily_snapshots d where d.objective_id = o.id order by d.day desc limit 1) d on true
  where o.deleted_at is null group by 1 order by 1`;
