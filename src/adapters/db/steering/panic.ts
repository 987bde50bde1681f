import { sql } from "drizzle-orm";
import type { Panic, PanicStore } from "../../ports/steering/panic.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, write } from "../platform/write.ts";

const columns = sql`panic_reason as reason, panic_actor as actor, ${ms("panic_set_at", "setAtMs")}`;

/** The panic that is on; no row: there is none. */
export const panicInForce = sql`select ${columns} from settings where panic_set_at is not null`;

const json = (row: string) =>
  sql.raw(
    `case when ${row}.panic_set_at is not null then jsonb_build_object('reason', ${row}.panic_reason, 'actor', ${row}.panic_actor) end`,
  );

export const createPanicStore = (db: Database): PanicStore => ({
  get: async () => (await db.rows<Panic>(panicInForce))[0] ?? null,

  set: async (reason, change) => {
    const [panic] = await write<Panic>(
      db,
      sql`
      with old as (select * from settings for update
      ), begun as (
        update settings s set panic_reason = ${reason}, panic_actor = ${change.actor}, panic_set_at = now()
        from old where s.id = old.id returning s.*
      ), audit as (${auditRow(
        change,
        "set",
        "panic",
        sql`
        select null::bigint as object_id, null::bigint as customer_id, ${json("old")} as before, ${json("n")} as after from begun n, old`,
      )}
      )
      select ${columns} from begun`,
    );
    if (panic === undefined) throw new TypeError("the settings have no row");
    return panic;
  },

  lift: async (change) => {
    await write(
      db,
      sql`
      with old as (select * from settings where panic_set_at is not null for update
      ), lifted as (
        update settings set panic_reason = null, panic_actor = null, panic_set_at = null where exists (select from old) returning id
      ), audit as (${auditRow(
        change,
        "lift",
        "panic",
        sql`
        select null::bigint as object_id, null::bigint as customer_id, ${json("old")} as before, null::jsonb as after from old join lifted on true`,
      )}
      )
      select id from lifted`,
    );
  },
});
