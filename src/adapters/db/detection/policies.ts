import { sql } from "drizzle-orm";
import type { QuotaLimits } from "../../../domain/tenants/quota.ts";
import { invalidBody } from "../../../errors.ts";
import type { PolicyStore, StormPolicy } from "../../ports/detection/policies.ts";
import type { Database } from "../platform/client.ts";
import type { Signing } from "./end-storms.ts";
import { endedStorms, signDeletion } from "./end-storms.ts";
import type { Exhausted } from "../tenants/quotas.ts";
import { exhausted, noLimits, quotaLock, refuseExhausted } from "../tenants/quotas.ts";
import { policyColumns } from "../platform/views.ts";
import { auditRow, rememberedAnswer, taken, write } from "../platform/write.ts";

/** What a creation returns besides its policy: enough to explain a refusal. */
type Created = { readonly cap: number; readonly policy: StormPolicy | null };

/** `factor` is that of the version that was wanted. */
type Updated = Created & { readonly kind: string; readonly factor: number };

const refusals = { storm_policies_live_key: taken("the service has a live policy of this kind", "/kind") };

const badTerms = (pointer: string, detail: string) => invalidBody({ pointer, detail });

const aboveCap = (cap: number) => badTerms("/max_coverage_factor", `must be at most ${cap}, the customer's cap`);

const termsRecord = sql`x("thresholdAvail" numeric, "windowSeconds" int, "cooldownSeconds" int,
  "maxCoverageFactor" numeric, "minSamples" int, "minFailures" int, "latencyMs" int)`;

const versionColumns = sql`policy_id, version, threshold_avail, window_seconds, cooldown_seconds, max_coverage_factor,
  min_samples, min_failures, latency_ms`;

/** The live service with its customer's cap. */
const owner = (customerId: number, serviceId: number) => sql`
  select s.id, s.customer_id, c.max_coverage_cap as cap from services s join customers c on c.id = s.customer_id
  where s.id = ${serviceId} and s.customer_id = ${customerId} and s.deleted_at is null`;

/** Serializes changes of one policy. */
const locked = (customerId: number, serviceId: number, id: number) => sql`
  select 1 from storm_policies p join services s on s.id = p.service_id
  where p.id = ${id} and s.id = ${serviceId} and s.customer_id = ${customerId} for no key update of p`;

const auditJson = (policy: string, version: string) =>
  sql.raw(`to_jsonb(${policy}) || (to_jsonb(${version}) - 'policy_id' - 'created_at')`);

