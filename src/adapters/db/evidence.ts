import { sql } from "drizzle-orm";
import type { EvidenceStore } from "../ports/evidence.ts";
import type { Database } from "./client.ts";

type Row = { readonly bundle: string | null; readonly prunedSeq: number | null; readonly prunedHash: string | null };

export const createEvidenceStore = (db: Database): EvidenceStore => ({
  bundle: async (customerId, stormId) => {
    const [row] = await db.rows<Row>(sql`
      select (
        select '[' || string_agg(evidence_record(r.body, r.hash, r.kind, r.previous_hash, r.seq, r.service_id, r.storm_id), ',' order by r.seq) || ']'
        from evidence r
        where r.service_id = e.service_id and r.seq between
          (select min(seq) from evidence where storm_id = e.id) and (select max(seq) from evidence where storm_id = e.id)
      ) as bundle, c.pruned_seq as "prunedSeq", c.pruned_hash as "prunedHash"
      from storm_events e join services s on s.id = e.service_id left join evidence_chains c on c.service_id = e.service_id
      where e.id = ${stormId} and s.customer_id = ${customerId}`);
    if (row === undefined) return null;
    const { bundle, prunedSeq, prunedHash } = row;
    // Of a chain that was cut nobody can tell any more whether a storm without records ever had some.
    if (bundle === null && prunedSeq !== null && prunedHash !== null) return { seq: prunedSeq, hash: prunedHash };
    return bundle ?? "[]";
  },
});
