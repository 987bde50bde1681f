import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { oldestCorrectionDays } from "../../../domain/slo/correction.ts";
import { AppError, invalidBody } from "../../../errors.ts";
import { isoTime } from "../../../iso-time.ts";
import type { SloCorrection, SloCorrectionStore } from "../../ports/slo/corrections.ts";
import { mostCorrections } from "../../ports/slo/corrections.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, rememberedAnswer, write } from "../platform/write.ts";
import { quotaLock } from "../tenants/quotas.ts";
import { inForce, liveService } from "./terms.ts";

const columns = sql`c.id, c.service_id as "serviceId", ${ms("c.from_at", "fromMs")}, ${ms("c.to_at", "toMs")}, c.reason, c.actor,
  ${ms("c.created_at", "createdAtMs")}`;

const refusals = {
  future: () => invalidBody({ pointer: "/to", detail: "must not be in the future" }),
  old: () => invalidBody({ pointer: "/from", detail: `must be at most ${oldestCorrectionDays} days ago` }),
  outside: () =>
    invalidBody({
      pointer: "/to",
      detail: "must be within the window of a live objective of the service: the correction would change nothing",
    }),
  many: () =>
    new AppError("conflict", `a service has at most ${mostCorrections} corrections; delete those that no window reaches any more`),
};

/** Whether the window of a live objective of the service `s` reaches back beyond a time. */
const touchesWindow = (to: SQL): SQL => sql`exists (
  select from slo_objectives o ${inForce} where o.service_id = s.id and o.deleted_at is null
    and ${to} > case when v.calendar is null then now() - make_interval(hours => 24 * v.window_days) else date_trunc(v.calendar, now(), 'UTC') end)`;

/** Corrections of what objectives count. Their times are judged by the database's clock, as windows are. */
export const createSloCorrectionStore = (db: Database): SloCorrectionStore => ({
  create: async (customerId, serviceId, { fromMs, toMs, reason }, change) => {
    const [outcome] = await write<{ readonly correction: SloCorrection | null; readonly refusal: keyof typeof refusals | null }>(
      db,
      sql`
      with owner as (${liveService(customerId, serviceId)} for share of s
      ), wanted as (select ${isoTime(fromMs)}::timestamptz as from_at, ${isoTime(toMs)}::timestamptz as to_at
      ), refusal as (
        select case
          when w.to_at > now() then 'future'
          when w.from_at < now() - make_interval(hours => ${24 * oldestCorrectionDays}::int) then 'old'
          when not ${touchesWindow(sql`w.to_at`)} then 'outside'
          when (select count(*) from slo_corrections x where x.service_id = s.id and x.deleted_at is null) >= ${mostCorrections}::int then 'many'
        end as refusal from owner s, wanted w
      ), c as (
        insert into slo_corrections (service_id, from_at, to_at, reason, actor)
        select owner.id, w.from_at, w.to_at, ${reason}, ${change.actor} from owner, wanted w, refusal r where r.refusal is null returning *
      ), view as (select ${columns} from c
      ), remembered as (${rememberedAnswer(change, "c", "view")}
      ), audit as (${auditRow(
        change,
        "create",
        "slo_correction",
        sql`select c.id as object_id, owner.customer_id, null::jsonb as before, to_jsonb(c) as after from c, owner`,
      )}
      )
      select (select to_jsonb(view) from view) as correction, refusal from refusal`,
      {},
      quotaLock(customerId),
    );
    if (outcome === undefined) return null;
    if (outcome.refusal !== null) throw refusals[outcome.refusal]();
    return outcome.correction;
  },

  list: async (customerId, serviceId, page) => {
    const [row] = await db.rows<{ corrections: SloCorrection[] }>(sql`
      select coalesce((select jsonb_agg(x order by x.id) from (
        select ${columns} from slo_corrections c where c.service_id = s.id and c.deleted_at is null and c.id > ${page.afterId ?? 0}
        order by c.id limit ${page.limit}) x), '[]') as corrections
      from (${liveService(customerId, serviceId)}) s`);
    return row?.corrections ?? null;
  },

  remove: async (customerId, serviceId, id, change) => {
    const rows = await write<{ id: number }>(
      db,
      sql`
      with owner as (${liveService(customerId, serviceId)}
      ), gone as (
        update slo_corrections c set deleted_at = now() from owner where c.id = ${id} and c.service_id = owner.id and c.deleted_at is null returning c.*
      ), audit as (${auditRow(
        change,
        "delete",
        "slo_correction",
        sql`select gone.id as object_id, owner.customer_id, to_jsonb(gone) - 'deleted_at' as before, null::jsonb as after from gone, owner`,
      )}
      )
      select id from gone`,
    );
    return rows.length > 0;
  },
});
