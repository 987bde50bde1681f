import { sql } from "drizzle-orm";
import type { Digest } from "../../../domain/slo/digest.ts";
import type { SentDigest, ServiceAchievements, ServiceFacts, SloProgress } from "../../ports/slo/history.ts";
import type { Database } from "../platform/client.ts";
import { ms } from "../platform/write.ts";

/** Of the service `s`, in the order in which they were achieved. */
const achievements = sql`coalesce((
  select jsonb_agg(jsonb_build_object('name', a.name, 'objectiveId', a.objective_id, 'day', a.day) order by a.day, a.created_at, a.name)
  from slo_achievements a where a.service_id = s.id), '[]') as achievements`;

/** Its shortest outage that is over and ended because visitors were moved to the backup. */
const outages = sql`coalesce((
  select jsonb_agg(jsonb_build_object('fromUs', y.from_us, 'toUs', y.to_us, 'movedAway', true)) from (
    select (extract(epoch from p.outage_at) * 1000000)::bigint as from_us, (extract(epoch from x.started_at) * 1000000)::bigint as to_us
    from service_states x join service_states p on p.service_id = x.service_id and p.ended_at = x.started_at and p.outage_at is not null
    where x.service_id = s.id and x.avoided and x.outage_at is null order by x.started_at - p.outage_at limit 1) y), '[]') as outages`;

const streaks = sql`coalesce((
  select jsonb_object_agg(o.id, d.streak) from slo_objectives o
  cross join lateral (select * from slo_daily_snapshots d where d.objective_id = o.id order by d.day desc limit 1) d
  where o.service_id = s.id and o.deleted_at is null), '{}') as streaks`;

/** Sent digests `g`, by year and number of their week. */
const digestId = sql`(left(g.week, 4) || right(g.week, 2))::int`;

/** Reads what customers have achieved, and what they were sent. */
export const createSloProgress = (db: Database): SloProgress => ({
  achievements: async (customerId, page) =>
    await db.rows<ServiceAchievements>(sql`
    select s.id, s.name, ${achievements} from services s
    where s.customer_id = ${customerId} and s.deleted_at is null and s.id > ${page.afterId ?? 0}
      and exists (select from slo_achievements a where a.service_id = s.id)
    order by s.id limit ${page.limit}`),

  serviceFacts: async (customerId, page) =>
    await db.rows<ServiceFacts>(sql`
    with covered as (
      select count(*)::int as live,
        count(*) filter (where exists (select from slo_objectives o where o.service_id = d.service_id and o.deleted_at is null))::int as covered
      from service_domains d where d.customer_id = ${customerId} and d.deleted_at is null
    )
    select s.id, s.name, ${achievements},
      (select (extract(epoch from x.started_at) * 1000000)::bigint from service_states x where x.service_id = s.id order by x.started_at limit 1) as "trackedSinceUs",
      (select jsonb_build_object('live', c.live, 'covered', c.covered) from covered c) as domains, ${outages}, ${streaks}
    from services s where s.customer_id = ${customerId} and s.deleted_at is null and s.id > ${page.afterId ?? 0}
    order by s.id limit ${page.limit}`),

  digests: async (customerId, page) =>
    await db.rows<SentDigest>(sql`
    select ${digestId} as id, g.week, ${ms("g.created_at", "createdAtMs")} from slo_digests g
    where g.customer_id = ${customerId} and ${digestId} < ${page.afterId ?? Number.MAX_SAFE_INTEGER}::bigint order by g.week desc limit ${page.limit}`),

  digest: async (customerId, week) => {
    const [row] = await db.rows<SentDigest & { readonly body: Digest }>(sql`
      select ${digestId} as id, g.week, ${ms("g.created_at", "createdAtMs")}, g.body from slo_digests g where g.customer_id = ${customerId} and g.week = ${week}`);
    return row ?? null;
  },
});
