import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { mostIncidents, mostUpdates } from "../../../domain/publish/incident.ts";
import { AppError, invalidBody } from "../../../errors.ts";
import { isoTime } from "../../../iso-time.ts";
import type { StatusIncident, StatusIncidentStore } from "../../ports/publish/status-pages.ts";
import type { Database } from "../platform/client.ts";
import { withinBytes } from "../platform/byte-budget.ts";
import { auditRow, ms, rememberedAnswer, write } from "../platform/write.ts";
import { publishLock } from "./status-pages.ts";

/** The columns of the port, of a row `i`. */
export const incidentColumns = sql`i.id, i.public_id as "publicId", i.title, i.impact, i.state, i.service_ids as "serviceIds",
  ${ms("i.starts_at", "startsAtMs")}, ${ms("i.ends_at", "endsAtMs")}, i.updates, ${ms("i.created_at", "createdAtMs")}, ${ms("i.updated_at", "updatedAtMs")}`;

/** What an audit row says of it: with the last update, not all of them again. */
const told = (row: string): SQL => sql.raw(`to_jsonb(${row}) - 'updates' || jsonb_build_object('update', ${row}.updates->-1)`);

const idArray = (ids: readonly number[]): SQL =>
  sql`array(select x::bigint from jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb) with ordinality as y(x, place) order by place)`;

/** A timestamp parameter. */
const timeOf = (atMs: number | null): SQL => sql`${atMs === null ? null : isoTime(atMs)}::timestamptz`;

/** The place of the first that is not on the page `p`, from 0; no row where all are. */
const strangers = (ids: readonly number[]): SQL => sql`
  select x.place - 1 as place from p, jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb) with ordinality x(id, place)
  where not p.services @> jsonb_build_array(jsonb_build_object('serviceId', x.id::bigint)) order by x.place limit 1`;

const refuseStranger = (place: number | null | undefined): void => {
  if (place != null) throw invalidBody({ pointer: `/service_ids/${place}`, detail: "must be a service of the status page" });
};

/** An update as it is kept. */
const updateOf = (state: SQL, text: string): SQL =>
  sql`jsonb_build_array(jsonb_build_object('id', gen_random_uuid(), 'atMs', trunc(extract(epoch from now()) * 1000)::bigint, 'state', ${state}, 'text', ${text}::text))`;

const page = (customerId: number): SQL => sql`select * from status_pages where customer_id = ${customerId}`;

export const createStatusIncidentStore = (db: Database): StatusIncidentStore => ({
  list: (customerId, { limit, afterId }) =>
    db.rows(
      withinBytes(
        sql`select ${incidentColumns} from status_incidents i where i.customer_id = ${customerId}
          and (${afterId}::bigint is null or i.id < ${afterId}::bigint) order by i.id desc limit ${limit}`,
        sql`id desc`,
      ),
    ),

  get: async (customerId, id) => {
    const [row] = await db.rows<StatusIncident>(
      sql`select ${incidentColumns} from status_incidents i where i.id = ${id} and i.customer_id = ${customerId}`,
    );
    return row ?? null;
  },

  create: async (customerId, { title, impact, state, serviceIds, startsAtMs, endsAtMs, text }, change) => {
    const [outcome] = await write<{
      readonly incident: StatusIncident | null;
      readonly stranger: number | null;
      readonly full: boolean;
    }>(
      db,
      sql`
      with p as (${page(customerId)}
      ), stranger as (${strangers(serviceIds)}
      ), room as (select count(*) >= ${mostIncidents}::int as "full" from status_incidents where customer_id = ${customerId}
      ), i as (
        insert into status_incidents (customer_id, title, impact, state, service_ids, starts_at, ends_at, updates)
        select p.customer_id, ${title}, ${impact}, ${state}, ${idArray(serviceIds)}, ${timeOf(startsAtMs)}, ${timeOf(endsAtMs)}, ${updateOf(sql`${state}::text`, text)}
        from p, room where not room."full" and not exists (select from stranger) returning *
      ), view as (select ${incidentColumns} from i
      ), remembered as (${rememberedAnswer(change, "i", "view")}
      ), audit as (${auditRow(change, "create", "status_incident", sql`select i.id as object_id, i.customer_id, null::jsonb as before, ${told("i")} as after from i`)}
      )
      select (select to_jsonb(v) from view v) as incident, (select place from stranger) as stranger, room."full" from p, room`,
      {},
      publishLock(customerId),
    );
    refuseStranger(outcome?.stranger);
    if (outcome?.full === true)
      throw new AppError("conflict", `a status page has at most ${mostIncidents} incidents; delete old ones to make room`);
    return outcome?.incident ?? null;
  },

  update: async (customerId, seen, input, change) => {
    const next = { ...seen, ...Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) };
    const [outcome] = await write<{
      readonly incident: StatusIncident | null;
      readonly stranger: number | null;
      readonly full: boolean;
    }>(
      db,
      sql`
      with p as (${page(customerId)}
      ), old as (select * from status_incidents where id = ${seen.id} and customer_id = ${customerId}
      ), stranger as (${strangers(input.serviceIds ?? [])}
      ), i as (
        update status_incidents i set title = ${next.title}, impact = ${next.impact}, state = ${next.state}, service_ids = ${idArray(next.serviceIds)},
          starts_at = ${timeOf(next.startsAtMs)}, ends_at = ${timeOf(next.endsAtMs)}, updates = i.updates || ${updateOf(sql`${next.state}::text`, input.text)}, updated_at = now()
        from old where i.id = old.id and jsonb_array_length(old.updates) = ${seen.updates.length}::int and jsonb_array_length(old.updates) < ${mostUpdates}::int
          and not exists (select from stranger) returning i.*
      ), view as (select ${incidentColumns} from i
      ), remembered as (${rememberedAnswer(change, "i", "view")}
      ), audit as (${auditRow(change, "update", "status_incident", sql`select i.id as object_id, i.customer_id, ${told("old")} as before, ${told("i")} as after from i, old`)}
      )
      select (select to_jsonb(v) from view v) as incident, (select place from stranger) as stranger, jsonb_array_length(old.updates) >= ${mostUpdates}::int as "full" from old`,
      {},
      publishLock(customerId),
    );
    if (outcome === undefined) return null;
    refuseStranger(outcome.stranger);
    if (outcome.full) throw new AppError("conflict", `an incident has at most ${mostUpdates} updates; write of what goes on as a new one`);
    if (outcome.incident === null) throw new AppError("conflict", "somebody else has just written an update; read it first");
    return outcome.incident;
  },

  remove: async (customerId, id, change) => {
    const rows = await write<{ id: number }>(
      db,
      sql`
      with gone as (delete from status_incidents where id = ${id} and customer_id = ${customerId} returning *
      ), audit as (${auditRow(change, "delete", "status_incident", sql`select gone.id as object_id, gone.customer_id, to_jsonb(gone) as before, null::jsonb as after from gone`)}
      )
      select id from gone`,
      {},
      publishLock(customerId),
    );
    return rows.length > 0;
  },
});
