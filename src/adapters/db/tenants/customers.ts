import { sql } from "drizzle-orm";
import type { Customer, CustomerStore } from "../../ports/tenants/customers.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, rememberedAnswer, taken, write } from "../platform/write.ts";

const columns = sql`id, name, max_coverage_cap::float8 as "maxCoverageCap", ${ms("created_at", "createdAtMs")}`;

const refusals = { customers_name_key: taken("a customer of this name exists", "/name") };

export const createCustomerStore = (db: Database): CustomerStore => ({
  create: async (input, change) => {
    const rows = await write<Customer>(
      db,
      sql`
      with created as (
        insert into customers (name, max_coverage_cap)
        values (${input.name}, ${input.maxCoverageCap}) returning *
      ), view as (select ${columns} from created
      ), remembered as (${rememberedAnswer(change, "created", "view")}
      ), audit as (${auditRow(
        change,
        "create",
        "customer",
        sql`
        select id as object_id, id as customer_id, null::jsonb as before, to_jsonb(created) as after from created`,
      )}
      )
      select * from view`,
      refusals,
    );
    const [customer] = rows;
    if (customer === undefined) throw new Error("an insert returned no row");
    return customer;
  },

  list: async (page) =>
    await db.rows<Customer>(sql`
    select ${columns} from customers where id > ${page.afterId ?? 0} order by id limit ${page.limit}`),

  get: async (id) => (await db.rows<Customer>(sql`select ${columns} from customers where id = ${id}`))[0] ?? null,

  update: async (id, patch, change) => {
    const rows = await write<Customer>(
      db,
      sql`
      with old as (select * from customers where id = ${id} for update
      ), updated as (
        update customers c set
          name = coalesce(${patch.name ?? null}, c.name),
          max_coverage_cap = coalesce(${patch.maxCoverageCap ?? null}, c.max_coverage_cap)
        from old where c.id = old.id returning c.*
      ), audit as (${auditRow(
        change,
        "update",
        "customer",
        sql`
        select u.id as object_id, u.id as customer_id, to_jsonb(old) as before, to_jsonb(u) as after
        from updated u join old on old.id = u.id`,
      )}
      )
      select ${columns} from updated`,
      refusals,
    );
    return rows[0] ?? null;
  },
});
