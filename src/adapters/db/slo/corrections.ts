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
  /** Named is the objective whose window reaches back farthest. */
  outside: (widest: Widest | null) =>
    invalidBody({
      pointer: "/to",
      detail:
        widest === null
          ? "is in the window of no objective: the service has none, so that there is nothing to correct"
          : `must be after ${isoTime(widest.fromMs)}: no window of the service's objectives reaches back farther than that of "${widest.name}" (${widest.id}), and the correction would change nothing`,
    }),
  many: () =>
    new AppError("conflict", `a service has at most ${mostCorrections} corrections; delete those that no window reaches any more`),
};

type Widest = { readonly id: number; readonly name: string; readonly fromMs: number };

/** Of the live objectives of the service `s` the one whose window reaches back farthest. */
const widestWindow = sql`
  select o.id, o.name, w.from_at from slo_objectives o ${inForce} cross join lateral (
    select case when v.calendar is null then now() - make_interval(hours => 24 * v.window_days) else date_trunc(v.calendar, now(), 'UTC') end as from_at) w
  where o.service_id = s.id and o.deleted_at is null order by w.from_at, o.id limit 1`;

/** Corrections of what objectives count. Their times are judged by the database's clock, as windows are. */
export const createSloCorrectionStore = (db: Database): SloCorrectionStore => ({
  create: async (customerId, serviceId, { fromMs, toMs, reason }, change) => {
    const [outcome] = await write<{
      readonly correction: SloCorrection | null;
      readonly refusal: keyof typeof refusals | null;
      readonly widest: Widest | null;
    }>(
      db,
      sql`
      with owner as (${liveService(customerId, serviceId)} for share of s
      ), wanted as (select ${isoTime(fromMs)}::timestamptz as from_at, ${isoTime(toMs)}::timestamptz as to_at
      ), refusal as (
        select case
          when w.to_at > now() then 'future'
          when w.from_at < now() - make_interval(hours => ${24 * oldestCorrectionDays}::int) then 'old'
          when x.id is null or w.to_at <= x.from_at then 'outside'
          when (select count(*) from slo_corrections c where c.service_id = s.id and c.deleted_at is null) >= ${mostCorrections}::int then 'many'
        end as refusal, case when x.id is not null then jsonb_build_object('id', x.id, 'name', x.name, 'fromMs', trunc(extract(epoch from x.from_at) * 1000)::bigint) end as widest
        from owner s cross join wanted w left join lateral (${widestWindow}) x on true
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
      select (select to_jsonb(view) from view) as correction, refusal, widest from refusal`,
      {},
      quotaLock(customerId),
    );
    if (outcome === undefined) return null;
    if (outcome.refusal !== null) throw refusals[outcome.refusal](outcome.widest);
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
