import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { pageBytes } from "../../../domain/platform/page-size.ts";
import type { BackupHealth } from "../../../domain/steering/readiness-targets.ts";
import { isoTime } from "../../../iso-time.ts";
import type { Paged } from "../../ports/tenants/change.ts";
import type { DnsSetup, DnsSetupDomain, DnsSetupStore, ReadinessCheck, ZoneMate } from "../../ports/steering/dns-setup.ts";
import { everyPage, withinBytes } from "../platform/byte-budget.ts";
import type { Database } from "../platform/client.ts";
import { fenceCte } from "../platform/fence.ts";
import { holdsName, steersName } from "../tenants/holds-name.ts";
import { setupOf } from "../round/setups.ts";
import { privatePathsJson } from "../detection/targets.ts";
import { auditRow, ms, rememberedAnswer, write } from "../platform/write.ts";
import { freezeOfAll, isAllFrozen } from "./orders.ts";

const epoch = (column: string) => sql.raw(`trunc(extract(epoch from ${column}) * 1000)::bigint`);

const domainsAfter = (requireProof: boolean, customerId: number, serviceId: number, after: number, limit: number) => sql`
  select d.id as "domainId", d.name, d.primary_target as "primaryTarget", d.backup_target as "backupTarget",
    r.discovered_primary_target as "discoveredPrimaryTarget", r.discovered_backup_target as "discoveredBackupTarget",
    d.probe_path as "probePath", d.expect_status as "expectStatus", ${holdsName(requireProof)} as verified,
    case when ${requireProof}::boolean and d.lapsed_at is not null then jsonb_build_object('lapsedAtMs', ${epoch("d.lapsed_at")}, 'heldAtMs', ${epoch("d.held_at")}) end as lapse,
    ${requireProof}::boolean and d.verified_at is null and d.disputed_at is not null as disputed, d.verified_at is not null and d.disputed_at is not null as rivalled,
    jsonb_build_object('primary', d.normal_primary_weight, 'backup', d.normal_backup_weight) as normal,
    d.steer_group as "steerGroup", r.zone_id as "zoneId", r.records, ${privatePathsJson} as "privatePaths",
    (select coalesce(jsonb_agg(c.value->>'id'), '[]') from standing_failovers f, jsonb_each(f.checks) c
      where f.domain_id = d.id and c.value->>'id' is not null) as "ownChecks"
  from service_domains d left join domain_routing r on r.domain_id = d.id
  where d.service_id = ${serviceId} and d.customer_id = ${customerId} and d.deleted_at is null and d.id > ${after}
  order by d.id limit ${limit}::int`;

type Permitted = { readonly domainId: number; readonly name: string; readonly zoneId: string | null };

/** @param whose a condition on domains `d` */
const permittedAfter = (whose: SQL, after: number) => sql`
  select d.id as "domainId", d.name, r.zone_id as "zoneId"
  from service_domains d left join domain_routing r on r.domain_id = d.id
  where ${whose} and d.deleted_at is null and d.id > ${after}
  order by d.id`;
/** A name and a zone id are small: pages are cut by bytes. */
const permittedMost = 100_000;

/** Most names that are tested together with those of a service. */
const mostMates = 40;

const matesOf = (requireProof: boolean, customerId: number, serviceId: number) => sql`
  select d.name, r.zone_id as "zoneId"
  from service_domains d join domain_routing r on r.domain_id = d.id and r.status = 'found'
  join services s on s.id = d.service_id and s.deleted_at is null and s.steering <> 'shadow'
  left join service_routing g on g.service_id = s.id
  where d.customer_id = ${customerId} and d.service_id <> ${serviceId} and d.deleted_at is null and ${steersName(requireProof)}
    and not (${frozen}) and r.zone_id in (
      select o.zone_id from service_domains e join domain_routing o on o.domain_id = e.id
      where e.service_id = ${serviceId} and e.customer_id = ${customerId} and e.deleted_at is null)
  order by d.id limit ${mostMates}`;

