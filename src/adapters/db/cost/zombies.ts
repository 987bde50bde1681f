import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { AppError } from "../../../errors.ts";
import type { FoundZombie, UnreadSource, ZombieStore } from "../../ports/cost/zombies.ts";
import type { Paged } from "../../ports/tenants/change.ts";
import { withinBytes } from "../platform/byte-budget.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, write } from "../platform/write.ts";

export const zombieColumns = sql`z.id, z.rule, z.resource, nullif(z.account, '') as account, z.service_id as "serviceId", z.severity, z.state,
  ${ms("z.first_seen", "firstSeenMs")}, ${ms("z.last_seen", "lastSeenMs")}, ${ms("z.last_activity", "lastActivityMs")},
  z.estimated_monthly_waste as "estimatedMonthlyWaste", z.reason, z.remedy, z.changed_by as "changedBy", ${ms("z.changed_at", "changedAtMs")},
  z.note, ${ms("z.remediated_at", "remediatedAtMs")}`;

const told = (row: string): SQL =>
  sql.raw(
    `jsonb_build_object('id', ${row}.id, 'rule', ${row}.rule, 'resource', ${row}.resource, 'state', ${row}.state, 'note', ${row}.note)`,
  );

const remediated = () => new AppError("conflict", "the zombie is remediated: it is used again, or gone");

/** What idles, or would not pay. */
export const createZombieStore = (db: Database): ZombieStore => ({
  list: (customerId, { state = null }, page) =>
    db.rows<Paged<FoundZombie>>(
      withinBytes(
        sql`select ${zombieColumns} from zombies z where z.customer_id = ${customerId} and (${state}::text is null or z.state = ${state}::text)
          and (${page.afterId}::bigint is null or z.id < ${page.afterId}::bigint) order by z.id desc limit ${page.limit}`,
        sql`id desc`,
      ),
    ),

  find: async (customerId, id) => {
    const [row] = await db.rows<FoundZombie>(
      sql`select ${zombieColumns} from zombies z where z.customer_id = ${customerId} and z.id = ${id}`,
    );
    return row ?? null;
  },

  change: async (customerId, id, { state, note }, change) => {
    const [row] = await write<{ readonly zombie: FoundZombie | null }>(
      db,
      sql`
      with was as (select * from zombies where id = ${id} and customer_id = ${customerId}
      ), z as (
        update zombies z set state = ${state}, note = ${note}, changed_by = ${change.actor}, changed_at = now()
        from was where z.id = was.id and z.remediated_at is null returning z.*
      ), audit as (${auditRow(
        change,
        "update",
        "zombie",
        sql`select z.id as object_id, z.customer_id, ${told("was")} as before, ${told("z")} as after from z, was`,
      )}
      )
      select (select to_jsonb(y) from (select ${zombieColumns} from z) y) as zombie from was`,
      {},
      sql`select 1 from zombies where id = ${id} and customer_id = ${customerId} for update`,
    );
    if (row === undefined) return null;
    if (row.zombie === null) throw remediated();
    return row.zombie;
  },

  lastHunt: async (customerId) => {
    const [row] = await db.rows<{ readonly huntedAtMs: number; readonly unread: readonly UnreadSource[] }>(
      sql`select ${ms("hunted_at", "huntedAtMs")}, unread from zombie_hunts where customer_id = ${customerId} and hunted_at is not null`,
    );
    return row ?? null;
  },
});
