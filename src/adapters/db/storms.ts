import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { JsonValue } from "../../domain/canonical-json.ts";
import { canonicalJson } from "../../domain/canonical-json.ts";
import type { CreditReason } from "../../domain/credit.ts";
import { isoTime } from "../../iso-time.ts";
import type { Storm, StormDetail, StormStore } from "../ports/storms.ts";
import { withinBytes } from "./byte-budget.ts";
import type { Database } from "./client.ts";
import { changeColumns } from "./views.ts";
import { auditRow, ms, rememberedAnswer, write } from "./write.ts";

/** A `storm_events` row `e` in the form of the port's `Storm`. */
export const stormColumns = sql`e.id, e.service_id as "serviceId", e.policy_id as "policyId", e.policy_version as "policyVersion",
  e.kind, e.state, e.monitor_only as "monitorOnly", ${ms("e.started_at", "startedAtMs")},
  ${ms("e.detected_at", "detectedAtMs")}, ${ms("e.recovering_since", "recoveringSinceMs")},
  ${ms("e.ended_at", "endedAtMs")}, e.ended_reason as "endedReason", e.relapses,
  e.max_coverage_factor::float8 as "maxCoverageFactor", e.credit, e.credit_reason as "creditReason",
  ${ms("e.credited_until", "creditedUntilMs")}`;

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
      select ${stormColumns}, ${changes} from storm_events e join services s on s.id = e.service_id
      where s.customer_id = ${customerId} and e.id = ${id}`);
    return rows[0] ?? null;
  },

  decide: async (id, credit, reason, change) => {
    const creditReason: CreditReason = credit === "earned" ? "confirmed" : "declined";
    const said: JsonValue = { credit, credit_reason: creditReason, decided_by: change.actor, reason };
    const rows = await write<Storm>(db, sql`
      with old as (
        select e.*, s.customer_id from storm_events e join services s on s.id = e.service_id
        where e.id = ${id}
      ), decided as (
        update storm_events e set credit = ${credit}, credit_reason = ${creditReason}, credited_until = null
        from old where e.id = old.id and (old.credit, old.credit_reason) is distinct from (${credit}::text, ${creditReason}::text)
        returning e.*
      ), proof as (
        insert into evidence (service_id, storm_id, kind, body) select service_id, id, 'credit', ${canonicalJson(said)} from decided
      ), audit as (${auditRow(change, "decide", "storm", sql`
        select d.id as object_id, old.customer_id, to_jsonb(old) - 'customer_id' as before, to_jsonb(d) || ${JSON.stringify({ reason })}::jsonb as after
        from decided d join old on old.id = d.id`)}
      ), view as (
        select ${stormColumns} from (select * from decided union all
          select o.* from storm_events o join old on old.id = o.id where not exists (select from decided)) e
      ), remembered as (${rememberedAnswer(change, "view", "view", 200)}
      )
      select * from view`, {}, sql`select 1 from storm_events where id = ${id} for no key update`);
    return rows[0] ?? null;
  },
});
