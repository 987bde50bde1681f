import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import type { RollupStore } from "../../ports/detection/rollups.ts";
import type { Fence } from "../../ports/coordination/lease.ts";
import type { Database } from "../platform/client.ts";
import { fenceCte } from "../platform/fence.ts";
import { latencyPlace } from "./latency-histogram.ts";
import { foldMinutes } from "./minute-folds.ts";

/** A sample is taken at most this long after the slot of its round, by which it is found. */
const longestRound = sql.raw("interval '10 minutes'");

const at = (ms: number) => sql`${isoTime(ms)}::timestamptz`;

const columns = sql.raw("domain_id, start_at, path, vantage, samples, ok, places, counts");

/** Buckets in ascending order with their sample counts, as the two lists of a rollup. */
const lists = (where: string) =>
  sql.raw(`coalesce(array_agg(place order by place) filter (where ${where}), '{}')::smallint[] as places,
    coalesce(array_agg(n order by place) filter (where ${where}), '{}')::smallint[] as counts`);

/** Samples are only ever added to: a sum that has become smaller was made of samples that have been pruned in between. */
const grown = (table: string) =>
  sql.raw(`
  on conflict (domain_id, start_at, path, vantage) do update
    set samples = excluded.samples, ok = excluded.ok, places = excluded.places, counts = excluded.counts
    where excluded.samples > ${table}.samples or (excluded.samples = ${table}.samples
      and (excluded.ok, excluded.places, excluded.counts) is distinct from (${table}.ok, ${table}.places, ${table}.counts))`);

const mark = (fence: Fence, level: "minute" | "hour" | "fold", untilMs: number) => sql`
  with ${fenceCte(fence)}
  insert into rollup_marks (level, done_until) select ${level}, ${at(untilMs)} from fence
  on conflict (level) do update set done_until = greatest(rollup_marks.done_until, excluded.done_until)
  returning level`;

const minutes = (fence: Fence, fromMs: number, toMs: number) => sql`
  with ${fenceCte(fence)}
  insert into probe_rollups_minute (${columns})
  select domain_id, minute, path, vantage, sum(n), coalesce(sum(n) filter (where ok), 0), ${lists("ok")}
  from (
    select s.domain_id, date_trunc('minute', s.probed_at, 'UTC') as minute, s.path, s.vantage, s.ok,
      case when s.ok then ${latencyPlace(sql`s.latency_ms`)} end as place, count(*) as n
    from service_domains d
    join probe_samples s on s.domain_id = d.id and s.round_at >= ${at(fromMs)} - ${longestRound} and s.round_at < ${at(toMs)}
    where s.probed_at >= ${at(fromMs)} and s.probed_at < ${at(toMs)} and exists (select from fence)
    group by 1, 2, 3, 4, 5, 6
  ) x
  group by 1, 2, 3, 4
  ${grown("probe_rollups_minute")}`;

const hour = (fence: Fence, startMs: number, afterDomainId: number, limit: number) => sql`
  with ${fenceCte(fence)}, page as (
    select id from service_domains where id > ${afterDomainId} and exists (select from fence) order by id limit ${limit}::int
  ), own as (
    select m.* from page join probe_rollups_minute m on m.domain_id = page.id
      and m.start_at >= ${at(startMs)} and m.start_at < ${at(startMs)} + interval '1 hour'
  ), parts as (
    select domain_id, path, vantage, null::smallint as place, 0::bigint as n, sum(samples) as samples, sum(ok) as ok from own group by 1, 2, 3
    union all
    select domain_id, path, vantage, place, sum(n), 0, 0 from own, unnest(places, counts) as l(place, n) group by 1, 2, 3, 4
  ), rolled as (
    insert into probe_rollups_hour (${columns})
    select domain_id, ${at(startMs)}, path, vantage, sum(samples), sum(ok), ${lists("place is not null")}
    from parts group by 1, 3, 4
    ${grown("probe_rollups_hour")}
  )
  select max(id) as "lastId" from page`;

export const createRollupStore = (db: Database): RollupStore => ({
  marks: async () => {
    const rows = await db.rows<{ level: string; doneUntil: number }>(sql`select level, done_until as "doneUntil" from rollup_marks`);
    const of = (level: string) => rows.find((row) => row.level === level)?.doneUntil ?? null;
    return { minuteMs: of("minute"), hourMs: of("hour"), foldMs: of("fold") };
  },
  rollMinutes: async (fence, fromMs, toMs) => {
    const [, marked] = await db.batch<[unknown[], unknown[]]>([minutes(fence, fromMs, toMs), mark(fence, "minute", toMs)]);
    return marked.length > 0;
  },
  rollHour: async (fence, startMs, afterDomainId, limit) => {
    const [row] = await db.rows<{ lastId: number | null }>(hour(fence, startMs, afterDomainId, limit));
    return row?.lastId ?? null;
  },
  markHours: async (fence, untilMs) => (await db.rows(mark(fence, "hour", untilMs))).length > 0,
  firstMinute: async () => {
    const [row] = await db.rows<{ startMs: number | null }>(sql`
      select min(m.start_at) as "startMs" from service_domains d cross join lateral (
        select start_at from probe_rollups_minute where domain_id = d.id order by start_at limit 1) m`);
    return row?.startMs ?? null;
  },
  fold: async (fence, startMs, afterDomainId, limit) => {
    const [row] = await db.rows<{ lastId: number | null }>(foldMinutes(fence, startMs, afterDomainId, limit));
    return row?.lastId ?? null;
  },
  markFolded: async (fence, untilMs) => (await db.rows(mark(fence, "fold", untilMs))).length > 0,
});
