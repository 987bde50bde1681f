import { sql } from "drizzle-orm";
import { isoTime } from "../../iso-time.ts";
import type { ObservationStore, Unobserved } from "../ports/observations.ts";
import type { Database } from "./client.ts";
import { fenceCte } from "./fence.ts";
import { ms } from "./write.ts";

/** Another switch of the domain is under way or made: what DNS answers from then on says nothing about this one. */
const followed = sql`exists (
  select 1 from routing_changes n
  where n.domain_id = c.domain_id and n.id > c.id and n.result not in ('failed', 'superseded', 'shadow'))`;

export const createObservationStore = (db: Database): ObservationStore => ({
  due: async (sinceMs, limit) =>
    await db.rows<Unobserved>(sql`
      select c.id as "changeRowId", d.name, coalesce(r.records, '[]') as records, l.late, ${ms("c.insync_at", "insyncAtMs")},
        jsonb_build_object('primary', c.to_primary, 'backup', c.to_backup) as to
      from routing_changes c
      cross join lateral (select c.insync_at <= ${isoTime(sinceMs)}::timestamptz as late) l
      join service_domains d on d.id = c.domain_id
      left join domain_routing r on r.domain_id = c.domain_id
      where c.result = 'insync' and c.observed is null and (l.late or (
        d.deleted_at is null and r.records is not null and not ${followed}))
      order by l.late, c.insync_at, c.id limit ${limit}`),

  save: async (fence, changeRowId, observed) => {
    const rows = await db.rows<{ id: number }>(sql`
      with ${fenceCte(fence)}
      update routing_changes c set observed = ${JSON.stringify(observed)}::jsonb
      where c.id = ${changeRowId} and c.observed is null and (${observed.verdict === "missed"} or not ${followed})
        and exists (select from fence)
      returning c.id`);
    return rows.length > 0;
  },
});
