import { sql } from "drizzle-orm";
import type { Paged } from "../../ports/tenants/change.ts";
import type { AnchoredHead, EvidenceAnchorStore, ServiceAnchor } from "../../ports/evidence/evidence-anchors.ts";
import { withinBytes } from "../platform/byte-budget.ts";
import type { Database } from "../platform/client.ts";
import { fenceCte } from "../platform/fence.ts";

const latest = sql`(select hash from evidence_anchors order by id desc limit 1)`;

export const createEvidenceAnchorStore = (db: Database): EvidenceAnchorStore => ({
  grown: async (limit) => {
    const [row] = await db.rows<{ heads: AnchoredHead[]; latestHash: string | null }>(sql`
      select ${latest} as "latestHash", coalesce((select jsonb_agg(x) from (
        select service_id as "serviceId", seq, hash from evidence_chains where seq > coalesce(anchored_seq, 0) order by service_id limit ${limit}::int
      ) x), '[]') as heads`);
    return row ?? { heads: [], latestHash: null };
  },

  save: async (fence, anchor, leaves, latestHash) => {
    const rows = await db.rows<{ id: number }>(sql`
      with ${fenceCte(fence)}, added as (
        insert into evidence_anchors (body, hash, key_id, signature, timestamp, timestamp_error)
        select ${anchor.body}, ${anchor.hash}, ${anchor.keyId}, ${anchor.signature}, ${anchor.timestamp}, ${anchor.timestampError}
        where exists (select from fence) and ${latest} is not distinct from ${latestHash}
        returning id
      ), x as (
        select * from jsonb_to_recordset(${JSON.stringify(leaves)}::jsonb)
          as x("serviceId" bigint, seq bigint, hash text, place int, path text[])
      ), leaves as (
        insert into evidence_anchor_leaves (service_id, anchor_id, seq, hash, place, path)
        select x."serviceId", added.id, x.seq, x.hash, x.place, x.path from x, added
      ), marked as (
        update evidence_chains c set anchored_seq = x.seq from x, added where c.service_id = x."serviceId"
      )
      select id from added`);
    return rows.length > 0;
  },

  ofService: async (customerId, serviceId, { afterId, limit }) => {
    const rows = sql`
      select a.id, a.body, a.hash, a.key_id as "keyId", a.signature, a.timestamp, a.timestamp_error as "timestampError",
        l.seq, l.hash as "leafHash", l.place, l.path
      from evidence_anchor_leaves l join evidence_anchors a on a.id = l.anchor_id
      where l.service_id = ${serviceId} and l.anchor_id > ${afterId ?? 0}::bigint order by l.anchor_id limit ${limit}::int`;
    const [found] = await db.rows<{ anchors: Paged<ServiceAnchor>[] }>(sql`
      select coalesce((select jsonb_agg(x order by x.id) from (${withinBytes(rows, sql`id`)}) x), '[]') as anchors
      from services s where s.id = ${serviceId} and s.customer_id = ${customerId}`);
    return found?.anchors ?? null;
  },
});
