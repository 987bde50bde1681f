import { sql } from "drizzle-orm";
import { isoTime } from "../../iso-time.ts";
import type { ObservationStore, Unobserved } from "../ports/observations.ts";
import type { Database } from "./client.ts";
import { fenceCte } from "./fence.ts";
import { ms } from "./write.ts";

export const createObservationStore = (db: Database): ObservationStore => ({
  due: async (sinceMs, limit) =>
    await db.rows<Unobserved>(sql`
      select c.id as "changeRowId", d.name, r.records, ${ms("c.insync_at", "insyncAtMs")},
        jsonb_build_object('primary', c.to_primary, 'backup', c.to_backup) as to
      from routing_changes c
      join service_domains d on d.id = c.domain_id and d.deleted_at is null
      join domain_routing r on r.domain_id = c.domain_id and r.records is not null
      where c.result = 'insync' and c.observed is null and c.insync_at > ${isoTime(sinceMs)}::timestamptz
        and not exists (
          select 1 from routing_changes n
          where n.domain_id = c.domain_id and n.id > c.id and n.result not in ('failed', 'superseded', 'shadow'))
      order by c.insync_at, c.id limit ${limit}`),

  save: async (fence, seen) => {
    if (seen.length === 0) return 0;
    const rows = await db.rows<{ id: number }>(sql`
      with ${fenceCte(fence)}
      update routing_changes c set observed = x.observed
      from jsonb_to_recordset(${JSON.stringify(seen)}::jsonb) as x("changeRowId" bigint, observed jsonb)
      where c.id = x."changeRowId" and c.observed is null and exists (select from fence)
      returning c.id`);
    return rows.length;
  },
});
