import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { ms } from "../platform/write.ts";
import { at, silentBackups, silentCdns } from "./carried-facts.ts";

/** How many facts of a kind are read of a customer in one hunt. */
export const mostFacts = 2_000;

const limited = sql.raw(`limit ${mostFacts + 1}`);

/** Statements for each kind of fact of a customer, in the order of `KnownFacts`. */
export const factStatements = (customerId: number, nowMs: number) => {
  const own = sql`${customerId}::bigint`;
  return {
    /** What is known first: what is not is only counted. */
    backups: sql`${silentBackups(sql`s.customer_id = ${own}`, nowMs)} order by "isKnown" desc, "serviceId" ${limited}`,
    cdns: sql`${silentCdns(own, nowMs)} ${limited}`,

    unverifiedDomains: sql`
      select d.id, d.service_id as "serviceId", d.name as hostname, ${ms("d.created_at", "addedMs")} from service_domains d join services s on s.id = d.service_id
      where d.customer_id = ${own} and d.deleted_at is null and s.deleted_at is null and d.verified_at is null order by d.created_at, d.id ${limited}`,

    /** Nothing of the customer is steered by the DNS account, no service has the CDN of the CDN account, nothing was ever read by the cost account. `isKnown`: its files can be read. */
    unusedAccounts: sql`
      select 'dns' as kind, a.id, coalesce(a.access_key_id, a.role_arn) as name, true as "isKnown", null::bigint as "monthlyCents",
        epoch_ms(greatest(a.created_at, (select max(d.deleted_at) from service_domains d where d.customer_id = a.customer_id))) as "unusedSinceMs"
      from dns_accounts a where a.customer_id = ${own} and a.deleted_at is null
        and not exists (select from service_domains d join services s on s.id = d.service_id where d.customer_id = a.customer_id and d.deleted_at is null and s.deleted_at is null)
      union all
      select 'cdn', a.id, a.cdn, true, (select r.monthly_cents from cost_rates r where r.customer_id = a.customer_id and r.cdn = a.cdn),
        epoch_ms(greatest(a.created_at, (select max(least(coalesce(c.to_at, s.deleted_at), coalesce(s.deleted_at, c.to_at))) from services s join service_cdns c on c.service_id = s.id
          where s.customer_id = a.customer_id and a.cdn in (c.primary_cdn, c.backup_cdn))))
      from cdn_accounts a where a.customer_id = ${own} and a.deleted_at is null
        and not exists (select from services s where s.customer_id = a.customer_id and s.deleted_at is null and a.cdn in (s.primary_cdn, s.backup_cdn))
      union all
      select 'cost', a.id, a.name, a.last_error is null, null, epoch_ms(a.created_at) from cost_accounts a
      where a.customer_id = ${own} and a.deleted_at is null and a.bucket is not null and a.last_read_at is null
      ${limited}`,

    tokens: sql`
      select t.id, t.name, ${ms("t.created_at", "createdMs")}, ${ms("t.last_used_at", "lastUsedMs")} from customer_tokens t
      where t.customer_id = ${own} and t.revoked_at is null and coalesce(t.expires_at, 'infinity') > ${at(nowMs)}
      order by coalesce(t.last_used_at, t.created_at), t.id ${limited}`,

    services: sql`
      select s.id, s.name, d.live > 0 as "hasDomain", p.live > 0 as "hasPolicy", epoch_ms(greatest(s.created_at,
        case when d.live = 0 then d.last_end end, case when p.live = 0 then p.last_end end)) as "sinceMs"
      from services s
      cross join lateral (select count(*) filter (where d.deleted_at is null) as live, max(d.deleted_at) as last_end from service_domains d where d.service_id = s.id) d
      cross join lateral (select count(*) filter (where p.deleted_at is null) as live, max(p.deleted_at) as last_end from storm_policies p where p.service_id = s.id) p
      where s.customer_id = ${own} and s.deleted_at is null and (d.live = 0 or p.live = 0) order by s.id ${limited}`,

    customersWithoutService: sql`
      select c.id, c.name, epoch_ms(greatest(c.created_at, (select max(s.deleted_at) from services s where s.customer_id = c.id))) as "sinceMs"
      from customers c where c.id = ${own} and not exists (select from services s where s.customer_id = c.id and s.deleted_at is null)`,

    beside: sql`
      select d.service_id as "serviceId", d.name, n.value->>'setIdentifier' as "setIdentifier" from service_domains d join services s on s.id = d.service_id
      join domain_routing r on r.domain_id = d.id
      cross join lateral jsonb_array_elements(case when jsonb_typeof(r.surroundings->'neighbours') = 'array' then r.surroundings->'neighbours' else '[]' end) n
      where d.customer_id = ${own} and d.deleted_at is null and s.deleted_at is null and not d.steer_group
        and case when jsonb_typeof(n.value->'weight') = 'number' then (n.value->>'weight')::numeric > 0 else false end and n.value->>'setIdentifier' is not null
      order by d.id ${limited}`,
  } as const;
};

/** Names that the customer gave up and nobody has added again, in an order that is another one every day: each has its turn. */
export const abandonedNames = (customerId: number, nowMs: number): SQL => sql`
  select x.name from (
    select distinct d.name from service_domains d where d.customer_id = ${customerId}::bigint and d.deleted_at is not null and d.verified_at is not null
  ) x where not exists (select from service_domains l where l.name = x.name and l.deleted_at is null)
  order by md5(x.name || (${at(nowMs)} at time zone 'UTC')::date), x.name ${limited}`;
