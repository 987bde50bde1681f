import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";

/** Joins, as `f`, the freeze of all services of a customer, where one is in force at that time. @param customer a column with its id */
export const freezeOfAll = (customer: string, at: SQL): SQL =>
  sql`left join customer_freezes f on f.customer_id = ${sql.raw(customer)} and (f.until is null or f.until > ${at})`;

/**
 * Whether the freeze `f` of all services is what counts for one of them: of two orders the later one does, as long as it is in force. So
 * one service can be ordered away from the freeze, and what was ordered of it before is as it was once the freeze is lifted.
 * @param routing the alias of the service's row of `service_routing`, which may be missing
 */
export const isAllFrozen = (routing: string, at: SQL): SQL => {
  const column = (name: string): SQL => sql.raw(`${routing}.override_${name}`);
  return sql`(f.customer_id is not null and (${column("mode")} is null or coalesce(${column("set_at")} <= f.set_at, true) or coalesce(${column("until")} <= ${at}, false)))`;
};
