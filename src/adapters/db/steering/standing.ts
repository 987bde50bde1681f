import { sql } from "drizzle-orm";
import { isoTimeOrNull } from "../../../iso-time.ts";
import type { DnsStanding } from "../../ports/detection/round-view.ts";
import type { StandingDomain, StandingStore, StandingView, StandingWish } from "../../ports/steering/standing.ts";
import { everyPage } from "../platform/byte-budget.ts";
import type { Database } from "../platform/client.ts";
import { frozen } from "./dns-setup.ts";
import { fenceCte } from "../platform/fence.ts";
import { allStandings } from "../round/polls.ts";
import { provenNow, steersName } from "../tenants/holds-name.ts";
import { auditRow, ms, rememberedAnswer, tranche, write } from "../platform/write.ts";

const viewColumns = sql`f.domain_id as "domainId", f.state, f.attached,
  coalesce((f.checks->'primary'->>'disabled')::boolean and (f.checks->'backup'->>'disabled')::boolean, false) as disabled,
  f.checks->'primary'->>'id' as "primaryCheckId", f.checks->'backup'->>'id' as "backupCheckId", f.last_error as "lastError",
  ${ms("f.checked_at", "checkedAtMs")}, ${ms("f.created_at", "createdAtMs")}`;

const own = (requireProof: boolean, customerId: number, serviceId: number, domainId: number) => sql`
  select d.id, d.customer_id, ${provenNow(requireProof)} as proven, s.steering, coalesce(d.primary_target, r.discovered_primary_target) as primary_target,
    coalesce(d.backup_target, r.discovered_backup_target) as backup_target
  from service_domains d join services s on s.id = d.service_id left join domain_routing r on r.domain_id = d.id
  where d.id = ${domainId} and d.service_id = ${serviceId} and d.deleted_at is null
    and s.customer_id = ${customerId} and s.deleted_at is null`;

const refusal = sql`case
  when not proven then 'prove the ownership of the domain first'
  when steering = 'shadow' then 'the service is only shadowed: nothing is written'
  when primary_target is null or backup_target is null then 'PATCH the domain with a primary_target and a backup_target first' end`;

const orphaned = sql.raw("(d.deleted_at is not null or s.deleted_at is not null)");

const state = (row: string) => sql.raw(`case when ${row}.domain_id is not null then jsonb_build_object('state', ${row}.state) end`);

