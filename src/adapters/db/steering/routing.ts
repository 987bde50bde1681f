import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import { pageBytes } from "../../../domain/platform/page-size.ts";
import type { RoutingOverride, RoutingStore, RoutingView } from "../../ports/steering/routing.ts";
import { withinBytes } from "../platform/byte-budget.ts";
import type { Database } from "../platform/client.ts";
import { changeColumns, domainStatus, driftColumns } from "../platform/views.ts";
import { auditRow, ms, rememberedAnswer, write } from "../platform/write.ts";
import { freezeOfAll, isAllFrozen } from "./orders.ts";

const domainColumns = sql`d.id as "domainId", d.name, coalesce(${domainStatus}, 'unread') as status,
  r.primary_weight as "primaryWeight", r.backup_weight as "backupWeight", ${ms("r.read_at", "readAtMs")},
  ${ms("r.moved_at", "movedAtMs")}, ${ms("r.contested_at", "contestedAtMs")}, r.last_error as "lastError", r.expected`;

const overrideColumns = sql`override_mode as mode, coalesce(override_reason, '') as reason,
  ${ms("override_until", "untilMs")}, coalesce(override_actor, '') as actor, ${ms("override_set_at", "setAtMs")}`;

/** An override by an operator ends the domains' fights, and clears the drifts that led to them. */
const calledOff = sql`update domain_routing r set contested_at = null, drift_resumed_at = now()
  from owner where r.service_id = owner.id`;

/** Serializes overrides of one service. */
const locked = (customerId: number, serviceId: number) => sql`
  select 1 from services where id = ${serviceId} and customer_id = ${customerId} and deleted_at is null for no key update`;

/** The live service, and its previous override. */
const owner = (customerId: number, serviceId: number) => sql`
  owner as (
    select id, customer_id from services where id = ${serviceId} and customer_id = ${customerId} and deleted_at is null
  ), old as (select r.* from service_routing r join owner on owner.id = r.service_id)`;

const overrideJson = (row: string) =>
  sql.raw(`case when ${row}.override_mode is not null then jsonb_build_object('mode', ${row}.override_mode,
    'reason', ${row}.override_reason, 'until', ${row}.override_until, 'actor', ${row}.override_actor) end`);

export const createRoutingStore = (db: Database): RoutingStore => ({
  get: async (customerId, serviceId, page, afterDomainId) => {
    const older = page.afterId === null ? sql`` : sql`and id < ${page.afterId}`;
    const rows = await db.rows<RoutingView>(sql`
      select s.id as "serviceId", coalesce(g.state, 'normal') as state, coalesce(g.reason, '') as reason,
        case when ${isAllFrozen("g", sql`now()`)}
          then (select to_jsonb(x) from (select 'frozen' as mode, f.reason, ${ms("f.until", "untilMs")}, f.actor, ${ms("f.set_at", "setAtMs")}, true as "ofAll") x)
          else (select to_jsonb(x) from (
            select ${overrideColumns} from service_routing
            where service_id = s.id and override_mode is not null and (override_until is null or override_until > now())
          ) x) end as override,
        coalesce((select jsonb_agg(x order by x."domainId") from (${withinBytes(
          sql`
          select ${domainColumns} from service_domains d left join domain_routing r on r.domain_id = d.id
          where d.service_id = s.id and d.deleted_at is null and d.id > ${afterDomainId ?? 0}`,
          sql`"domainId"`,
          pageBytes / 2,
        )}) x), '[]') as domains,
        coalesce((select jsonb_agg(x order by x.id desc) from (${withinBytes(
          sql`
          select ${changeColumns} from routing_changes where service_id = s.id ${older}
          order by id desc limit ${page.limit}`,
          sql`id desc`,
          pageBytes / 2,
        )}) x), '[]') as changes,
        coalesce((select jsonb_agg(x order by x.id desc) from (
          select ${driftColumns} from routing_drifts f where f.service_id = s.id order by f.id desc limit 20) x), '[]') as drifts
      from services s left join service_routing g on g.service_id = s.id
      ${freezeOfAll("s.customer_id", sql`now()`)}
      where s.id = ${serviceId} and s.customer_id = ${customerId} and s.deleted_at is null`);
    return rows[0] ?? null;
  },

  setOverride: async (customerId, serviceId, { mode, reason, untilMs }, change) => {
    const until = sql`${untilMs === null ? null : isoTime(untilMs)}::timestamptz`;
    const rows = await write<RoutingOverride>(
      db,
      sql`
      with ${owner(customerId, serviceId)}, ordered as (
        insert into service_routing
          (service_id, override_mode, override_reason, override_until, override_actor, override_set_at)
        select id, ${mode}, ${reason}, ${until}, ${change.actor}, now() from owner
        on conflict (service_id) do update set override_mode = excluded.override_mode,
          override_reason = excluded.override_reason, override_until = excluded.override_until,
          override_actor = excluded.override_actor, override_set_at = excluded.override_set_at
        returning *
      ), resumed as (${calledOff}
      ), audit as (${auditRow(
        change,
        "set",
        "routing_override",
        sql`
        select o.id as object_id, o.customer_id, ${overrideJson("old")} as before, ${overrideJson("n")} as after
        from owner o join ordered n on n.service_id = o.id left join old on true`,
      )}
      )
      select ${overrideColumns} from ordered`,
      {},
      locked(customerId, serviceId),
    );
    return rows[0] ?? null;
  },

  clearOverride: async (customerId, serviceId, change) => {
    const rows = await write<{ id: number }>(
      db,
      sql`
      with ${owner(customerId, serviceId)}, cleared as (
        update service_routing r set override_mode = null, override_reason = null, override_until = null,
          override_actor = null, override_set_at = null
        from owner where r.service_id = owner.id and r.override_mode is not null returning r.service_id
      ), resumed as (${calledOff}
      ), audit as (${auditRow(
        change,
        "clear",
        "routing_override",
        sql`
        select o.id as object_id, o.customer_id, ${overrideJson("old")} as before, null::jsonb as after
        from owner o join cleared c on c.service_id = o.id join old on true`,
      )}
      )
      select id from owner`,
      {},
      locked(customerId, serviceId),
    );
    return rows.length > 0;
  },

  resumeDrift: async (customerId, serviceId, domainId, change) => {
    const rows = await write<{ domainId: number; resumedAtMs: number }>(
      db,
      sql`
      with own as (
        select d.id, d.customer_id from service_domains d join services s on s.id = d.service_id
        where d.id = ${domainId} and d.service_id = ${serviceId} and d.deleted_at is null
          and s.customer_id = ${customerId} and s.deleted_at is null
      ), old as (select r.* from domain_routing r join own on own.id = r.domain_id for update of r
      ), resumed as (
        update domain_routing r set contested_at = null, drift_resumed_at = now()
        from old where r.domain_id = old.domain_id returning r.*
      ), view as (select id as "domainId", ${ms("now()", "resumedAtMs")} from own
      ), remembered as (${rememberedAnswer(change, "own", "view", 200)}
      ), audit as (${auditRow(
        change,
        "resume",
        "drift",
        sql`
        select own.id as object_id, own.customer_id, jsonb_build_object('contested_at', old.contested_at) as before,
          jsonb_build_object('contested_at', null) as after
        from own left join resumed on resumed.domain_id = own.id left join old on old.domain_id = own.id`,
      )}
      )
      select * from view`,
    );
    return rows[0] ?? null;
  },
});
