import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { pageBytes } from "../../../domain/platform/page-size.ts";
import type { AuditEntry, AuditLogStore } from "../../ports/tenants/audit-log.ts";
import type { Paged } from "../../ports/tenants/change.ts";
import { withinBytesOneByOne } from "../platform/byte-budget.ts";
import type { Database } from "../platform/client.ts";

/** Both together fill a page of one row. */
const mostBytesOfSide = pageBytes / 2;

/** The row before or after, or, where that alone is too large for a page, its size and hash. */
const side = (column: "before" | "after"): SQL => {
  const stored = sql.identifier(column);
  return sql`case when octet_length(${stored}::text) <= ${mostBytesOfSide}::int then ${stored}
    when ${stored} is not null then jsonb_build_object('left_out', jsonb_build_object(
      'bytes', octet_length(${stored}::text),
      'entries', case when jsonb_typeof(${stored}) = 'array' then jsonb_array_length(${stored}) else 1 end,
      'sha256', encode(sha256(convert_to(${stored}::text, 'UTF8')), 'hex'))) end as ${stored}`;
};

export const createAuditLogStore = (db: Database): AuditLogStore => ({
  list: (customerId, filter, page) => {
    const conditions = [
      filter.action !== undefined && sql`action = ${filter.action}`,
      filter.objectType !== undefined && sql`object_type = ${filter.objectType}`,
      page.afterId !== null && sql`id < ${page.afterId}`,
    ].filter((condition) => condition !== false);
    const where = sql.join(conditions.map((condition) => sql` and ${condition}`));
    const entries = withinBytesOneByOne(
      sql`
      select * from audit_log where customer_id = ${customerId}${where} order by id desc limit ${page.limit}`,
      sql`id desc`,
    );
    return db.rows<Paged<AuditEntry>>(sql`
      select id, at as "atMs", actor, action, object_type as "objectType", object_id as "objectId", ${side("before")},
        ${side("after")}, request_id as "requestId", cut
      from (${entries}) e order by id desc`);
  },
});
