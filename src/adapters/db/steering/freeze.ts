import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import type { Freeze, FreezeStore } from "../../ports/steering/freeze.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, write } from "../platform/write.ts";

const columns = sql`freeze_reason as reason, ${ms("freeze_until", "untilMs")}, freeze_actor as actor,
  ${ms("freeze_set_at", "setAtMs")}`;

const json = (row: string) =>
  sql.raw(`case when ${row}.freeze_set_at is not null then jsonb_build_object(
  'reason', ${row}.freeze_reason, 'until', ${row}.freeze_until, 'actor', ${row}.freeze_actor) end`);

export const createFreezeStore = (db: Database): FreezeStore => ({
  get: async (nowMs) => {
    const rows = await db.rows<Freeze>(sql`
      select ${columns} from settings
      where freeze_set_at is not null and (freeze_until is null or freeze_until > ${isoTime(nowMs)}::timestamptz)`);
    return rows[0] ?? null;
  },

  set: async ({ reason, untilMs }, change) => {
    const rows = await write<Freeze>(
      db,
      sql`
      with old as (select * from settings for update
      ), frozen as (
        update settings s set freeze_reason = ${reason}, freeze_until = ${untilMs === null ? null : isoTime(untilMs)}::timestamptz,
          freeze_actor = ${change.actor}, freeze_set_at = now()
        from old where s.id = old.id returning s.*
      ), audit as (${auditRow(
        change,
        "set",
        "freeze",
        sql`
        select null::bigint as object_id, null::bigint as customer_id, ${json("old")} as before, ${json("n")} as after
        from frozen n, old`,
      )}
      )
      select ${columns} from frozen`,
    );
    const [freeze] = rows;
    if (freeze === undefined) throw new TypeError("the settings have no row");
    return freeze;
  },

  lift: async (change) => {
    await write(
      db,
      sql`
      with old as (select * from settings where freeze_set_at is not null for update
      ), lifted as (
        update settings set freeze_reason = null, freeze_until = null, freeze_actor = null, freeze_set_at = null
        where exists (select from old) returning id
      ), audit as (${auditRow(
        change,
        "lift",
        "freeze",
        sql`
        select null::bigint as object_id, null::bigint as customer_id, ${json("old")} as before, null::jsonb as after
        from old join lifted on true`,
      )}
      )
      select id from lifted`,
    );
  },
});