/** Whether nothing is to be written for a service, by an order or a panic: with `s` its row, and `g` its row of service_routing. */
export const frozen = sql`
  coalesce(g.override_mode = 'frozen' and (g.override_until is null or g.override_until > now()), false)
  or exists (select from (select s.customer_id as id) c ${freezeOfAll("c.id", sql`now()`)} where ${isAllFrozen("g", sql`now()`)})
  or exists (select from settings where panic_set_at is not null or (freeze_set_at is not null and (freeze_until is null or freeze_until > now())))`;

const checkHeader = sql`c.service_id as "serviceId", ${ms("c.checked_at", "checkedAtMs")}, c.actor, c.result,
  c.domains_checked as "domainsChecked", c.domains_total as "domainsTotal"`;

/** The channels on which a storm of a service `s` is told. */
const told = sql`
  select c.id, c.name, c.kind, c.settings->>'host' as host, c.settings->>'region' as region from channels c
  where c.customer_id = s.customer_id and c.deleted_at is null and c.disabled_at is null and c.confirmed_at is not null and (c.paused_until is null or c.paused_until <= now())
    and (c.kinds is null or 'storm.started' = any(c.kinds)) and (c.service_ids is null or s.id = any(c.service_ids))`;
const channels = sql`coalesce((
  select jsonb_agg(jsonb_build_object('name', x.name, 'kind', x.kind, 'host', x.host, 'region', x.region) order by x.kind <> 'email', x.id)
  from (select * from (${told}) t order by t.kind <> 'email', t.id limit 50) x), '[]')`;
const insured = sql`coalesce((
  select jsonb_agg(x.name) from (select d.name from service_domains d where d.customer_id = s.customer_id and d.deleted_at is null order by d.id limit 2000) x), '[]')`;

