import { sql } from "drizzle-orm";
import { pageBytes } from "../../domain/page-size.ts";
import type { EvidencePage, EvidenceStore } from "../ports/evidence.ts";
import { withinBytes } from "./byte-budget.ts";
import type { Database } from "./client.ts";

/** A record has some 80 KB at most. */
const recordsMeasured = 200;

export const createEvidenceStore = (db: Database): EvidenceStore => ({
  bundle: async (customerId, stormId, afterSeq) => {
    const records = sql`
      select r.seq, evidence_record(r.body, r.hash, r.kind, r.previous_hash, r.seq, r.service_id, r.storm_id) as record
      from evidence r
      where r.service_id = e.service_id and r.seq > ${afterSeq ?? 0} and r.seq between
        (select min(seq) from evidence where storm_id = e.id) and (select max(seq) from evidence where storm_id = e.id)`;
    const [page] = await db.rows<EvidencePage>(sql`
      select p.* from storm_events e join services s on s.id = e.service_id
      cross join lateral (
        select '[' || coalesce(string_agg(x.record, ',' order by x.seq), '') || ']' as bundle,
          max(x.seq) filter (where x.cut) as "nextAfterSeq"
        from (${withinBytes(records, sql`seq`, pageBytes, recordsMeasured)}) x
      ) p
      where e.id = ${stormId} and s.customer_id = ${customerId}`);
    return page ?? null;
  },
});
