import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { QuotaLimits } from "../../../domain/tenants/quota.ts";
import { invalidBody } from "../../../errors.ts";
import type { Objective, ObjectiveStore } from "../../ports/slo/objectives.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, rememberedAnswer, taken, write } from "../platform/write.ts";
import type { Exhausted } from "../tenants/quotas.ts";
import { exhausted, noLimits, quotaLock, refuseExhausted } from "../tenants/quotas.ts";
import {
  auditJson,
  changedTerms,
  inForce,
  liveObjective,
  liveService,
  objectiveColumns,
  termsJson,
  termsRecord,
  versionColumns,
} from "./terms.ts";

const refusals = { slo_objectives_name_key: taken("the service has a live objective of this name", "/name") };

const warningAfterCritical = () => invalidBody({ pointer: "/burn_warning_percent", detail: "must be at most burn_critical_percent" });

/** Serializes changes of one objective. */
const locked = (customerId: number, serviceId: number, id: number): SQL =>
  sql`select 1 from (${liveObjective(customerId, serviceId, id)} for no key update of o) x`;

/** @param limits the quotas of customers without their own */
export const createObjectiveStore = (db: Database, limits: QuotaLimits = noLimits): ObjectiveStore => ({
  create: async (customerId, serviceId, input, change) => {
    const [outcome] = await write<{ readonly objective: Objective | null; readonly quota: Exhausted | null }>(
      db,
      sql`
      with owner as (${liveService(customerId, serviceId)} for share of s
      ), quota as (${exhausted(customerId, limits, ["objectives"])}
      ), o as (
        insert into slo_objectives (service_id, name) select id, ${input.name} from owner where not exists (select from quota) returning *
      ), v as (
        insert into slo_objective_versions (${versionColumns})
        select o.id, o.version, x.* from o, jsonb_to_record(${termsJson(input)}::jsonb) as ${termsRecord} returning *
      ), view as (select ${objectiveColumns} from o, v
      ), remembered as (${rememberedAnswer(change, "o", "view")}
      ), audit as (${auditRow(
        change,
        "create",
        "objective",
        sql`select o.id as object_id, owner.customer_id, null::jsonb as before, ${auditJson("o", "v")} as after from o, v, owner`,
      )}
      )
      select (select to_jsonb(view) from view) as objective, (select to_jsonb(q) from quota q) as quota from owner`,
      refusals,
      quotaLock(customerId),
    );
    refuseExhausted(outcome?.quota);
    return outcome?.objective ?? null;
  },

  list: async (customerId, serviceId, page) => {
    const [row] = await db.rows<{ objectives: Objective[] }>(sql`
      select coalesce((select jsonb_agg(x order by x.id) from (
        select ${objectiveColumns} from slo_objectives o ${inForce}
        where o.service_id = s.id and o.deleted_at is null and o.id > ${page.afterId ?? 0} order by o.id limit ${page.limit}) x), '[]') as objectives
      from (${liveService(customerId, serviceId)}) s`);
    return row?.objectives ?? null;
  },

  get: async (customerId, serviceId, id) => {
    const [row] = await db.rows<Objective>(sql`select ${objectiveColumns} from (${liveObjective(customerId, serviceId, id)}) o ${inForce}`);
    return row ?? null;
  },

  update: async (customerId, serviceId, id, patch, change) => {
    const json = termsJson(patch);
    const [outcome] = await write<{ readonly objective: Objective | null }>(
      db,
      sql`
      with current as (${liveObjective(customerId, serviceId, id)}
      ), old as (
        select v.*, to_jsonb(v) as j from slo_objective_versions v join current on (current.id, current.version) = (v.objective_id, v.version)
      ), next as (
        select old.objective_id, old.version + 1 as version, ${changedTerms(json)} from old, jsonb_to_record(${json}::jsonb) as ${termsRecord}
      ), v as (
        insert into slo_objective_versions (${versionColumns})
        select * from next where burn_warning_percent <= burn_critical_percent returning *
      ), o as (
        update slo_objectives o set version = v.version, updated_at = now(), name = coalesce(${patch.name ?? null}::text, o.name) from v
        where o.id = v.objective_id returning o.*
      ), audit as (${auditRow(
        change,
        "update",
        "objective",
        sql`
        select o.id as object_id, ${customerId}::bigint as customer_id, ${auditJson("o", "v")} as after,
          to_jsonb(current) || (old.j - 'objective_id' - 'created_at') as before
        from o, v, current, old`,
      )}
      )
      select (select to_jsonb(y) from (select ${objectiveColumns} from o, v) y) as objective from current`,
      refusals,
      locked(customerId, serviceId, id),
    );
    if (outcome === undefined) return null;
    if (outcome.objective === null) throw warningAfterCritical();
    return outcome.objective;
  },

  remove: async (customerId, serviceId, id, change) => {
    const rows = await write<{ id: number }>(
      db,
      sql`
      with gone as (
        update slo_objectives o set deleted_at = now(), updated_at = now() where o.id in (select c.id from (${liveObjective(customerId, serviceId, id)}) c)
        returning o.*
      ), audit as (${auditRow(
        change,
        "delete",
        "objective",
        sql`
        select gone.id as object_id, ${customerId}::bigint as customer_id, ${auditJson("gone", "v")} - 'deleted_at' as before, null::jsonb as after
        from gone join slo_objective_versions v on (v.objective_id, v.version) = (gone.id, gone.version)`,
      )}
      )
      select id from gone`,
      {},
      locked(customerId, serviceId, id),
    );
    return rows.length > 0;
  },
});
