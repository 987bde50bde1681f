import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { spansListed } from "../../../domain/evidence/evidence-summary.ts";
import type { DowntimeTerms } from "../slo/avoided.ts";
import { microseconds, moment, statesWithin } from "../slo/avoided.ts";
import { stormDowntime } from "../slo/storm-downtime.ts";

/** When DNS first accepted a switch to the backup that the bundle shows; null: it shows none. */
const firstSwitch = (ofBundle: SQL): SQL => sql`(
  select min((w.body ->> 'accepted_at')::timestamptz) from (
    select r.body::jsonb as body from evidence r where ${ofBundle} and r.kind = 'switch' offset 0
  ) w where (w.body -> 'to' ->> 'backup')::numeric > (w.body -> 'to' ->> 'primary')::numeric)`;

/**
 * The `DowntimeSummary` of a storm `e` as jsonb: of the avoided time only what comes after a switch in its bundle.
 * @param ofBundle a condition on records `r`
 */
export const stormSummary = (ofBundle: SQL, terms: DowntimeTerms): SQL => {
  const at = moment(terms.clock.nowMs());
  const span = sql`jsonb_build_object('fromUs', v.a, 'toUs', v.b)`;
  return sql`(
    with v as materialized (
      select ${microseconds(sql`p.a`)} as a, ${microseconds(sql`p.b`)} as b, row_number() over (order by p.a) as place
      from (select ${firstSwitch(ofBundle)} as since) f
      cross join lateral (${statesWithin(sql`e.service_id`, sql`greatest(e.started_at, f.since)`, sql`coalesce(e.ended_at, ${at})`, at)}) p
      where f.since is not null and p.avoided
    )
    select ${stormDowntime(terms)} || jsonb_build_object(
      'asOfUs', ${microseconds(at)},
      'avoidedUs', (select coalesce(sum(v.b - v.a), 0)::bigint from v),
      'spans', coalesce((select jsonb_agg(${span} order by v.place) from v where v.place <= ${spansListed}::int), '[]'),
      'rest', (select case when count(*) > 0 then jsonb_build_object('spans', count(*), 'us', sum(v.b - v.a)::bigint) end
        from v where v.place > ${spansListed}::int)))`;
};
