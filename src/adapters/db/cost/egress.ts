import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";

/** How far back egress is learnt: hours of the week need four of each. */
const historyDays = 35;
/** What a CDN reports late is waited for so long, and what it can not say at all as long as that. */
const [settleMinutes, patienceHours] = [15, 3];
/** Visitors whose resolvers hold an old answer come to the CDN that was left for so long. */
const tailMinutes = 15;

/** Whether the hour `h` of usage, read to `until`, may still become another one. */
const isOpen = sql.raw(`(k.now < h.hour + interval '1 hour' + make_interval(mins => ${settleMinutes})
  or (k.now < h.hour + make_interval(hours => ${patienceHours} + 1) and (coalesce(h.incomplete, true) or h.until < h.hour + interval '1 hour')))`);

/**
 * Selects hours of egress that are over and not judged yet, by services, until `most` hours are together: "serviceId", "customerId", "hourMs", "untilMs",
 * "sides", "isWhole", "sumCentsPerGb" and "shift". An hour is over once usage was read to its end and is complete, or when it has had the time for it.
 * An hour without any window, behind which there is one, is waited for as long as one that is incomplete, and then passed. A CDN whose hour stayed incomplete is no side of it: what was measured is no measure of it. The others are judged all the same. Services whose
 * next hour is not over take no place from others.
 */
export const egressHours = (nowMs: number, most: number, except: readonly number[]): SQL => sql`
  with clock as materialized (select ${isoTime(nowMs)}::timestamptz as now, date_trunc('hour', ${isoTime(nowMs)}::timestamptz) as this_hour),
  candidates as materialized (
    select s.id, s.customer_id, f.from_hour, least(k.this_hour - interval '1 hour', date_trunc('hour', l.last_window)) as last_hour
    from services s cross join clock k
    cross join lateral (select max(q.last_hour) as at from cost_series q where q.service_id = s.id and q.kind = 'egress') d
    cross join lateral (select min(u.window_start) as first_window from usage_snapshots u
      where u.service_id = s.id and u.window_start >= greatest(d.at + interval '1 hour', k.this_hour - make_interval(days => ${historyDays}))) w
    cross join lateral (select case when d.at is null then date_trunc('hour', w.first_window)
      when w.first_window is not null then greatest(d.at + interval '1 hour', k.this_hour - make_interval(days => ${historyDays})) end as from_hour) f
    cross join lateral (select max(u.window_start) as last_window from usage_snapshots u where u.service_id = s.id) l
    where s.deleted_at is null and s.id <> all(${`{${except.join()}}`}::bigint[]) and f.from_hour < k.this_hour
  ), chosen as materialized (
    select c.id, c.customer_id, c.from_hour, c.last_hour, sum(extract(epoch from c.last_hour - c.from_hour) / 3600 + 1) over (order by c.from_hour desc, c.id) as so_far
    from candidates c cross join clock k cross join lateral (
      select c.from_hour as hour, bool_or(u.primary_incomplete or u.backup_incomplete) as incomplete, max(u.window_end) as until
      from usage_snapshots u where u.service_id = c.id and u.window_start >= c.from_hour and u.window_start < c.from_hour + interval '1 hour') h
    where c.last_hour >= c.from_hour and not ${isOpen}
  ), taken as materialized (
    select * from chosen where so_far <= ${most}::int or so_far = (select min(so_far) from chosen)
  ), windows as materialized (
    select c.id as service_id, date_trunc('hour', u.window_start) as hour, u.window_start, u.window_end, case when u.primary_source is not null or u.primary_bytes > 0 then u.primary_bytes end as primary_bytes,
      case when u.backup_source is not null or u.backup_bytes > 0 then u.backup_bytes end as backup_bytes,
      u.primary_incomplete, u.backup_incomplete
    from taken c join usage_snapshots u on u.service_id = c.id and u.window_start >= c.from_hour and u.window_start < c.last_hour + interval '1 hour'
  ), hours as materialized (
    select c.id as service_id, g.hour, bool_or(w.primary_incomplete or w.backup_incomplete) as incomplete, max(w.window_end) as until
    from taken c cross join lateral generate_series(c.from_hour, c.last_hour, interval '1 hour') g(hour)
    left join windows w on w.service_id = c.id and w.hour = g.hour group by c.id, g.hour
  ), blocked as (
    select h.service_id, min(h.hour) as hour from hours h cross join clock k
    where ${isOpen} group by h.service_id
  ), sides as materialized (
    select w.service_id, w.hour, case n.side when 'primary' then o.primary_cdn else o.backup_cdn end as cdn, sum(n.bytes) as bytes, max(a.at) as since
    from windows w
    cross join lateral (values ('primary', w.primary_bytes, w.primary_incomplete), ('backup', w.backup_bytes, w.backup_incomplete)) n(side, bytes, incomplete)
    cross join lateral (select x.primary_cdn, x.backup_cdn from service_cdns x where x.service_id = w.service_id
      order by (x.from_at <= w.window_start) desc, case when x.from_at <= w.window_start then x.from_at end desc, x.from_at limit 1) o
    cross join lateral (select max(x.to_at) as at from service_cdns x where x.service_id = w.service_id and x.to_at <= w.window_end
      and case n.side when 'primary' then x.primary_cdn <> o.primary_cdn else x.backup_cdn <> o.backup_cdn end) a
    where n.bytes is not null or n.incomplete group by 1, 2, 3 having not bool_or(n.incomplete)
  )
  select c.id as "serviceId", c.customer_id as "customerId", epoch_ms(h.hour) as "hourMs",
    epoch_ms(coalesce(b.hour, c.last_hour + interval '1 hour')) as "untilMs",
    coalesce((
      select jsonb_agg(jsonb_build_object('cdn', x.cdn, 'bytes', x.bytes, 'centsPerGb', r.cents_per_gb::float8,
        'rateSinceMs', epoch_ms(r.updated_at), 'sinceMs', epoch_ms(x.since)) order by x.cdn)
      from sides x left join cost_rates r on r.customer_id = c.customer_id and r.cdn = x.cdn where x.service_id = h.service_id and x.hour = h.hour), '[]') as sides,
    not coalesce(h.incomplete, true) as "isWhole",
    (select min(r.cents_per_gb)::float8 from services s join cost_rates r on r.customer_id = s.customer_id and r.cdn in (s.primary_cdn, s.backup_cdn)
      where s.id = c.id and r.cents_per_gb > 0) as "sumCentsPerGb",
    case
      when exists (select from storm_events e where e.service_id = h.service_id and not e.monitor_only and e.started_at < h.hour + interval '1 hour'
        and coalesce(e.ended_at, 'infinity') > h.hour - make_interval(mins => ${tailMinutes})) then 'storm'
      else (
        select case when x.reason = 'override' then 'override' else 'storm' end from (
          select distinct on (r.domain_id) r.reason, r.to_backup, r.accepted_at from routing_changes r
          where r.service_id = h.service_id and r.accepted_at < h.hour + interval '1 hour' order by r.domain_id, r.accepted_at desc
        ) x where x.to_backup > 0 or x.accepted_at > h.hour - make_interval(mins => ${tailMinutes}) order by 1 limit 1)
    end as shift
  from taken c join hours h on h.service_id = c.id left join blocked b on b.service_id = c.id
  where h.hour < coalesce(b.hour, 'infinity') order by c.id, h.hour`;
