import { sql } from "drizzle-orm";
import { invalidBody } from "../../../errors.ts";
import type { Paged } from "../../ports/tenants/change.ts";
import type { Domain } from "../../ports/tenants/domains.ts";
import type { StormPolicy } from "../../ports/detection/policies.ts";
import type { Service, ServiceStore } from "../../ports/tenants/services.ts";
import type { QuotaLimits } from "../../../domain/tenants/quota.ts";
import { withinBytes } from "../platform/byte-budget.ts";
import type { Database } from "../platform/client.ts";
import type { Signing } from "../detection/end-storms.ts";
import { endedStorms, signDeletion } from "../detection/end-storms.ts";
import type { Exhausted } from "./quotas.ts";
import { exhausted, noLimits, quotaLock, refuseExhausted } from "./quotas.ts";
import { endsOfServices } from "../notify/deleted-matters.ts";
import { domainColumns, policyColumns } from "../platform/views.ts";
import { assignments, auditRow, ms, rememberedAnswer, taken, write } from "../platform/write.ts";
import { believedUntil } from "../slo/believed.ts";

const columns = sql`id, name, primary_cdn as "primaryCdn", backup_cdn as "backupCdn", steering,
  failback_steps as "failbackSteps", failback_step_seconds as "failbackStepSeconds",
  downtime_cents_per_minute as "downtimeCentsPerMinute",
  ${ms("created_at", "createdAtMs")}, ${ms("updated_at", "updatedAtMs")}`;

const sameCdn = () => invalidBody({ pointer: "/backup_cdn", detail: "must differ from primary_cdn" });

const refusals = {
  services_name_key: taken("a service of this name exists", "/name"),
  services_two_cdns: sameCdn,
};

/**
 * Nothing is added to a service while it is deleted. Foreign keys do not wait for this lock: a round that waited for it there
 * would deadlock with the deletion.
 */
const locked = (customerId: number, id: number) => sql`
  select 1 from services where id = ${id} and customer_id = ${customerId} for no key update`;

/** @param limits the quotas of customers without their own @param signing null: a deletion's end of storms is not signed */
export const createServiceStore = (db: Database, limits: QuotaLimits = noLimits, signing: Signing | null = null): ServiceStore => ({
  create: async (customerId, input, change) => {
    const rows = await write<{ service: Service | null; quota: Exhausted | null }>(
      db,
      sql`
      with quota as (${exhausted(customerId, limits, ["services"])}
      ), created as (
        insert into services
          (customer_id, name, primary_cdn, backup_cdn, steering, failback_steps, failback_step_seconds, downtime_cents_per_minute)
        select id, ${input.name}, ${input.primaryCdn}, ${input.backupCdn}, ${input.steering},
          ${JSON.stringify(input.failbackSteps)}::jsonb, ${input.failbackStepSeconds}::int, ${input.downtimeCentsPerMinute}::int
        from customers where id = ${customerId} and not exists (select from quota) returning *
      ), view as (select ${columns} from created
      ), remembered as (${rememberedAnswer(change, "created", "view")}
      ), audit as (${auditRow(
        change,
        "create",
        "service",
        sql`
        select id as object_id, customer_id, null::jsonb as before, to_jsonb(created) as after from created`,
      )}
      )
      select (select to_jsonb(v) from view v) as service, (select to_jsonb(q) from quota q) as quota`,
      refusals,
      quotaLock(customerId),
    );
    refuseExhausted(rows[0]?.quota);
    return rows[0]?.service ?? null;
  },

  list: async (customerId, page) =>
    await db.rows<Service>(sql`
    select ${columns} from services
    where customer_id = ${customerId} and deleted_at is null and id > ${page.afterId ?? 0}
    order by id limit ${page.limit}`),

  get: async (customerId, id, afterDomainId) => {
    const rows = await db.rows<{ service: Service; domains: Paged<Domain>[]; stormPolicies: StormPolicy[] }>(sql`
      select
        (select to_jsonb(x) from (select ${columns} from services where id = s.id) x) as service,
        coalesce((select jsonb_agg(x order by x.id) from (${withinBytes(
          sql`
          select ${domainColumns} from service_domains where service_id = s.id and deleted_at is null and id > ${afterDomainId ?? 0}`,
          sql`id`,
        )}) x), '[]') as domains,
        coalesce((select jsonb_agg(x order by x.id) from (
          select ${policyColumns} from storm_policies p
          join storm_policy_versions v on (v.policy_id, v.version) = (p.id, p.version)
          where p.service_id = s.id and p.deleted_at is null) x), '[]') as "stormPolicies"
      from services s where s.id = ${id} and s.customer_id = ${customerId} and s.deleted_at is null`);
    return rows[0] ?? null;
  },

  update: async (customerId, id, { failbackSteps, ...patch }, change) => {
    const steps = failbackSteps === undefined ? undefined : JSON.stringify(failbackSteps);
    const set = assignments(
      { ...patch, failbackSteps: steps },
      {
        name: "name",
        primaryCdn: "primary_cdn",
        backupCdn: "backup_cdn",
        steering: "steering",
        failbackSteps: "failback_steps",
        failbackStepSeconds: "failback_step_seconds",
        downtimeCentsPerMinute: "downtime_cents_per_minute",
      },
    );
    const rows = await write<Service>(
      db,
      sql`
      with old as (
        select * from services where id = ${id} and customer_id = ${customerId} and deleted_at is null for update
      ), updated as (
        update services s set ${set} where s.id in (select id from old) returning s.*
      ), audit as (${auditRow(
        change,
        "update",
        "service",
        sql`
        select u.id as object_id, u.customer_id, to_jsonb(old) as before, to_jsonb(u) as after
        from updated u join old on old.id = u.id`,
      )}
      )
      select ${columns} from updated`,
      refusals,
    );
    return rows[0] ?? null;
  },

  remove: async (customerId, id, change) => {
    const proof = await signDeletion(signing, id, "service_deleted");
    const rows = await write<{ id: number }>(
      db,
      sql`
      with gone as (
        update services set deleted_at = now(), updated_at = now()
        where id = ${id} and customer_id = ${customerId} and deleted_at is null returning *
      ), domains as (
        update service_domains set deleted_at = now(), updated_at = now()
        where service_id in (select id from gone) and deleted_at is null
      ), policies as (
        update storm_policies set deleted_at = now(), updated_at = now()
        where service_id in (select id from gone) and deleted_at is null
      ), states as (
        -- Deleting it says nothing of the time since it was last judged; a trigger ends what is still open.
        update service_states x set ended_at = greatest(x.started_at, ${believedUntil(sql`x.service_id`, sql`now()`)})
        where x.service_id in (select id from gone) and x.ended_at is null
      ), storms as (${endedStorms("service_deleted", sql`e.service_id in (select id from gone)`, proof)}
      ), told as (${endsOfServices(sql`gone`)}
      ), audit as (${auditRow(
        change,
        "delete",
        "service",
        sql`
        select id as object_id, customer_id, to_jsonb(gone) - 'deleted_at' as before, null::jsonb as after from gone`,
      )}
      )
      select id from gone`,
      {},
      locked(customerId, id),
    );
    return rows.length > 0;
  },
});
