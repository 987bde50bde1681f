import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import type { CustomerFreezeStore, Freeze, FreezeStore, StandingOrders } from "../../ports/steering/freeze.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, write } from "../platform/write.ts";
import { panicInForce } from "./panic.ts";

const columns = sql`freeze_reason as reason, ${ms("freeze_until", "untilMs")}, freeze_actor as actor,
  ${ms("freeze_set_at", "setAtMs")}`;

const json = (row: string) =>
  sql.raw(`case when ${row}.freeze_set_at is not null then jsonb_build_object(
  'reason', ${row}.freeze_reason, 'until', ${row}.freeze_until, 'actor', ${row}.freeze_actor) end`);

const one = (query: SQL): SQL => sql`(select to_jsonb(x) from (${query}) x)`;

const ofEverything = (nowMs: number): SQL => sql`
  select ${columns} from settings
  where freeze_set_at is not null and (freeze_until is null or freeze_until > ${isoTime(nowMs)}::timestamptz)`;

const customerColumns = sql`reason, ${ms("until", "untilMs")}, actor, ${ms("set_at", "setAtMs")}`;

const ofCustomer = (customerId: number, nowMs: number): SQL => sql`
  select ${customerColumns} from customer_freezes
  where customer_id = ${customerId} and (until is null or until > ${isoTime(nowMs)}::timestamptz)`;

const customerJson = (row: string) =>
  sql.raw(`case when ${row}.customer_id is not null then jsonb_build_object(
  'reason', ${row}.reason, 'until', ${row}.until, 'actor', ${row}.actor) end`);

/** Serializes orders to one customer, and waits for nothing else: not for the bill that has the customer's own row. */
const locked = (customerId: number): SQL => sql`select 1 from customer_freezes where customer_id = ${customerId} for update`;

export const createCustomerFreezeStore = (db: Database): CustomerFreezeStore => ({
  get: async (customerId, nowMs) => (await db.rows<Freeze>(ofCustomer(customerId, nowMs)))[0] ?? null,

  set: async (customerId, { reason, untilMs }, change) => {
    const rows = await write<Freeze>(
      db,
      sql`
      with old as (select * from customer_freezes where customer_id = ${customerId}
      ), frozen as (
        insert into customer_freezes (customer_id, reason, until, actor)
        select id, ${reason}, ${untilMs === null ? null : isoTime(untilMs)}::timestamptz, ${change.actor} from customers where id = ${customerId}
        on conflict (customer_id) do update set reason = excluded.reason, until = excluded.until, actor = excluded.actor,
          set_at = excluded.set_at, expired_at = null
        returning *
      ), audit as (${auditRow(
        change,
        "set",
        "customer_freeze",
        sql`
        select n.customer_id as object_id, n.customer_id, ${customerJson("old")} as before, ${customerJson("n")} as after
        from frozen n left join old on true`,
      )}
      )
      select ${customerColumns} from frozen`,
      {},
      locked(customerId),
    );
    return rows[0] ?? null;
  },

  lift: async (customerId, change) => {
    await write(
      db,
      sql`
      with lifted as (delete from customer_freezes where customer_id = ${customerId} returning *
      ), audit as (${auditRow(
        change,
        "lift",
        "customer_freeze",
        sql`
        select l.customer_id as object_id, l.customer_id, ${customerJson("l")} as before, null::jsonb as after from lifted l`,
      )}
      )
      select customer_id from lifted`,
      {},
      locked(customerId),
    );
  },
});

export const createFreezeStore = (db: Database): FreezeStore => ({
  standing: async (customerId, nowMs) => {
    const [orders] = await db.rows<StandingOrders>(sql`
      select ${one(panicInForce)} as panic, ${one(ofEverything(nowMs))} as freeze, ${one(ofCustomer(customerId, nowMs))} as "ofCustomer"`);
    if (orders === undefined) throw new TypeError("a select without from returned no row");
    return orders;
  },

  get: async (nowMs) => (await db.rows<Freeze>(ofEverything(nowMs)))[0] ?? null,

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