/** @param limits the quotas of customers without their own @param signing null: a deletion's end of storms is not signed */
export const createPolicyStore = (db: Database, limits: QuotaLimits = noLimits, signing: Signing | null = null): PolicyStore => ({
  create: async (customerId, serviceId, kind, terms, change) => {
    const rows = await write<Created & { readonly quota: Exhausted | null }>(
      db,
      sql`
      with owner as (${owner(customerId, serviceId)} for share of s
      ), quota as (${exhausted(customerId, limits, ["policies"])}
      ), p as (
        insert into storm_policies (service_id, kind)
        select id, ${kind} from owner where cap >= ${terms.maxCoverageFactor} and not exists (select from quota) returning *
      ), v as (
        insert into storm_policy_versions (${versionColumns})
        select p.id, p.version, x.* from p, jsonb_to_record(${JSON.stringify(terms)}::jsonb) as ${termsRecord}
        returning *
      ), view as (select ${policyColumns} from p, v
      ), remembered as (${rememberedAnswer(change, "p", "view")}
      ), audit as (${auditRow(
        change,
        "create",
        "storm_policy",
        sql`
        select p.id as object_id, owner.customer_id, null::jsonb as before, ${auditJson("p", "v")} as after
        from p, v, owner`,
      )}
      )
      select cap::float8 as cap, (select to_jsonb(view) from view) as policy, (select to_jsonb(q) from quota q) as quota from owner`,
      refusals,
      quotaLock(customerId),
    );
    const [outcome] = rows;
    if (outcome === undefined) return null;
    refuseExhausted(outcome.quota);
    if (outcome.policy === null) throw aboveCap(outcome.cap);
    return outcome.policy;
  },

  list: async (customerId, serviceId) => {
    const rows = await db.rows<{ policies: StormPolicy[] }>(sql`
      select coalesce((select jsonb_agg(x order by x.id) from (
        select ${policyColumns} from storm_policies p
        join storm_policy_versions v on (v.policy_id, v.version) = (p.id, p.version)
        where p.service_id = s.id and p.deleted_at is null) x), '[]') as policies
      from services s where s.id = ${serviceId} and s.customer_id = ${customerId} and s.deleted_at is null`);
    return rows[0]?.policies ?? null;
  },

  update: async (customerId, serviceId, id, patch, change) => {
    const fields = JSON.stringify(patch);
    const rows = await write<Updated>(
      db,
      sql`
      with owner as (${owner(customerId, serviceId)}
      ), current as (
        select p.* from storm_policies p join owner on owner.id = p.service_id
        where p.id = ${id} and p.deleted_at is null
      ), old as (
        select v.*, to_jsonb(v) as j from storm_policy_versions v
        join current on (current.id, current.version) = (v.policy_id, v.version)
      ), next as (
        select old.policy_id, old.version + 1 as version,
          coalesce(x."thresholdAvail", old.threshold_avail) as threshold_avail,
          coalesce(x."windowSeconds", old.window_seconds) as window_seconds,
          coalesce(x."cooldownSeconds", old.cooldown_seconds) as cooldown_seconds,
          coalesce(x."maxCoverageFactor", old.max_coverage_factor) as max_coverage_factor,
          coalesce(x."minSamples", old.min_samples) as min_samples,
          coalesce(x."minFailures", old.min_failures) as min_failures,
          case when ${fields}::jsonb ? 'latencyMs' then x."latencyMs" else old.latency_ms end as latency_ms
        from old, jsonb_to_record(${fields}::jsonb) as ${termsRecord}
      ), v as (
        insert into storm_policy_versions (${versionColumns})
        select next.* from next, owner, current
        where next.max_coverage_factor <= owner.cap
          and (current.kind = 'http_latency') = (next.latency_ms is not null)
        returning *
      ), p as (
        update storm_policies p set version = v.version, updated_at = now() from v
        where p.id = v.policy_id returning p.*
      ), audit as (${auditRow(
        change,
        "update",
        "storm_policy",
        sql`
        select p.id as object_id, owner.customer_id, ${auditJson("p", "v")} as after,
          to_jsonb(current) || (old.j - 'policy_id' - 'created_at') as before
        from p, v, owner, current, old`,
      )}
      )
      select owner.cap::float8 as cap, current.kind,
        (select to_jsonb(y) from (select ${policyColumns} from p, v) y) as policy,
        (select max_coverage_factor::float8 from next) as factor
      from owner, current`,
      {},
      locked(customerId, serviceId, id),
    );
    const [outcome] = rows;
    if (outcome === undefined) return null;
    if (outcome.policy !== null) return outcome.policy;
    if (outcome.factor > outcome.cap) throw aboveCap(outcome.cap);
    const needed = outcome.kind === "http_latency";
    throw badTerms("/latency_ms", needed ? "is required for http_latency" : "is for http_latency only");
  },

  remove: async (customerId, serviceId, id, change) => {
    const proof = await signDeletion(signing, serviceId, "policy_deleted");
    const rows = await write<{ id: number }>(
      db,
      sql`
      with owner as (${owner(customerId, serviceId)}
      ), gone as (
        update storm_policies p set deleted_at = now(), updated_at = now() from owner
        where p.id = ${id} and p.service_id = owner.id and p.deleted_at is null returning p.*
      ), storms as (${endedStorms("policy_deleted", sql`e.policy_id in (select id from gone)`, proof)}
      ), audit as (${auditRow(
        change,
        "delete",
        "storm_policy",
        sql`
        select gone.id as object_id, owner.customer_id, null::jsonb as after,
          to_jsonb(gone) - 'deleted_at' || (to_jsonb(v) - 'policy_id' - 'created_at') as before
        from gone join storm_policy_versions v on (v.policy_id, v.version) = (gone.id, gone.version), owner`,
      )}
      )
      select id from gone`,
      {},
      locked(customerId, serviceId, id),
    );
    return rows.length > 0;
  },
});
