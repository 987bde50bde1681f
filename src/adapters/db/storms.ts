import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { isoTime } from "../../iso-time.ts";
import type { Storm, StormDetail, StormStore } from "../ports/storms.ts";
import { withinBytes } from "./byte-budget.ts";
import type { Database } from "./client.ts";
import { changeColumns } from "./views.ts";
import { ms } from "./write.ts";

/** A `storm_events` row `e` in the form of the port's `Storm`. */
export const stormColumns = sql`e.id, e.service_id as "serviceId", e.policy_id as "policyId", e.policy_version as "policyVersion",
  e.kind, e.state, e.monitor_only as "monitorOnly", ${ms("e.started_at", "startedAtMs")},
  ${ms("e.detected_at", "detectedAtMs")}, ${ms("e.recovering_since", "recoveringSinceMs")},
  ${ms("e.ended_at", "endedAtMs")}, e.ended_reason as "endedReason", e.relapses,
  e.max_coverage_factor::float8 as "maxCoverageFactor", e.credit, e.credit_reason as "creditReason"`;

const maxChanges = 1_000;

const changes = sql`coalesce((select jsonb_agg(x order by x.id) from (${withinBytes(sql`
    select ${changeColumns} from routing_changes where storm_id = e.id
    order by id limit ${maxChanges}`, sql`id`)}) x), '[]') as changes,
  (select count(*) from routing_changes where storm_id = e.id) as "changesInAll"`;

export const createStormStore = (db: Database): StormStore => ({
  list: async (customerId, filter, page) => {
    const conditions = [
      filter.active !== undefined && (filter.active ? sql`e.ended_at is null` : sql`e.ended_at is not null`),
      filter.fromMs !== undefined && sql`coalesce(e.ended_at, 'infinity') >= ${isoTime(filter.fromMs)}::timestamptz`,
      filter.toMs !== undefined && sql`e.started_at < ${isoTime(filter.toMs)}::timestamptz`,
      page.afterId !== null && sql`(e.service_id, e.id) < (s.id, ${page.afterId}::bigint)`,
    ].filter((condition) => condition !== false);
    const where = sql.join(conditions.map((condition) => sql` and ${condition}`));
    const service = filter.serviceId === undefined ? sql`` : sql`and s.id = ${filter.serviceId}`;
    // Each service's by its own index: the one by id alone would go through everybody's.
    const newest = (columns: SQL, more: SQL, limit: SQL) =>
      sql`select ${columns} from storm_events e where e.service_id = s.id${where}${more} order by e.id desc limit ${limit}`;
    // A few of each service, twice a page in all: where most have had so many, the last of a page of these is the oldest that may be on it.
    return await db.rows<Storm>(sql`
      with own as materialized (
        select s.id from services s where s.customer_id = ${customerId} ${service}
      ), heads as (
        select e.id from own s cross join lateral (
          ${newest(sql`e.id`, sql``, sql`(select 1 + 2 * ${page.limit}::bigint / greatest(count(*), 1) from own)`)}
        ) e
      ), oldest as materialized (
        select coalesce((select id from heads order by id desc limit 1 offset ${page.limit - 1}), 0) as id
      )
      select ${stormColumns} from own s cross join lateral (
        ${newest(sql`*`, sql` and e.id >= (select id from oldest)`, sql`${page.limit}`)}
      ) e
      order by e.id desc limit ${page.limit}`);
  },

  get: async (customerId, id) => {
    const rows = await db.rows<StormDetail>(sql`
      select ${stormColumns}, ${changes}, (
          select jsonb_build_object('seq', h.seq, 'hash', h.hash) from evidence h where h.storm_id = e.id order by h.seq desc limit 1
        ) as "evidenceHead"
      from storm_events e join services s on s.id = e.service_id
      where s.customer_id = ${customerId} and e.id = ${id}`);
    return rows[0] ?? null;
  },
});
