import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import { ms } from "../platform/write.ts";

/** How many facts of a kind are read of a customer in one hunt. */
export const mostFacts = 2_000;

const limited = sql.raw(`limit ${mostFacts + 1}`);
const at = (atMs: number): SQL => sql`${isoTime(atMs)}::timestamptz`;

/** Whether a path `'backup'` of a live domain of the service `s` was probed lately: else nobody knows whether it would answer. */
const probedLately = (nowMs: number): SQL => sql`exists (
  select from service_domains d join probe_rollups_hour p on p.domain_id = d.id and p.path = 'backup' and p.start_at > ${at(nowMs)} - interval '3 hours'
  where d.service_id = s.id and d.deleted_at is null and p.samples > 0)`;

/** Whether some probe of the backup was good within a day. */
const goodLately = (nowMs: number): SQL => sql`exists (
  select from service_domains d join probe_rollups_hour p on p.domain_id = d.id and p.path = 'backup' and p.start_at > ${at(nowMs)} - interval '25 hours'
  where d.service_id = s.id and d.deleted_at is null and p.ok > 0)
  or exists (select from service_domains d join probe_samples p on p.domain_id = d.id and p.path = 'backup' and p.ok and p.round_at > ${at(nowMs)} - interval '2 hours'
  where d.service_id = s.id and d.deleted_at is null)`;

/**
 * Selects backups that no probe found good within a day, although they are probed; all that is asked of them is when they last worked.
 * @param which a condition on the service `s`
 */
export const silentBackups = (which: SQL, nowMs: number): SQL => sql`
  select s.id as "serviceId", s.customer_id as "customerId", s.name as service, s.backup_cdn as cdn, ${ms("x.from_at", "sinceMs")},
    (select epoch_ms(max(u.window_end)) from usage_snapshots u where u.service_id = s.id and u.backup_bytes > 0 and u.window_start > ${at(nowMs)} - interval '35 days') as "lastBytesMs",
    (select epoch_ms(max(p.start_at) + interval '1 hour') from service_domains d join probe_rollups_hour p on p.domain_id = d.id and p.path = 'backup' and p.ok > 0
      where d.service_id = s.id and d.deleted_at is null) as "lastGoodProbeMs",
    r.monthly_cents as "monthlyCents"
  from services s
  cross join lateral (select max(c.from_at) as from_at from service_cdns c where c.service_id = s.id and c.to_at is null) x
  left join cost_rates r on r.customer_id = s.customer_id and r.cdn = s.backup_cdn
  where ${which} and s.deleted_at is null and ${probedLately(nowMs)} and not (${goodLately(nowMs)})`;

