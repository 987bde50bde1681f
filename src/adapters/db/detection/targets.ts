import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { cdnZones, leastPeriod } from "../../../domain/detection/target.ts";
import { isoTime } from "../../../iso-time.ts";
import type { DueTarget, KnownPath, TargetStore } from "../../ports/detection/targets.ts";
import type { Database } from "../platform/client.ts";
import { fenceCte } from "../platform/fence.ts";
import { holdsName } from "../tenants/holds-name.ts";

/** The host of a path, with `d` the domain and `r` its records. */
export const hostOf = {
  primary: sql.raw("coalesce(d.primary_target, r.discovered_primary_target)"),
  backup: sql.raw("coalesce(d.backup_target, r.discovered_backup_target)"),
  direct: sql.raw("d.name"),
} as const;

const paths = sql`(values ('primary', ${hostOf.primary}), ('backup', ${hostOf.backup}), ('direct', ${hostOf.direct})) h(path, host)`;

/** As JSON for a domain `d` with its records `r`: what a round may probe of an unverified one; null for a verified one. */
export const turnsJson = (requireProof: boolean): SQL => sql`
  case when not ${holdsName(requireProof)} then (
    select jsonb_object_agg(c.path, jsonb_build_array(c.phase, c.period)) from probe_claims c
    where c.domain_id = d.id and c.host = case c.path when 'primary' then ${hostOf.primary} when 'backup' then ${hostOf.backup} else ${hostOf.direct} end) end`;

/** Likewise: its paths that lead to private addresses. They are rare, and have a partial index. */
export const privatePathsJson = sql`(
  select jsonb_agg(h.path) from ${paths} where exists (select from probe_targets t where t.host = h.host and t.addresses = 'private'))`;

/** Every path of every live domain that has a host, or an origin (`http://...`), which is given only where private targets are allowed. */
const givenBy = (requireProof: boolean): SQL => sql`
  select d.id as domain_id, d.customer_id, not ${holdsName(requireProof)} as unverified, h.path, h.host,
    case h.path when 'primary' then s.primary_cdn when 'backup' then s.backup_cdn end as cdn
  from service_domains d join services s on s.id = d.service_id and s.deleted_at is null
  left join domain_routing r on r.domain_id = d.id
  cross join lateral ${paths}
  where d.deleted_at is null and h.host is not null`;

/** The same, without origins. */
const wantedOf = (requireProof: boolean): SQL => sql`${givenBy(requireProof)} and position('/' in h.host) = 0`;

/** Whether the host of `w` lies in a zone of the CDN that its service names. */
const isInZone: SQL = sql`exists (
  select from jsonb_to_recordset(${JSON.stringify(cdnZones)}::jsonb) known(cdn text, zone text)
  where known.cdn = w.cdn and right(w.host, length(known.zone) + 1) = '.' || known.zone)`;

/** @param requireProof DOMAIN_VERIFICATION */
export const createTargetStore = (db: Database, requireProof = true): TargetStore => {
  const wanted = wantedOf(requireProof);
  return {
    due: async (beforeMs, limit) =>
      await db.rows<DueTarget>(sql`
      with w as (${givenBy(requireProof)}
      ), one as (
        select w.host, w.customer_id, bool_or(w.unverified and not ${isInZone}) as asks from w group by w.host, w.customer_id
      ), late as (
        select one.*, t.checked_at, t.host is not null as known from one left join probe_targets t on t.host = one.host
        where t.host is null or t.checked_at < ${isoTime(beforeMs)}::timestamptz
      ), queued as (
        -- Of those that nobody answers for, none is before the others every time.
        select *, row_number() over (partition by customer_id, known order by checked_at, hashtext(host || ${String(beforeMs)}), host) as turn from late
      )
      select host, bool_or(asks) as asks from queued group by host order by min(turn), bool_or(known), host limit ${limit}::int`),

    save: async (fence, targets, nowMs) => {
      await db.rows(sql`
        with ${fenceCte(fence)}
        insert into probe_targets as t (host, addresses, consent, checked_at)
        select x.host, x.addresses, x.consent, ${isoTime(nowMs)}::timestamptz
        from jsonb_to_recordset(${JSON.stringify(targets)}::jsonb) x(host text, addresses text, consent text)
        where exists (select from fence)
        on conflict (host) do update set addresses = excluded.addresses, consent = excluded.consent, checked_at = excluded.checked_at`);
    },

    deal: async (fence) => {
      const rows = await db.rows<{ claims: number }>(sql`
        with ${fenceCte(fence)}, w as (${wanted} and not ${holdsName(requireProof)}
        ), agreed as (
          select w.* from w join probe_targets t on t.host = w.host and t.addresses = 'public' where t.consent is not null or ${isInZone}
        ), placed as (
          select domain_id, path, host, row_number() over (partition by host order by domain_id, path) as place,
            greatest(${leastPeriod}::bigint, count(*) over (partition by host)) as period from agreed
        ), turns as (
          -- Neighbours differ by one, so no two of a host fall together; where they begin differs from host to host.
          select domain_id, path, host, mod(place + (hashtext(host) & 65535), period)::int as phase, period::int as period from placed
        ), gone as (
          delete from probe_claims c where exists (select from fence)
            and not exists (select from turns t where t.domain_id = c.domain_id and t.path = c.path)
        ), saved as (
          insert into probe_claims as c (domain_id, path, host, phase, period)
          select domain_id, path, host, phase, period from turns where exists (select from fence)
          on conflict (domain_id, path) do update set host = excluded.host, phase = excluded.phase, period = excluded.period
          where (c.host, c.phase, c.period) is distinct from (excluded.host, excluded.phase, excluded.period)
        )
        select count(*) as claims from turns where exists (select from fence)`);
      return rows[0]?.claims ?? 0;
    },

    ofDomain: async (customerId, serviceId, domainId) => {
      const rows = await db.rows<{ verified: boolean; paths: KnownPath[] }>(sql`
        with w as (${wanted} and d.id = ${domainId} and d.service_id = ${serviceId} and d.customer_id = ${customerId})
        select ${holdsName(requireProof)} as verified, (
          select coalesce(jsonb_agg(jsonb_build_object('path', w.path, 'host', w.host, 'addresses', t.addresses,
            'checkedAtMs', (extract(epoch from t.checked_at) * 1000)::bigint, 'consent', case when ${isInZone} then 'cdn' else t.consent end,
            'period', c.period) order by array_position(array['primary', 'backup', 'direct'], w.path)), '[]')
          from w left join probe_targets t on t.host = w.host
          left join probe_claims c on c.domain_id = w.domain_id and c.path = w.path and c.host = w.host) as paths
        from service_domains d join services s on s.id = d.service_id and s.deleted_at is null
        where d.id = ${domainId} and d.service_id = ${serviceId} and d.customer_id = ${customerId} and d.deleted_at is null`);
      return rows[0] ?? null;
    },

    clear: async (fence) => {
      await db.rows(sql`
        with ${fenceCte(fence)}, claims as (delete from probe_claims where exists (select from fence))
        delete from probe_targets where exists (select from fence)`);
    },
  };
};