export const createDnsSetupStore = (db: Database, requireProof = true): DnsSetupStore => ({
  get: async (customerId, serviceId, { limit, afterDomainId }) => {
    const [[service], rows, mates] = await db.batch<
      [Omit<DnsSetup, "domains" | "mates" | "domainsBehind">[], Paged<DnsSetupDomain>[], ZoneMate[]]
    >([
      sql`
      select s.id as "serviceId", s.customer_id as "customerId", s.steering = 'shadow' as shadow, ${frozen} as frozen, s.primary_cdn as "primaryCdn", s.backup_cdn as "backupCdn",
        ${channels} as channels, case when exists (select from (${told}) w where w.kind <> 'email') then ${insured} else '[]'::jsonb end as insured,
        (select count(*) from service_domains where service_id = s.id and deleted_at is null) as "domainsTotal"
      from services s left join service_routing g on g.service_id = s.id
      where s.id = ${serviceId} and s.customer_id = ${customerId} and s.deleted_at is null`,
      withinBytes(domainsAfter(requireProof, customerId, serviceId, afterDomainId, limit + 1), sql`"domainId"`),
      matesOf(requireProof, customerId, serviceId),
    ]);
    if (service === undefined) return null;
    const domains = rows.slice(0, limit).map(({ cut: _cut, ...domain }): DnsSetupDomain => domain);
    return { ...service, mates, domains, domainsBehind: rows.length > limit || rows.at(-1)?.cut === true };
  },

  permitted: async (customerId, serviceId) => {
    const whose = sql`d.customer_id = ${customerId}`;
    const [services, first] = await db.batch<[object[], Paged<Permitted>[]]>([
      sql`select from services where id = ${serviceId} and customer_id = ${customerId} and deleted_at is null`,
      withinBytes(permittedAfter(whose, 0), sql`"domainId"`, pageBytes, permittedMost),
    ]);
    if (services.length === 0) return null;
    return await everyPage<"domainId", Permitted>(db, "domainId", (after) => permittedAfter(whose, after), first);
  },

  permittedToOperator: async () => {
    const whose = sql`not exists (select from dns_accounts a where a.customer_id = d.customer_id and a.deleted_at is null)`;
    const first = await db.rows<Paged<Permitted>>(withinBytes(permittedAfter(whose, 0), sql`"domainId"`, pageBytes, permittedMost));
    return await everyPage<"domainId", Permitted>(db, "domainId", (after) => permittedAfter(whose, after), first);
  },

  backupHealth: async (serviceId, sinceMs) => {
    const rows = await db.rows<BackupHealth & { domainId: number }>(sql`
      select p.domain_id as "domainId", p.vantage, count(*)::int as samples, (count(*) filter (where p.ok))::int as ok,
        ${ms("min(p.probed_at)", "sinceMs")}
      from service_domains d
      left join domain_routing r on r.domain_id = d.id
      join probe_samples p on p.domain_id = d.id and p.path = 'backup' and coalesce(p.setup, 0) = ${setupOf("p.path")}
      where d.service_id = ${serviceId} and d.deleted_at is null and p.round_at > ${isoTime(sinceMs)}::timestamptz
      group by p.domain_id, p.vantage`);
    return Map.groupBy(rows, ({ domainId }) => domainId);
  },

  lastCheck: async (customerId, serviceId, afterPlace) => {
    const checks = sql`
      select e.place, e.found from jsonb_array_elements(c.checks) with ordinality e(found, place) where e.place > ${afterPlace ?? 0}`;
    const rows = await db.rows<{ check: ReadinessCheck | null; nextAfterPlace: number | null }>(sql`
      select case when c.service_id is not null then (select to_jsonb(x) from (select ${checkHeader}, p.checks) x) end as check,
        p.next as "nextAfterPlace"
      from services s left join readiness_checks c on c.service_id = s.id
      left join lateral (
        select coalesce(jsonb_agg(y.found order by y.place), '[]') as checks, max(y.place) filter (where y.cut) as next
        from (${withinBytes(checks, sql`place`)}) y
      ) p on true
      where s.id = ${serviceId} and s.customer_id = ${customerId} and s.deleted_at is null`);
    return rows[0] ?? null;
  },

  saveCheck: async (fence, { serviceId, checkedAtMs, actor, result, checks, domainsChecked, domainsTotal }, change) => {
    const rows = await write<Omit<ReadinessCheck, "checks">>(
      db,
      sql`
      with ${fenceCte(fence)}, old as (select * from readiness_checks where service_id = ${serviceId}
      ), saved as (
        insert into readiness_checks (service_id, checked_at, actor, result, checks, domains_checked, domains_total)
        select ${serviceId}, ${isoTime(checkedAtMs)}::timestamptz, ${actor}, ${result}, ${JSON.stringify(checks)}::jsonb, ${domainsChecked}::int, ${domainsTotal}::int from fence
        on conflict (service_id) do update set checked_at = excluded.checked_at, actor = excluded.actor,
          result = excluded.result, checks = excluded.checks, domains_checked = excluded.domains_checked, domains_total = excluded.domains_total
        returning *
      ), view as (select ${checkHeader}, c.checks from saved c
      ), remembered as (${rememberedAnswer(change, "saved", "view", 200)}
      ), audit as (${auditRow(
        change,
        "check",
        "readiness",
        sql`
        select n.service_id as object_id, s.customer_id,
          case when old.service_id is not null then jsonb_build_object('result', old.result) end as before,
          jsonb_build_object('result', n.result) as after
        from saved n join services s on s.id = n.service_id left join old on true`,
      )}
      )
      select "serviceId", "checkedAtMs", actor, result, "domainsChecked", "domainsTotal" from view`,
    );
    const [saved] = rows;
    return saved === undefined ? null : { ...saved, checks };
  },

  noteProvisioning: async (domainId, wish, change) => {
    await db.rows(
      auditRow(
        change,
        "provision",
        "domain",
        sql`
      select id as object_id, customer_id, null::jsonb as before, ${JSON.stringify(wish)}::jsonb as after
      from service_domains where id = ${domainId}`,
      ),
    );
  },

  noteProvisioned: async (domainId, result, change) => {
    const there = result.status === "created" || result.status === "exists";
    const view = sql`view as (select ${JSON.stringify(result)}::jsonb as result)`;
    await write(
      db,
      sql`
      with due as (update domain_routing set read_at = null where domain_id = ${domainId}
      ), ${view}, remembered as (${rememberedAnswer(there ? change : { ...change, idempotency: null }, "view", "view", 200)}
      )
      ${auditRow(
        change,
        there ? "provisioned" : "provision_failed",
        "domain",
        sql`
        select id as object_id, customer_id, null::jsonb as before, ${JSON.stringify(result)}::jsonb as after
        from service_domains where id = ${domainId}`,
      )}`,
    );
    return { result };
  },
});
