import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import type { FindingFilter, FindingStore, StoredFinding } from "../../ports/billing/findings.ts";
import type { Database } from "../platform/client.ts";
import { ms } from "../platform/write.ts";

const conditions = ({ state, rule, customerId }: FindingFilter, afterId: number | null): SQL =>
  sql.join(
    [
      sql`true`,
      ...(state === undefined ? [] : [state === "open" ? sql`cleared_at is null` : sql`cleared_at is not null`]),
      ...(rule === undefined ? [] : [sql`(rule = ${rule} or starts_with(rule, ${`${rule}:`}))`]),
      ...(customerId === undefined ? [] : [sql`customer_id = ${customerId}::bigint`]),
      ...(afterId === null ? [] : [sql`id < ${afterId}::bigint`]),
    ],
    sql` and `,
  );

export const createFindingStore = (db: Database): FindingStore => ({
  list: async (filter, { afterId, limit }) =>
    await db.rows<StoredFinding>(sql`
    select id, customer_id as "customerId", rule, object_type as "objectType", object_id as "objectId", expected, actual,
      ${ms("found_at", "foundAtMs")}, ${ms("last_seen_at", "lastSeenAtMs")}, ${ms("cleared_at", "clearedAtMs")}
    from reconciliation_findings where ${conditions(filter, afterId)} order by id desc limit ${limit}::int`),
});