/** Statements for each kind of fact of a customer, in the order of `KnownFacts`. */
export const factStatements = (customerId: number, nowMs: number) => {
  const own = sql`${customerId}::bigint`;
  return {
    backups: sql`${silentBackups(sql`s.customer_id = ${own}`, nowMs)} order by s.id ${limited}`,

    /** Services that carry nothing although they are measured: on neither side. */
    cdns: sql`
      select n.cdn || ' of ' || s.name as id, n.cdn, n.cdn as account, epoch_ms(greatest(s.created_at, x.from_at)) as "sinceMs",
        jsonb_build_array((select epoch_ms(max(u.window_end)) from usage_snapshots u where u.service_id = s.id and greatest(u.primary_bytes, u.backup_bytes) > 0
          and u.window_start > ${at(nowMs)} - interval '35 days')) as "lastBytesMs", r.monthly_cents as "monthlyCents"
      from services s
      cross join lateral (select max(c.from_at) as from_at from service_cdns c where c.service_id = s.id and c.to_at is null) x
      cross join lateral (values (s.primary_cdn), (s.backup_cdn)) n(cdn)
      left join cost_rates r on r.customer_id = s.customer_id and r.cdn = n.cdn
      where s.customer_id = ${own} and s.deleted_at is null
        and exists (select from usage_snapshots u where u.service_id = s.id and u.window_start > ${at(nowMs)} - interval '2 days' and coalesce(u.primary_source, u.backup_source) is not null)
        and not exists (select from usage_snapshots u where u.service_id = s.id and u.window_start > ${at(nowMs)} - interval '14 days' and greatest(u.primary_bytes, u.backup_bytes) > 0)
      order by s.id ${limited}`,

    unverifiedDomains: sql`
      select d.name as hostname, ${ms("d.created_at", "addedMs")} from service_domains d join services s on s.id = d.service_id
      where d.customer_id = ${own} and d.deleted_at is null and s.deleted_at is null and d.verified_at is null order by d.id ${limited}`,

    /** Nothing of the customer is steered by the DNS account, no service has the CDN of the CDN account, nothing was ever read by the cost account. */
    unusedAccounts: sql`
      select 'dns' as kind, coalesce(a.access_key_id, a.role_arn) as name, null::bigint as "monthlyCents",
        epoch_ms(greatest(a.created_at, (select max(d.deleted_at) from service_domains d where d.customer_id = a.customer_id))) as "unusedSinceMs"
      from dns_accounts a where a.customer_id = ${own} and a.deleted_at is null
        and not exists (select from service_domains d join services s on s.id = d.service_id where d.customer_id = a.customer_id and d.deleted_at is null and s.deleted_at is null)
      union all
      select 'cdn', a.cdn, (select r.monthly_cents from cost_rates r where r.customer_id = a.customer_id and r.cdn = a.cdn),
        epoch_ms(greatest(a.created_at, (select max(least(coalesce(c.to_at, s.deleted_at), coalesce(s.deleted_at, c.to_at))) from services s join service_cdns c on c.service_id = s.id
          where s.customer_id = a.customer_id and a.cdn in (c.primary_cdn, c.backup_cdn))))
      from cdn_accounts a where a.customer_id = ${own} and a.deleted_at is null
        and not exists (select from services s where s.customer_id = a.customer_id and s.deleted_at is null and a.cdn in (s.primary_cdn, s.backup_cdn))
      union all
      select 'cost', a.name, null, epoch_ms(a.created_at) from cost_accounts a
      where a.customer_id = ${own} and a.deleted_at is null and a.bucket is not null and a.last_read_at is null
      ${limited}`,

    tokens: sql`
      select t.name, ${ms("t.created_at", "createdMs")}, ${ms("t.last_used_at", "lastUsedMs")} from customer_tokens t
      where t.customer_id = ${own} and t.revoked_at is null and coalesce(t.expires_at, 'infinity') > ${at(nowMs)} order by t.id ${limited}`,

    services: sql`
      select s.name, d.live > 0 as "hasDomain", p.live > 0 as "hasPolicy", epoch_ms(greatest(s.created_at,
        case when d.live = 0 then d.last_end end, case when p.live = 0 then p.last_end end)) as "sinceMs"
      from services s
      cross join lateral (select count(*) filter (where d.deleted_at is null) as live, max(d.deleted_at) as last_end from service_domains d where d.service_id = s.id) d
      cross join lateral (select count(*) filter (where p.deleted_at is null) as live, max(p.deleted_at) as last_end from storm_policies p where p.service_id = s.id) p
      where s.customer_id = ${own} and s.deleted_at is null and (d.live = 0 or p.live = 0) order by s.id ${limited}`,

    customersWithoutService: sql`
      select c.name, epoch_ms(greatest(c.created_at, (select max(s.deleted_at) from services s where s.customer_id = c.id))) as "sinceMs"
      from customers c where c.id = ${own} and not exists (select from services s where s.customer_id = c.id and s.deleted_at is null)`,

    beside: sql`
      select d.name, n.value->>'setIdentifier' as "setIdentifier" from service_domains d join services s on s.id = d.service_id
      join domain_routing r on r.domain_id = d.id cross join lateral jsonb_array_elements(coalesce(r.surroundings->'neighbours', '[]')) n
      where d.customer_id = ${own} and d.deleted_at is null and s.deleted_at is null and not d.steer_group and (n.value->>'weight')::int > 0
        and n.value->>'setIdentifier' is not null
      order by d.id ${limited}`,

    abandoned: sql`
      select x.name from (
        select d.name, max(d.deleted_at) as deleted_at from service_domains d where d.customer_id = ${own} and d.deleted_at is not null and d.verified_at is not null group by d.name
      ) x where not exists (select from service_domains l where l.name = x.name and l.deleted_at is null)
      order by x.deleted_at desc limit 20`,
  } as const;
};
