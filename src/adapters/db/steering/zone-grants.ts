import { sql } from "drizzle-orm";
import { invalidBody } from "../../../errors.ts";
import type { ZoneGrant, ZoneGrantInput, ZoneGrantStore } from "../../ports/steering/zone-grants.ts";
import { everyPage } from "../platform/byte-budget.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, rememberedAnswer, taken, write } from "../platform/write.ts";

const columns = sql`id, zone_id as "zoneId", customer_id as "customerId", ${ms("created_at", "createdAtMs")}`;

/** Who may have names of the zone steered has changed. */
const readAgain = (from: string) => sql`
  update domain_routing r set read_at = null from ${sql.raw(from)} g where r.zone_id = g.zone_id`;

export const createZoneGrantStore = (db: Database): ZoneGrantStore => ({
  create: async ({ zoneId, customerId }, change) => {
    const rows = await write<ZoneGrant>(
      db,
      sql`
      with created as (
        insert into dns_zone_grants (zone_id, customer_id) values (${zoneId}, ${customerId}) returning *
      ), due as (${readAgain("created")}
      ), view as (select ${columns} from created
      ), remembered as (${rememberedAnswer(change, "created", "view")}
      ), audit as (${auditRow(
        change,
        "create",
        "zone_grant",
        sql`
        select id as object_id, customer_id, null::jsonb as before, to_jsonb(created) as after from created`,
      )}
      )
      select * from view`,
      {
        dns_zone_grants_key: taken("the zone serves this customer already", "/zone_id"),
        dns_zone_grants_customer_id_customers_id_fk: () => invalidBody({ pointer: "/customer_id", detail: "must be a customer" }),
      },
    );
    const [grant] = rows;
    if (grant === undefined) throw new Error("an insert returned no row");
    return grant;
  },

  list: async (page) =>
    await db.rows<ZoneGrant>(sql`
    select ${columns} from dns_zone_grants where id > ${page.afterId ?? 0} order by id limit ${page.limit}`),

  remove: async (id, change) => {
    const rows = await write<{ id: number }>(
      db,
      sql`
      with gone as (delete from dns_zone_grants where id = ${id} returning *
      ), due as (${readAgain("gone")}
      ), audit as (${auditRow(
        change,
        "delete",
        "zone_grant",
        sql`
        select id as object_id, customer_id, to_jsonb(gone) as before, null::jsonb as after from gone`,
      )}
      )
      select id from gone`,
    );
    return rows.length > 0;
  },

  all: async () =>
    await everyPage<"id", ZoneGrantInput & { id: number }>(
      db,
      "id",
      (after) => sql`
    select id, zone_id as "zoneId", customer_id as "customerId" from dns_zone_grants where id > ${after} order by id`,
    ),
});
