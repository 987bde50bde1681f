import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import type { ObservationStore, Unobserved } from "../../ports/steering/observations.ts";
import type { Database } from "../platform/client.ts";
import { fenceCte } from "../platform/fence.ts";
import { storedProof } from "../round/intents.ts";

/** A later switch of the domain is in flight or made: DNS answers from then on say nothing about this one. */
const followed = sql`exists (
  select 1 from routing_changes n
  where n.domain_id = c.domain_id and n.id > c.id and n.result not in ('failed', 'superseded', 'shadow'))`;

/** How many of a run's switches are at least reserved for late ones: no query is sent for them, they are only closed. */
const lateShare = 0.25;

const columns = sql`c.id as "changeRowId", d.name, coalesce(r.records, '[]') as records, r.surroundings,
  jsonb_build_object('primary', c.to_primary, 'backup', c.to_backup) as to, c.service_id as "serviceId", c.storm_id as "stormId",
  (select jsonb_build_object('seq', k.seq, 'hash', k.hash) from evidence_chains k where k.service_id = c.service_id) as chain`;
const joined = sql`join service_domains d on d.id = c.domain_id left join domain_routing r on r.domain_id = c.domain_id`;

export const createObservationStore = (db: Database): ObservationStore => ({
  due: async (nowMs, lateMs, limit) => {
    const [now, late] = [sql`${isoTime(nowMs)}::timestamptz`, sql`${isoTime(nowMs - lateMs)}::timestamptz`];
    const lateLimit = Math.max(1, Math.floor(limit * lateShare));
    return await db.rows<Unobserved>(sql`
      with fresh as (
        select ${columns}, false as late, c.observe_at, row_number() over (partition by d.customer_id order by c.observe_at, c.id) as place
        from routing_changes c ${joined}
        where c.result = 'insync' and c.observed is null and c.observe_at <= ${now} and c.observe_at > ${late}
          and d.deleted_at is null and r.records is not null and not ${followed}
        order by place, c.observe_at, c.id limit ${limit - lateLimit}
      ), old as (
        select ${columns}, true as late, c.observe_at, 0::bigint as place
        from routing_changes c ${joined}
        where c.result = 'insync' and c.observed is null and c.observe_at <= ${late}
        order by c.observe_at, c.id limit ${lateLimit}
      )
      select "changeRowId", name, records, surroundings, "to", "serviceId", "stormId", chain, late from (select * from fresh union all select * from old) x
      order by late, place, observe_at, "changeRowId"`);
  },

  save: async (fence, changeRowId, observed, proof) => {
    const rows = await db.rows<{ id: number }>(sql`
      with ${fenceCte(fence)}
      update routing_changes c set observed = ${JSON.stringify(observed)}::jsonb,
        proof = ${JSON.stringify(storedProof(proof))}::jsonb
      where c.id = ${changeRowId} and c.observed is null and (${observed.verdict === "missed"} or not ${followed})
        and exists (select from fence)
      returning c.id`);
    return rows.length > 0;
  },
});
