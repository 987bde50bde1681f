import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import type { AvailabilityPoint, AvailabilityQuery, AvailabilityStore } from "../../ports/detection/availability.ts";
import type { Database } from "../platform/client.ts";
import { latencyPlace } from "./latency-histogram.ts";
import { unfolded } from "./minute-folds.ts";

/** A sample is taken at most this long after the slot of its round, by which it is found. */
const longestRound = sql.raw("interval '10 minutes'");

const [minuteMs, hourMs] = [60_000, 3_600_000];

type Bucket = { readonly n: number } & Omit<AvailabilityPoint, "startMs">;

/**
 * Where each level is read, as adjacent half-open spans: hours up to where hours are rolled up, folded minutes
 * up to where they are folded, minutes up to where minutes are rolled up, then samples. A step that is not a multiple of
 * minutes or hours skips that level.
 */
const spans = ({ fromMs, toMs, stepMs }: AvailabilityQuery): SQL => {
  const level = (name: string, unitMs: number, after: SQL) => {
    if (stepMs % unitMs !== 0) return after;
    return sql`least(${isoTime(toMs)}::timestamptz, greatest(${after}, (select done_until from rollup_marks where level = ${name})))`;
  };
  const hours = level("hour", hourMs, sql`${isoTime(fromMs)}::timestamptz`);
  const since = (name: string) => sql.raw(`(select until from ${name})`);
  return sql`h as (select ${hours} as until), f as (select ${level("fold", minuteMs, since("h"))} as until),
    m as (select ${level("minute", minuteMs, since("f"))} as until)`;
};

const parts = (query: AvailabilityQuery): SQL => {
  const { path, vantage, fromMs, toMs, stepMs } = query;
  const [from, to] = [fromMs, toMs].map((ms) => sql`${isoTime(ms)}::timestamptz`);
  const point = (column: SQL) => sql`floor((extract(epoch from ${column}) * 1000 - ${fromMs}::bigint) / ${stepMs}::bigint)::int`;
  const wanted = sql`p.path = ${path} ${vantage === null ? sql`` : sql`and p.vantage = ${vantage}`}`;
  const rolled = (table: SQL, since: SQL, until: SQL) => sql`
    select ${point(sql`p.start_at`)} as n, p.samples, p.ok, p.places, p.counts from domains d join ${table} p on p.domain_id = d.id
    where ${wanted} and p.start_at >= ${since} and p.start_at < ${until}`;
  const [untilH, untilF, untilM] = ["h", "f", "m"].map((name) => sql.raw(`(select until from ${name})`));
  return sql`rolled as (
      ${rolled(sql`probe_rollups_hour`, sql`${from}`, sql`${untilH}`)}
      union all ${rolled(sql`probe_rollups_minute`, sql`${untilF}`, sql`${untilM}`)}
    ), folded as (
      select ${point(sql`u.start_at`)} as n, u.samples, u.ok, u.places
      from domains d join probe_minutes_folded p on p.domain_id = d.id cross join ${unfolded}
      where ${wanted} and p.start_at > ${untilH} - interval '1 hour' and p.start_at < ${untilF}
        and u.start_at >= ${untilH} and u.start_at < ${untilF}
    ), raw as (
      select ${point(sql`p.probed_at`)} as n, p.ok, ${latencyPlace(sql`p.latency_ms`)} as place
      from domains d join probe_samples p on p.domain_id = d.id
      where ${wanted} and p.round_at >= (select until from m) - ${longestRound} and p.round_at < ${to}
        and p.probed_at >= (select until from m) and p.probed_at < ${to}
    ), sums as (
      select n, sum(samples)::int as samples, sum(ok)::int as ok from (
        select n, samples, ok from rolled union all select n, samples, ok from folded union all select n, 1, ok::int from raw
      ) x group by n
    ), places as (
      select n, place, sum(count) as count from (
        select n, place, count from rolled, unnest(places, counts) as l(place, count)
        union all select n, place, 1 from folded, unnest(places) as l(place)
        union all select n, place, 1 from raw where ok
      ) x group by n, place
    ), ranked as (
      select n, place, sum(count) over (partition by n order by place) as upto, sum(count) over (partition by n) as total from places
    ), percentiles as (
      select n, min(place) filter (where upto >= 0.5 * total) as p50, min(place) filter (where upto >= 0.95 * total) as p95
      from ranked group by n
    )`;
};

export const createAvailabilityStore = (db: Database): AvailabilityStore => ({
  series: async (customerId, serviceId, query) => {
    const rows = await db.rows<{ buckets: Bucket[] }>(sql`
      with s as (select id from services where id = ${serviceId} and customer_id = ${customerId} and deleted_at is null),
      domains as (select d.id from s join service_domains d on d.service_id = s.id),
      ${spans(query)},
      ${parts(query)}
      select coalesce((select jsonb_agg(x) from (
        select n, samples, ok, p50 as "p50LatencyMs", p95 as "p95LatencyMs" from sums left join percentiles using (n)
      ) x), '[]') as buckets from s`);
    const [row] = rows;
    if (row === undefined) return null;
    const { fromMs, toMs, stepMs } = query;
    const found = new Map(row.buckets.map(({ n, ...point }) => [n, point]));
    const nothing = { samples: 0, ok: 0, p50LatencyMs: null, p95LatencyMs: null };
    return Array.from({ length: (toMs - fromMs) / stepMs }, (_, n) => ({
      startMs: fromMs + n * stepMs,
      ...(found.get(n) ?? nothing),
    }));
  },
});
