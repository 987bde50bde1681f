import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { DeadLetter, DeadLetterStore } from "../../ports/cost/dead-letters.ts";
import type { Change } from "../../ports/tenants/change.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, write } from "../platform/write.ts";

const columns = sql`id, source, archive_key as "archiveKey", cardinality(event_ids) as events, tries, last_error as "lastError",
  ${ms("created_at", "createdAtMs")}`;

/** Without the ids of its events, of which there may be thousands. */
const told = (row: string): SQL => sql.raw(`to_jsonb(${row}) - 'event_ids' || jsonb_build_object('events', cardinality(${row}.event_ids))`);

/** Batches of events that could not be scored. */
export const createDeadLetterStore = (db: Database): DeadLetterStore => {
  const dead = (customerId: number, id: number): SQL => sql`id = ${id} and customer_id = ${customerId} and state = 'dead'`;

  const end = async (moved: SQL, action: string, after: SQL, change: Change): Promise<boolean> => {
    const rows = await write<{ readonly id: number }>(
      db,
      sql`
      with moved as (${moved}
      ), audit as (${auditRow(
        change,
        action,
        "cost_dead_letter",
        sql`select id as object_id, customer_id, jsonb_build_object('state', 'dead') as before, ${after} as after from moved`,
      )}
      )
      select id from moved`,
    );
    return rows.length > 0;
  };

  return {
    list: (customerId, page) =>
      db.rows<DeadLetter>(sql`
        select ${columns} from cost_batches where customer_id = ${customerId} and state = 'dead' and id > ${page.afterId ?? 0}
        order by id limit ${page.limit}`),

    retry: (customerId, id, change) =>
      end(
        sql`update cost_batches set state = 'queued', tries = 0, next_try_at = now() where ${dead(customerId, id)} returning *`,
        "retry",
        told("moved"),
        change,
      ),

    drop: (customerId, id, change) =>
      end(sql`delete from cost_batches where ${dead(customerId, id)} returning *`, "delete", sql`null::jsonb`, change),
  };
};
