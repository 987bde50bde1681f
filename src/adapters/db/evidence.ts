import { sql } from "drizzle-orm";
import type { EvidenceStore } from "../ports/evidence.ts";
import type { Database } from "./client.ts";

export const createEvidenceStore = (db: Database): EvidenceStore => ({
  bundle: async (customerId, stormId) => {
    const [row] = await db.rows<{ bundle: string }>(sql`
      select '[' || coalesce((
        select string_agg(evidence_record(r.body, r.hash, r.kind, r.previous_hash, r.seq, r.service_id, r.storm_id), ',' order by r.seq)
        from evidence r
        where r.service_id = e.service_id and r.seq between
          (select min(seq) from evidence where storm_id = e.id) and (select max(seq) from evidence where storm_id = e.id)
      ), '') || ']' as bundle
      from storm_events e join services s on s.id = e.service_id
      where e.id = ${stormId} and s.customer_id = ${customerId}`);
    return row?.bundle ?? null;
  },
});