export const createStandingStore = (db: Database, requireProof = true): StandingStore => ({
  get: async (customerId, serviceId, domainId) => {
    const rows = await db.rows<{ view: StandingView | null }>(sql`
      select (select to_jsonb(x) from (select ${viewColumns} from standing_failovers f where f.domain_id = d.id) x) as view
      from (${own(requireProof, customerId, serviceId, domainId)}) d`);
    return rows[0] ?? null;
  },

  want: async (customerId, serviceId, domainId, nonce, change) => {
    const rows = await write<{ detail: string | null; view: StandingView | null }>(
      db,
      sql`
      with mine as (select d.*, ${refusal} as detail from (${own(requireProof, customerId, serviceId, domainId)}) d
      ), old as (select f.* from standing_failovers f join mine on mine.id = f.domain_id
      ), wanted as (
        insert into standing_failovers as f (domain_id, state, nonce) select id, 'standing', ${nonce} from mine where detail is null
        on conflict (domain_id) do update set state = 'standing', updated_at = now()
        returning *
      ), view as (
        select null::text as detail, (select to_jsonb(x) from (select ${viewColumns} from wanted f) x) as view from wanted
      ), remembered as (${rememberedAnswer(change, "wanted", "view", 200)}
      ), audit as (${auditRow(
        change,
        "want",
        "standing_failover",
        sql`
        select m.id as object_id, m.customer_id, ${state("old")} as before, ${state("n")} as after
        from mine m join wanted n on n.domain_id = m.id left join old on true`,
      )}
      )
      select detail, view from view union all select detail, null from mine where detail is not null`,
    );
    return rows[0] === undefined ? null : wishOf(rows[0]);
  },

  unwant: async (customerId, serviceId, domainId, change) => {
    const rows = await write<{ id: number }>(
      db,
      sql`
      with mine as (${own(requireProof, customerId, serviceId, domainId)}
      ), old as (select f.* from standing_failovers f join mine on mine.id = f.domain_id
      ), going as (
        update standing_failovers f set state = 'removing', updated_at = now() from mine
        where f.domain_id = mine.id and f.state = 'standing' returning f.*
      ), audit as (${auditRow(
        change,
        "unwant",
        "standing_failover",
        sql`
        select m.id as object_id, m.customer_id, ${state("old")} as before, ${state("n")} as after
        from mine m join going n on n.domain_id = m.id left join old on true`,
      )}
      )
      select id from mine`,
    );
    return rows.length > 0;
  },

  all: () =>
    everyPage<"domainId", StandingDomain>(
      db,
      "domainId",
      (after) => sql`
      select f.domain_id as "domainId", d.customer_id as "customerId", d.name, ${orphaned} as orphaned,
        case when ${orphaned} then 'removing' else f.state end as state, f.nonce, f.generation, f.checks, f.restore,
        f.obsolete, f.attached, f.last_error as "lastError", ${ms("f.checked_at", "checkedAtMs")},
        f.failed_step as "failedStep", f.failures, ${ms("f.next_at", "nextAtMs")},
        coalesce(d.primary_target, r.discovered_primary_target) as "primaryTarget",
        coalesce(d.backup_target, r.discovered_backup_target) as "backupTarget", d.probe_path as "probePath", d.expect_status as "expectStatus",
        ${frozen} as frozen, s.steering = 'shadow' as shadow, ${steersName(requireProof)} as verified,
        r.status as "routingStatus", r.zone_id as "zoneId", r.records
      from standing_failovers f
      join service_domains d on d.id = f.domain_id
      join services s on s.id = d.service_id
      left join service_routing g on g.service_id = s.id
      left join domain_routing r on r.domain_id = d.id
      where f.domain_id > ${after} and not exists (select from settings where panic_set_at is not null)
      order by f.domain_id`,
    ),

  troubledAccounts: async () => await db.rows<DnsStanding>(allStandings),

  save: async (
    fence,
    { domainId, generation, checks, restore, obsolete, attached, checkedAtMs, lastError, failedStep, failures, nextAtMs },
  ) => {
    const rows = await db.rows(sql`
      with ${fenceCte(fence)}
      update standing_failovers set generation = ${generation}::int, checks = ${JSON.stringify(checks)}::jsonb,
        restore = ${restore === null ? null : JSON.stringify(restore)}::jsonb, obsolete = ${JSON.stringify(obsolete)}::jsonb,
        attached = ${attached}::boolean, checked_at = ${isoTimeOrNull(checkedAtMs)}::timestamptz, last_error = ${lastError}::text,
        failed_step = ${failedStep}::text, failures = ${failures}::int, next_at = ${isoTimeOrNull(nextAtMs)}::timestamptz, updated_at = now()
      where domain_id = ${domainId} and exists (select from fence) returning domain_id`);
    return rows.length > 0;
  },

  noteRewrite: async (fence, domainId, records, action) => {
    await db.rows(sql`
      with ${fenceCte(fence)}, known as (
        update domain_routing set records = ${JSON.stringify(records)}::jsonb, read_at = null, updated_at = now()
        where domain_id = ${domainId} and exists (select from fence)
      )
      ${auditRow(
        tranche,
        action,
        "standing_failover",
        sql`
        select d.id as object_id, d.customer_id, null::jsonb as before, ${JSON.stringify({ records })}::jsonb as after
        from service_domains d where d.id = ${domainId} and exists (select from fence)`,
      )}`);
  },

  readAgain: async (fence, domainId) => {
    await db.rows(sql`
      with ${fenceCte(fence)}
      update domain_routing set read_at = null where domain_id = ${domainId} and exists (select from fence)`);
  },

  forget: async (fence, domainId) => {
    await db.rows(sql`
      with ${fenceCte(fence)}, gone as (
        delete from standing_failovers f using service_domains d, services s
        where f.domain_id = ${domainId} and d.id = f.domain_id and s.id = d.service_id and (f.state = 'removing' or ${orphaned})
          and exists (select from fence)
        returning f.*
      )
      ${auditRow(
        tranche,
        "delete",
        "standing_failover",
        sql`
        select d.id as object_id, d.customer_id, ${state("g")} as before, null::jsonb as after
        from gone g join service_domains d on d.id = g.domain_id`,
      )}`);
  },
});

const wishOf = ({ detail, view }: { detail: string | null; view: StandingView | null }): StandingWish | null => {
  if (detail !== null) return { kind: "refused", detail };
  return view === null ? null : { kind: "made", view };
};
