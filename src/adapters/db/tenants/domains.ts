import { sql } from "drizzle-orm";
import { AppError, invalidBody } from "../../../errors.ts";
import type { QuotaKind, QuotaLimits } from "../../../domain/tenants/quota.ts";
import type { Domain, DomainStore } from "../../ports/tenants/domains.ts";
import type { Database } from "../platform/client.ts";
import type { Exhausted } from "./quotas.ts";
import { exhausted, noLimits, quotaLock, refuseExhausted } from "./quotas.ts";
import { domainColumns } from "../platform/views.ts";
import { endsOfDomains } from "../notify/deleted-matters.ts";
import { assignments, auditRow, rememberedAnswer, taken, write } from "../platform/write.ts";

const noWeight = () => invalidBody({ pointer: "/normal_weights", detail: "must not both be 0" });

const refusals = {
  service_domains_customer_name_key: taken("this domain is registered already", "/name"),
  service_domains_verified_name_key: taken("this domain is registered already", "/name"),
  service_domains_weights: noWeight,
};

/** The live domain `id` of a live service of the customer. */
const own = (customerId: number, serviceId: number, id: number) => sql`
  select d.* from service_domains d join services s on s.id = d.service_id
  where d.id = ${id} and d.service_id = ${serviceId} and d.deleted_at is null
    and s.customer_id = ${customerId} and s.deleted_at is null`;

const owned = (customerId: number, serviceId: number, id: number) => sql`${own(customerId, serviceId, id)} for update of d`;

/** @param limits the quotas of customers without their own */
export const createDomainStore = (db: Database, limits: QuotaLimits = noLimits): DomainStore => ({
  create: async (customerId, serviceId, input, change) => {
    const kinds: readonly QuotaKind[] = input.verified ? ["domains"] : ["domains", "unverified_domains"];
    const rows = await write<{ domain: Domain | null; quota: Exhausted | null }>(
      db,
      sql`
      with owner as (
        select id, customer_id from services where id = ${serviceId} and customer_id = ${customerId} and deleted_at is null for share
      ), quota as (select * from (${exhausted(customerId, limits, kinds)}) x where exists (select from owner)
      ), created as (
        insert into service_domains (service_id, customer_id, name, primary_target, backup_target, probe_path,
          expect_status, normal_primary_weight, normal_backup_weight, steer_group, challenge_token, verified_at, verified_by)
        select id, customer_id, ${input.name}, ${input.primaryTarget}::text, ${input.backupTarget}::text,
          ${input.probePath}::text, ${input.expectStatus}, ${input.normalPrimaryWeight}::int,
          ${input.normalBackupWeight}::int, ${input.steerGroup}::boolean, ${input.challengeToken}, case when ${input.verified}::boolean then now() end,
          case when ${input.verified}::boolean then 'off' end
        from owner where not exists (select from quota) returning *
      ), view as (select ${domainColumns} from created
      ), remembered as (${rememberedAnswer(change, "created", "view")}
      ), audit as (${auditRow(
        change,
        "create",
        "domain",
        sql`
        select id as object_id, customer_id, null::jsonb as before, to_jsonb(created) as after from created`,
      )}
      )
      select (select to_jsonb(v) from view v) as domain, (select to_jsonb(q) from quota q) as quota`,
      refusals,
      quotaLock(customerId),
    );
    refuseExhausted(rows[0]?.quota);
    return rows[0]?.domain ?? null;
  },

  update: async (customerId, serviceId, id, patch, change) => {
    const set = assignments(patch, {
      primaryTarget: "primary_target",
      backupTarget: "backup_target",
      probePath: "probe_path",
      expectStatus: "expect_status",
      normalPrimaryWeight: "normal_primary_weight",
      normalBackupWeight: "normal_backup_weight",
      steerGroup: "steer_group",
    });
    // With a missing proof only a return to normal is allowed, so the normal weights must not change.
    const weighs = (patch.normalPrimaryWeight ?? patch.normalBackupWeight) !== undefined;
    const rows = await write<Domain & { refused: boolean }>(
      db,
      sql`
      with old as (${owned(customerId, serviceId, id)}
      ), updated as (
        update service_domains d set ${set} where d.id in (select id from old where ${!weighs}::boolean or lapsed_at is null) returning d.*
      ), audit as (${auditRow(
        change,
        "update",
        "domain",
        sql`
        select u.id as object_id, u.customer_id, to_jsonb(old) as before, to_jsonb(u) as after
        from updated u join old on old.id = u.id`,
      )}
      )
      select ${domainColumns}, ${weighs}::boolean and lapsed_at is not null and not exists (select from updated) as refused
      from (select * from updated union all select * from old where not exists (select from updated)) x`,
      refusals,
    );
    const [domain] = rows;
    if (domain !== undefined && domain.refused)
      throw new AppError("conflict", "the proof of the name is gone: publish it again and POST the domain's verification first");
    return domain ?? null;
  },

  get: async (customerId, serviceId, id) => {
    const rows = await db.rows<Domain>(sql`select ${domainColumns} from (${own(customerId, serviceId, id)}) d`);
    return rows[0] ?? null;
  },

  remove: async (customerId, serviceId, id, change) => {
    const rows = await write<{ id: number }>(
      db,
      sql`
      with old as (${owned(customerId, serviceId, id)}
      ), gone as (
        update service_domains d set deleted_at = now(), updated_at = now()
        where d.id in (select id from old) returning d.id
      ), free as (
        update service_domains d set proof_due_at = now() from old
        where d.name = old.name and d.id <> old.id and d.deleted_at is null and d.disputed_at is not null
      ), told as (${endsOfDomains(sql`(select d.* from service_domains d where d.id in (select id from gone))`)}
      ), audit as (${auditRow(
        change,
        "delete",
        "domain",
        sql`
        select old.id as object_id, old.customer_id, to_jsonb(old) as before, null::jsonb as after
        from old join gone on gone.id = old.id`,
      )}
      )
      select id from gone`,
    );
    return rows.length > 0;
  },
});
