import { sql } from "drizzle-orm";
import type { CostModeStore, CostModeView } from "../../ports/cost/modes.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, write } from "../platform/write.ts";

/** How customers are told of anomalies. Without a row it is `shadow`, since there is the customer. */
export const createCostModeStore = (db: Database): CostModeStore => ({
  read: async (customerId) => {
    const [row] = await db.rows<CostModeView>(sql`
      select m.mode, ${ms("m.since", "sinceMs")}, m.changed_by as "changedBy", count(a.id) as anomalies, count(a.expected_at) as expected,
        ${ms("now()", "nowMs")}
      from customers c left join cost_modes o on o.customer_id = c.id
        cross join lateral (select coalesce(o.mode, 'shadow') as mode, coalesce(o.since, c.created_at) as since, o.changed_by) m
        left join cost_anomalies a on a.customer_id = c.id and a.created_at >= m.since
      where c.id = ${customerId} group by m.mode, m.since, m.changed_by`);
    return row ?? null;
  },

  set: async (customerId, from, to, change) => {
    const rows = await write<{ readonly mode: string }>(
      db,
      sql`
      with was as (select c.id, coalesce(o.mode, 'shadow') as mode from customers c left join cost_modes o on o.customer_id = c.id where c.id = ${customerId}
      ), moved as (
        insert into cost_modes (customer_id, mode, since, changed_by) select id, ${to}, now(), ${change.actor} from was where mode = ${from}
        on conflict (customer_id) do update set mode = excluded.mode, since = excluded.since, changed_by = excluded.changed_by returning *
      ), audit as (${auditRow(
        change,
        "set",
        "cost_mode",
        sql`select moved.customer_id as object_id, moved.customer_id, jsonb_build_object('mode', was.mode) as before,
          jsonb_build_object('mode', moved.mode) as after from moved, was`,
      )}
      )
      select mode from moved`,
      {},
      sql`select 1 from customers where id = ${customerId} for no key update`,
    );
    return rows.length > 0;
  },
});
