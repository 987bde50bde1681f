import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import { latencyPlace } from "./latency-histogram.ts";
import { unfolded } from "./minute-folds.ts";

/** A sample is taken at most this long after the slot of its round, by which it is found. */
const longestRound = sql.raw("interval '10 minutes'");

const [minuteMs, hourMs] = [60_000, 3_600_000];

/** Half-open, in epoch milliseconds: whole steps. */
export type Steps = { readonly fromMs: number; readonly toMs: number; readonly stepMs: number };

/** What figures are kept apart by, besides their step. */
type Key = "path" | "vantage";

/**
 * Where each level is read, as adjacent half-open spans: hours up to where hours are rolled up, folded minutes
 * up to where they are folded, minutes up to where minutes are rolled up, then samples. A step that is not a multiple of
 * minutes or hours skips that level.
 */
const spans = ({ fromMs, toMs, stepMs }: Steps): SQL => {
  const level = (name: string, unitMs: number, after: SQL) => {
    if (stepMs % unitMs !== 0) return after;
    return sql`least(${isoTime(toMs)}::timestamptz, greatest(${after}, (select done_until from rollup_marks where level = ${name})))`;
  };
  const hours = level("hour", hourMs, sql`${isoTime(fromMs)}::timestamptz`);
  const since = (name: string) => sql.raw(`(select until from ${name})`);
  return sql`h as (select ${hours} as until), f as (select ${level("fold", minuteMs, since("h"))} as until),
    m as (select ${level("minute", minuteMs, since("f"))} as until)`;
};

/**
 * The CTEs `sums` (n, samples, ok) and `percentiles` (n, p50, p95: of the samples that were ok), one row a step that has any, of
 * the probes of the CTE `domains` (id).
 * @param wanted a condition on the rows `p`
 * @param keys columns by which the rows of both are kept apart, as their first ones
 */
export const probeFigures = (steps: Steps, wanted: SQL, keys: readonly Key[] = []): SQL => {
  const { fromMs, toMs, stepMs } = steps;
  const [from, to] = [fromMs, toMs].map((ms) => sql`${isoTime(ms)}::timestamptz`);
  const point = (column: SQL) => sql`floor((extract(epoch from ${column}) * 1000 - ${fromMs}::bigint) / ${stepMs}::bigint)::int`;
  const own = sql.raw(keys.map((key) => `p.${key}, `).join(""));
  const kept = sql.raw([...keys, "n"].join(", "));
  const rolled = (table: SQL, since: SQL, until: SQL) => sql`
    select ${own}${point(sql`p.start_at`)} as n, p.samples, p.ok, p.places, p.counts from domains d join ${table} p on p.domain_id = d.id
    where ${wanted} and p.start_at >= ${since} and p.start_at < ${until}`;
  const [untilH, untilF, untilM] = ["h", "f", "m"].map((name) => sql.raw(`(select until from ${name})`));
  return sql`${spans(steps)}, rolled as (
      ${rolled(sql`probe_rollups_hour`, sql`${from}`, sql`${untilH}`)}
      union all ${rolled(sql`probe_rollups_minute`, sql`${untilF}`, sql`${untilM}`)}
    ), folded as (
      select ${own}${point(sql`u.start_at`)} as n, u.samples, u.ok, u.places
      from domains d join probe_minutes_folded p on p.domain_id = d.id cross join ${unfolded}
      where ${wanted} and p.start_at > ${untilH} - interval '1 hour' and p.start_at < ${untilF}
        and u.start_at >= ${untilH} and u.start_at < ${untilF}
    ), raw as (
      select ${own}${point(sql`p.probed_at`)} as n, p.ok, ${latencyPlace(sql`p.latency_ms`)} as place
      from domains d join probe_samples p on p.domain_id = d.id
      where ${wanted} and p.round_at >= (select until from m) - ${longestRound} and p.round_at < ${to}
        and p.probed_at >= (select until from m) and p.probed_at < ${to}
    ), sums as (
      select ${kept}, sum(samples)::int as samples, sum(ok)::int as ok from (
        select ${kept}, samples, ok from rolled union all select ${kept}, samples, ok from folded union all select ${kept}, 1, ok::int from raw
      ) x group by ${kept}
    ), places as (
      select ${kept}, place, sum(count) as count from (
        select ${kept}, place, count from rolled, unnest(places, counts) as l(place, count)
        union all select ${kept}, place, 1 from folded, unnest(places) as l(place)
        union all select ${kept}, place, 1 from raw where ok
      ) x group by ${kept}, place
    ), ranked as (
      select ${kept}, place, sum(count) over (partition by ${kept} order by place) as upto, sum(count) over (partition by ${kept}) as total
      from places
    ), percentiles as (
      select ${kept}, min(place) filter (where upto >= 0.5 * total) as p50, min(place) filter (where upto >= 0.95 * total) as p95
      from ranked group by ${kept}
    )`;
};
