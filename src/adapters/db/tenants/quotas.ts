import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { QuotaKind, QuotaLimits } from "../../../domain/tenants/quota.ts";
import { mostOfAnything, quotaKinds } from "../../../domain/tenants/quota.ts";
import { AppError } from "../../../errors.ts";
import type { Quota, QuotaStore } from "../../ports/tenants/quotas.ts";
import type { Database } from "../platform/client.ts";
import { holdsName } from "./holds-name.ts";
import { auditRow, write } from "../platform/write.ts";

/** The highest limits: for stores that create nothing or are not limited. */
export const noLimits = Object.fromEntries(quotaKinds.map((kind) => [kind, mostOfAnything])) as QuotaLimits;

/** How many a customer has of a kind. @param requireProof DOMAIN_VERIFICATION */
const usedOf = (requireProof: boolean): Readonly<Record<QuotaKind, (customer: SQL) => SQL>> => ({
  services: (customer) => sql`(select count(*) from services where customer_id = ${customer} and deleted_at is null)`,
  domains: (customer) => sql`(select count(*) from service_domains where customer_id = ${customer} and deleted_at is null)`,
  unverified_domains: (customer) => sql`(
    select count(*) from service_domains d where d.customer_id = ${customer} and d.deleted_at is null and not ${holdsName(requireProof)})`,
  policies: (customer) => sql`(
    select count(*) from services s join storm_policies p on p.service_id = s.id and p.deleted_at is null
    where s.customer_id = ${customer} and s.deleted_at is null)`,
  tokens: (customer) => sql`(
    select count(*) from customer_tokens where customer_id = ${customer} and revoked_at is null
      and (expires_at is null or expires_at > now()))`,
  channels: (customer) => sql`(select count(*) from channels where customer_id = ${customer} and deleted_at is null)`,
  objectives: (customer) => sql`(
    select count(*) from services s join slo_objectives o on o.service_id = s.id and o.deleted_at is null
    where s.customer_id = ${customer} and s.deleted_at is null)`,
  cost_accounts: (customer) => sql`(select count(*) from cost_accounts where customer_id = ${customer} and deleted_at is null)`,
});

/** Kinds with what a customer uses of each and may have of it; `place` is that of `quotaKinds`. */
const standing = (customer: SQL, limits: QuotaLimits, kinds: readonly QuotaKind[], used = usedOf(true)): SQL => sql`
  select x.place, x.kind, coalesce(x.own, x.usual) as "limit", x.own, x.used from (
    select v.*, (select (q.limits->>v.kind)::int from customer_quotas q where q.customer_id = ${customer}) as own
    from (values ${sql.join(
      kinds.map((kind) => sql`(${quotaKinds.indexOf(kind)}::int, ${kind}, ${limits[kind]}::int, ${used[kind](customer)})`),
      sql`, `,
    )}
    ) v(place, kind, usual, used)
  ) x`;

/** Serializes a customer's creations, so that two cannot both take the last place. */
export const quotaLock = (customerId: number): SQL =>
  sql`select pg_advisory_xact_lock(hashtextextended('quota:' || ${customerId}::bigint, 0))`;

/** As a CTE of a creation after `quotaLock`: the first exhausted kind; no row where there is room for one more. */
export const exhausted = (customerId: number, limits: QuotaLimits, kinds: readonly QuotaKind[]): SQL => sql`
  select s.kind, s."limit" from (${standing(sql`${customerId}::bigint`, limits, kinds)}) s where s.used >= s."limit" order by s.place limit 1`;

export type Exhausted = { readonly kind: QuotaKind; readonly limit: number };

/** @throws AppError `quota` where a quota is exhausted */
export const refuseExhausted = (found: Exhausted | null | undefined): void => {
  if (found == null) return;
  const detail = `the quota ${found.kind} of this customer is ${found.limit}, and all of it is in use; GET /v1/quotas shows it, an admin can raise it`;
  throw new AppError("quota", detail, { quota: found });
};

/** @param requireProof whether names have to be proven: a creation asks for room for an unverified one only where they do */
export const createQuotaStore = (db: Database, limits: QuotaLimits, requireProof = true): QuotaStore => {
  const view = (customer: SQL): SQL => sql`
    coalesce((select jsonb_agg(jsonb_build_object('kind', s.kind, 'limit', s."limit", 'own', s.own, 'used', s.used) order by s.place)
      from (${standing(customer, limits, quotaKinds, usedOf(requireProof))}) s), '[]')`;
  const read = async (customerId: number): Promise<readonly Quota[] | null> => {
    const rows = await db.rows<{ quotas: Quota[] }>(sql`select ${view(sql`c.id`)} as quotas from customers c where c.id = ${customerId}`);
    return rows[0]?.quotas ?? null;
  };
  return {
    read,
    set: async (customerId, own, change) => {
      const rows = await write<{ id: number }>(
        db,
        sql`
        with old as (select * from customer_quotas where customer_id = ${customerId}
        ), saved as (
          insert into customer_quotas (customer_id, limits) select id, ${JSON.stringify(own)}::jsonb from customers where id = ${customerId}
          on conflict (customer_id) do update set limits = excluded.limits, updated_at = now() returning *
        ), audit as (${auditRow(
          change,
          "update",
          "quotas",
          sql`
          select s.customer_id as object_id, s.customer_id, old.limits as before, s.limits as after from saved s left join old on true`,
        )}
        )
        select customer_id as id from saved`,
        {},
        quotaLock(customerId),
      );
      return rows.length === 0 ? null : await read(customerId);
    },
  };
};
