import { sql } from "drizzle-orm";
import type { AuditEntry, AuditLogStore } from "../ports/audit-log.ts";
import type { Database } from "./client.ts";

export const createAuditLogStore = (db: Database): AuditLogStore => ({
  list: (customerId, filter, page) => {
    const conditions = [
      filter.action !== undefined && sql`action = ${filter.action}`,
      filter.objectType !== undefined && sql`object_type = ${filter.objectType}`,
      page.afterId !== null && sql`id < ${page.afterId}`,
    ].filter((condition) => condition !== false);
    const where = sql.join(conditions.map((condition) => sql` and ${condition}`));
    return db.rows<AuditEntry>(sql`
      select id, at as "atMs", actor, action, object_type as "objectType", object_id as "objectId", before, after,
        request_id as "requestId"
      from audit_log where customer_id = ${customerId}${where} order by id desc limit ${page.limit}`);
  },
});
