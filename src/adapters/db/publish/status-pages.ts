import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { invalidBody } from "../../../errors.ts";
import type { StatusPage, StatusPageStore } from "../../ports/publish/status-pages.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, taken, write } from "../platform/write.ts";

/** Services that are gone are left out. */
const columns = (page: string): SQL => sql`${sql.raw(page)}.slug, ${sql.raw(page)}.title, ${sql.raw(page)}.enabled, coalesce((
    select jsonb_agg(jsonb_build_object('serviceId', s.id, 'name', x.entry->>'name', 'shown', (x.entry->>'shown')::boolean) order by x.place)
    from jsonb_array_elements(${sql.raw(page)}.services) with ordinality x(entry, place) join services s on s.id = (x.entry->>'serviceId')::bigint
    where s.customer_id = ${sql.raw(page)}.customer_id and s.deleted_at is null), '[]') as services,
  ${ms(`${page}.created_at`, "createdAtMs")}, ${ms(`${page}.updated_at`, "updatedAtMs")}`;

/** Serializes changes of what a customer publishes. */
export const publishLock = (customerId: number): SQL =>
  sql`select pg_advisory_xact_lock(hashtextextended('publish:' || ${customerId}::bigint, 0))`;

const slugTaken = taken("a status page has this address already", "/slug");

const strange = (place: number) => invalidBody({ pointer: `/services/${place}/service_id`, detail: "must be a service of the customer" });

/** The page of each customer: one row, replaced as a whole. */
export const createStatusPageStore = (db: Database): StatusPageStore => ({
  get: async (customerId) => {
    const [row] = await db.rows<StatusPage>(sql`select ${columns("p")} from status_pages p where p.customer_id = ${customerId}`);
    return row ?? null;
  },

  put: async (customerId, { slug, title, enabled, services }, change) => {
    const json = JSON.stringify(services);
    const [outcome] = await write<{ readonly page: StatusPage | null; readonly stranger: number | null }>(
      db,
      sql`
      with owner as (select id from customers where id = ${customerId}
      ), stranger as (
        select x.place - 1 as place from jsonb_array_elements(${json}::jsonb) with ordinality x(entry, place)
        where not exists (select from services s where s.id = (x.entry->>'serviceId')::bigint and s.customer_id = ${customerId} and s.deleted_at is null)
        order by x.place limit 1
      ), old as (select * from status_pages where customer_id = ${customerId}
      ), p as (
        insert into status_pages (customer_id, slug, title, enabled, services)
        select owner.id, ${slug}, ${title}, ${enabled}, ${json}::jsonb from owner where not exists (select from stranger)
        on conflict (customer_id) do update set slug = excluded.slug, title = excluded.title, enabled = excluded.enabled, services = excluded.services, updated_at = now()
        returning *
      ), audit as (${auditRow(
        change,
        "update",
        "status_page",
        sql`select p.customer_id as object_id, p.customer_id, to_jsonb(old) as before, to_jsonb(p) as after from p left join old on true`,
      )}
      )
      select (select to_jsonb(v) from (select ${columns("p")} from p) v) as page, (select place from stranger) as stranger from owner`,
      { status_pages_slug_key: slugTaken },
      publishLock(customerId),
    );
    if (outcome?.stranger != null) throw strange(outcome.stranger);
    return outcome?.page ?? null;
  },

  remove: async (customerId, change) => {
    const [row] = await write<{ slug: string }>(
      db,
      sql`
      with gone as (delete from status_pages where customer_id = ${customerId} returning *
      ), written as (delete from status_incidents i using gone where i.customer_id = gone.customer_id returning i.id
      ), audit as (${auditRow(
        change,
        "delete",
        "status_page",
        sql`select gone.customer_id as object_id, gone.customer_id, to_jsonb(gone) || jsonb_build_object('incidents', (select count(*) from written)) as before,
          null::jsonb as after from gone`,
      )}
      )
      select slug from gone`,
      {},
      publishLock(customerId),
    );
    return row?.slug ?? null;
  },
});
