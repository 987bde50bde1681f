import { sql } from "drizzle-orm";
import { pageBytes } from "../../../domain/platform/page-size.ts";
import type { EvidencePage, EvidenceStore } from "../../ports/evidence/evidence.ts";
import { withinBytes } from "../platform/byte-budget.ts";
import type { Database } from "../platform/client.ts";
import type { DowntimeTerms } from "../slo/avoided.ts";
import { stormSummary } from "./summary.ts";

/** A record has some 150 KB at most. */
const recordsMeasured = 200;

/** Of records `r` those in the bundle of a storm `e`. */
const ofBundle = sql`r.service_id = e.service_id and r.seq between
  (select least(seq, coalesce(follows_seq, seq) + 1) from evidence where storm_id = e.id order by seq limit 1) and (select max(seq) from evidence where storm_id = e.id)`;

type Row = EvidencePage & { readonly prunedSeq: number | null; readonly prunedHash: string | null };

export const createEvidenceStore = (db: Database, terms: DowntimeTerms): EvidenceStore => ({
  bundle: async (customerId, stormId, afterSeq) => {
    const records = sql`
      select r.seq, evidence_text(r) as record
      from evidence r
      where ${ofBundle} and r.seq > ${afterSeq ?? 0}`;
    const [row] = await db.rows<Row>(sql`
      select p.*, (
          select jsonb_build_object('seq', h.seq, 'hash', h.hash, 'serviceId', h.service_id, 'stormId', e.id)
            || case when p."nextAfterSeq" is null then jsonb_build_object('summary', ${stormSummary(ofBundle, terms)}) else '{}' end
          from evidence h where h.storm_id = e.id order by h.seq desc limit 1) as head, c.pruned_seq as "prunedSeq", c.pruned_hash as "prunedHash"
      from storm_events e join services s on s.id = e.service_id left join evidence_chains c on c.service_id = e.service_id
      cross join lateral (
        select '[' || coalesce(string_agg(x.record, ',' order by x.seq), '') || ']' as bundle,
          max(x.seq) filter (where x.cut) as "nextAfterSeq"
        from (${withinBytes(records, sql`seq`, pageBytes, recordsMeasured)}) x
      ) p
      where e.id = ${stormId} and s.customer_id = ${customerId}`);
    if (row === undefined) return null;
    const { bundle, nextAfterSeq, head, prunedSeq, prunedHash } = row;
    // For a chain that was cut it is unknown whether a storm without records ever had some.
    if (head === null && prunedSeq !== null && prunedHash !== null) return { pruned: { seq: prunedSeq, hash: prunedHash } };
    return { bundle, nextAfterSeq, head };
  },
});
