import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";

/** A time as the database takes it. */
export const at = (atMs: number): SQL => sql`${isoTime(atMs)}::timestamptz`;

/** Whether a path `'backup'` of a live domain of the service `s` was probed lately: else nobody knows whether it would answer. */
const probedLately = (nowMs: number): SQL => sql`exists (
  select from service_domains d join probe_rollups_hour p on p.domain_id = d.id and p.path = 'backup' and p.start_at > ${at(nowMs)} - interval '3 hours'
  where d.service_id = s.id and d.deleted_at is null and p.samples > 0)`;

/** Whether some probe of the backup was good within a day. */
const goodLately = (nowMs: number): SQL => sql`(exists (
  select from service_domains d join probe_rollups_hour p on p.domain_id = d.id and p.path = 'backup' and p.start_at > ${at(nowMs)} - interval '25 hours'
  where d.service_id = s.id and d.deleted_at is null and p.ok > 0)
  or exists (select from service_domains d join probe_samples p on p.domain_id = d.id and p.path = 'backup' and p.ok and p.round_at > ${at(nowMs)} - interval '2 hours'
  where d.service_id = s.id and d.deleted_at is null))`;

/** Since when the CDN of the service `s` is on that side, whatever became of the other. */
const since = (side: "backup_cdn" | "primary_cdn"): SQL => {
  const cdn = sql.raw(side);
  return sql`coalesce((select min(c.from_at) from service_cdns c where c.service_id = s.id and c.${cdn} = s.${cdn}
    and c.from_at >= coalesce((select max(o.to_at) from service_cdns o where o.service_id = s.id and o.${cdn} <> s.${cdn}), '-infinity')), s.created_at)`;
};

/**
 * Selects backups that no probe found good within a day, with when they last worked. `isKnown`: somebody asks them at present, or they carried
 * something within a day; of all others nobody knows.
 * @param which a condition on the service `s`
 */
export const silentBackups = (which: SQL, nowMs: number): SQL => sql`
  select b.*, b."isProbed" or coalesce(b."lastBytesMs" > epoch_ms(${at(nowMs)} - interval '1 day'), false) as "isKnown" from (
    select s.id as "serviceId", s.customer_id as "customerId", s.name as service, s.backup_cdn as cdn, epoch_ms(${since("backup_cdn")}) as "sinceMs",
      ${probedLately(nowMs)} as "isProbed",
      (select epoch_ms(max(u.window_end)) from usage_snapshots u where u.service_id = s.id and u.backup_bytes > 0 and u.window_start > ${at(nowMs)} - interval '35 days') as "lastBytesMs",
      (select epoch_ms(max(p.start_at) + interval '1 hour') from service_domains d join probe_rollups_hour p on p.domain_id = d.id and p.path = 'backup' and p.ok > 0
        where d.service_id = s.id and d.deleted_at is null) as "lastGoodProbeMs",
      r.monthly_cents as "monthlyCents"
    from services s
    left join cost_rates r on r.customer_id = s.customer_id and r.cdn = s.backup_cdn
    where ${which} and s.deleted_at is null and not ${goodLately(nowMs)}
  ) b`;

/** Whether the window `u` was measured on both sides: one alone says nothing of the other. */
const bothMeasured = sql`u.primary_source is not null and u.backup_source is not null`;

/**
 * Selects CDNs of services without a byte on either side in two weeks. `isKnown`: both sides are measured at present. What idles does so since
 * both are, without a gap that is marked as one.
 */
export const silentCdns = (own: SQL, nowMs: number): SQL => sql`
  select s.id as "serviceId", n.cdn || ' of ' || s.name as id, n.cdn, n.cdn as account, r.monthly_cents as "monthlyCents", m.last_at is not null as "isKnown",
    epoch_ms(greatest(s.created_at, n.from_at, case when m.first_at > ${at(nowMs)} - interval '34 days' then m.first_at end, m.blind_at)) as "sinceMs", jsonb_build_array(epoch_ms(m.bytes_at)) as "lastBytesMs"
  from services s
  cross join lateral (values (s.primary_cdn, ${since("primary_cdn")}), (s.backup_cdn, ${since("backup_cdn")})) n(cdn, from_at)
  cross join lateral (
    select min(u.window_start) filter (where ${bothMeasured}) as first_at, max(u.window_end) filter (where not (${bothMeasured})) as blind_at,
      max(u.window_end) filter (where greatest(u.primary_bytes, u.backup_bytes) > 0) as bytes_at,
      max(u.window_start) filter (where ${bothMeasured} and u.window_start > ${at(nowMs)} - interval '2 days') as last_at
    from usage_snapshots u where u.service_id = s.id and u.window_start > ${at(nowMs)} - interval '35 days' and u.window_start <= ${at(nowMs)}
  ) m
  left join cost_rates r on r.customer_id = s.customer_id and r.cdn = n.cdn
  where s.customer_id = ${own} and s.deleted_at is null
    and not exists (select from usage_snapshots u where u.service_id = s.id and u.window_start > ${at(nowMs)} - interval '14 days' and greatest(u.primary_bytes, u.backup_bytes) > 0)
  order by 6 desc, s.id, n.cdn`;
