import { sql } from "drizzle-orm";
import { pageBytes } from "../../../domain/platform/page-size.ts";
import type { IdempotencyStore, RememberedAnswer } from "../../ports/tenants/idempotency.ts";
import type { Database } from "../platform/client.ts";

/** Semantics §1. */
const keptHours = 24;

/** Escaped, it fits one answer of the database. */
const mostBytes = 2 * pageBytes;

export const createIdempotencyStore = (db: Database): IdempotencyStore => ({
  find: async (key) => {
    const rows = await db.rows<RememberedAnswer & { expired: boolean }>(sql`
      with found as (
        select customer_id, method, path, key, body_hash,
          case when octet_length(answer::text) <= ${mostBytes}::int then answer end as answer,
          coalesce(octet_length(answer::text) > ${mostBytes}::int, false) as too_large,
          created_at < now() - make_interval(hours => ${keptHours}::int) as expired
        from idempotency_keys
        where customer_id = ${key.customerId} and method = ${key.method} and path = ${key.path} and key = ${key.key}
      ), forgotten as (
        delete from idempotency_keys k using found f
        where f.expired and (k.customer_id, k.method, k.path, k.key) = (f.customer_id, f.method, f.path, f.key)
      )
      select body_hash as "bodyHash", answer as row, too_large as "tooLarge", expired from found`);
    const [found] = rows;
    return found === undefined || found.expired ? null : { bodyHash: found.bodyHash, row: found.row, tooLarge: found.tooLarge };
  },
});
