import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { canonicalJson } from "../../../domain/evidence/canonical-json.ts";
import type { CreditReason } from "../../../domain/billing/credit.ts";
import type { ChainHead } from "../../../domain/evidence/evidence-claim.ts";
import { claimText, emptyChain } from "../../../domain/evidence/evidence-claim.ts";
import { isoTime } from "../../../iso-time.ts";
import type { MeasuredStorm, Storm, StormDetail, StormStore } from "../../ports/detection/storms.ts";
import type { Page } from "../../ports/tenants/change.ts";
import { withinBytes } from "../platform/byte-budget.ts";
import type { Database } from "../platform/client.ts";
import type { DowntimeTerms } from "../slo/avoided.ts";
import { stormDowntime } from "../slo/storm-downtime.ts";
import type { Signing } from "./end-storms.ts";
import { changeColumns } from "../platform/views.ts";
import { auditRow, ms, rememberedAnswer, write } from "../platform/write.ts";

/** A `storm_events` row `e` in the form of the port's `Storm`. @param whose expressions for them */
const columnsFor = (whose: {
  readonly serviceName: SQL;
  readonly customerId: SQL;
  readonly customerName: SQL;
}): SQL => sql`e.id, e.service_id as "serviceId",
  ${whose.serviceName} as "serviceName", ${whose.customerId} as "customerId", ${whose.customerName} as "customerName", e.policy_id as "policyId", e.policy_version as "policyVersion",
  e.kind, e.state, e.monitor_only as "monitorOnly", ${ms("e.started_at", "startedAtMs")},
  ${ms("e.detected_at", "detectedAtMs")}, ${ms("e.recovering_since", "recoveringSinceMs")},
  ${ms("e.ended_at", "endedAtMs")}, e.ended_reason as "endedReason", e.relapses,
  e.max_coverage_factor::float8 as "maxCoverageFactor", e.credit, e.credit_reason as "creditReason",
  ${ms("e.credited_until", "creditedUntilMs")}`;

export const stormColumns = columnsFor({
  serviceName: sql`(select o.name from services o where o.id = e.service_id)`,
  customerId: sql`(select o.customer_id from services o where o.id = e.service_id)`,
  customerName: sql`(select u.name from services o join customers u on u.id = o.customer_id where o.id = e.service_id)`,
});

/** What stood on the primary side when the storm (`e`) began. */
const ofCdn = (cdn: string): SQL => sql`exists (
  select from service_cdns h where h.service_id = e.service_id and h.primary_cdn = ${cdn} and h.from_at <= e.started_at and (h.to_at is null or h.to_at > e.started_at))`;

/** Of all customers, by the key of the table. */
const everybodys = (db: Database, columns: SQL, serviceId: number | undefined, filters: SQL, page: Page): Promise<MeasuredStorm[]> =>
  db.rows<MeasuredStorm>(sql`
    with page as materialized (
      select e.* from storm_events e
      where e.id < ${page.afterId ?? Number.MAX_SAFE_INTEGER} ${serviceId === undefined ? sql`` : sql`and e.service_id = ${serviceId}`}${filters}
      order by e.id desc limit ${page.limit}
    )
    select ${columns} from page e order by e.id desc`);

const maxChanges = 1_000;

const changes = sql`coalesce((select jsonb_agg(x order by x.id) from (${withinBytes(
  sql`
    select ${changeColumns} from routing_changes where storm_id = e.id
    order by id limit ${maxChanges}`,
  sql`id`,
)}) x), '[]') as changes,
  (select count(*) from routing_changes where storm_id = e.id) as "changesInAll"`;

/** An admin's decision on a storm's credit, signed behind the last record of its chain. Unsigned where there is no key. */
const signWord = async (
  db: Database,
  signing: Signing | null,
  stormId: number,
  word: { readonly credit: string; readonly credit_reason: CreditReason; readonly decided_by: string; readonly reason: string },
) => {
  const [storm] = await db.rows<{ serviceId: number; chain: ChainHead | null; nowMs: number }>(sql`
    select e.service_id as "serviceId", ${ms("now()", "nowMs")}, (
      select jsonb_build_object('seq', k.seq, 'hash', k.hash) from evidence_chains k where k.service_id = e.service_id) as chain
    from storm_events e where e.id = ${stormId}`);
  if (storm === undefined) return null;
  const body = { ...word, decided_at: isoTime(signing?.clock.nowMs() ?? storm.nowMs) };
  const { serviceId, chain } = storm;
  const follows = chain ?? emptyChain;
  const proof =
    (await signing?.signer.sign((keyId) => claimText({ kind: "credit", serviceId, stormId, follows, body }, keyId)).catch(() => null)) ??
    null;
  return { body: canonicalJson(body), proof, follows: proof && follows };
};

/** @param signing null: an admin's decision is recorded, but not signed */
export const createStormStore = (db: Database, signing: Signing | null, terms: DowntimeTerms): StormStore => ({
  list: async (customerId, filter, page) => {
    const conditions = [
      filter.active !== undefined && (filter.active ? sql`e.ended_at is null` : sql`e.ended_at is not null`),
      filter.state !== undefined && sql`e.state = ${filter.state}`,
      filter.cdn !== undefined && ofCdn(filter.cdn),
      filter.fromMs !== undefined && sql`coalesce(e.ended_at, 'infinity') >= ${isoTime(filter.fromMs)}::timestamptz`,
      filter.toMs !== undefined && sql`e.started_at < ${isoTime(filter.toMs)}::timestamptz`,
    ].filter((condition) => condition !== false);
    const filters = sql.join(conditions.map((condition) => sql` and ${condition}`));
    if (customerId === null)
      return await everybodys(db, sql`${stormColumns}, ${stormDowntime(terms)} as downtime`, filter.serviceId, filters, page);
    const where = page.afterId === null ? filters : sql` and (e.service_id, e.id) < (s.id, ${page.afterId}::bigint)${filters}`;
    const service = filter.serviceId === undefined ? sql`` : sql`and s.id = ${filter.serviceId}`;
    const own = {
      serviceName: sql`e.service_name`,
      customerId: sql`${customerId}::bigint`,
      customerName: sql`(select u.name from customers u where u.id = ${customerId}::bigint)`,
    };
    // Each service's by its own index: the one by id alone would scan everybody's.
    const newest = (columns: SQL, more: SQL, limit: SQL) =>
      sql`select ${columns} from storm_events e where e.service_id = s.id${where}${more} order by e.id desc limit ${limit}`;
    // A few of each service, twice a page in all: where these fill a page, its last one bounds how old a storm on it may be.
    return await db.rows<MeasuredStorm>(sql`
      with own as materialized (
        select s.id, s.name, s.downtime_cents_per_minute from services s where s.customer_id = ${customerId} ${service}
      ), heads as (
        select e.id from own s cross join lateral (
          ${newest(sql`e.id`, sql``, sql`(select 1 + 2 * ${page.limit}::bigint / greatest(count(*), 1) from own)`)}
        ) e
      ), oldest as materialized (
        select coalesce((select id from heads order by id desc limit 1 offset ${page.limit - 1}), 0) as id
      ), page as materialized (
        select e.*, s.name as service_name, s.downtime_cents_per_minute as price from own s cross join lateral (
          ${newest(sql`*`, sql` and e.id >= (select id from oldest)`, sql`${page.limit}`)}
        ) e
        order by e.id desc limit ${page.limit}
      )
      select ${columnsFor(own)}, ${stormDowntime(terms, { price: sql`e.price`, customerId: own.customerId })} as downtime from page e order by e.id desc`);
  },

  get: async (customerId, id) => {
    const rows = await db.rows<StormDetail>(sql`
      select ${stormColumns}, ${stormDowntime(terms)} as downtime, ${changes}, (
          select jsonb_build_object('seq', h.seq, 'hash', h.hash) from evidence h where h.storm_id = e.id order by h.seq desc limit 1
        ) as "evidenceHead"
      from storm_events e join services s on s.id = e.service_id
      where s.customer_id = ${customerId} and e.id = ${id}`);
    return rows[0] ?? null;
  },

  decide: async (id, credit, reason, change) => {
    const creditReason: CreditReason = credit === "earned" ? "confirmed" : "declined";
    const said = await signWord(db, signing, id, { credit, credit_reason: creditReason, decided_by: change.actor, reason });
    if (said === null) return null;
    const { body, proof, follows } = said;
    const rows = await write<Storm>(
      db,
      sql`
      with old as (
        select e.*, s.customer_id from storm_events e join services s on s.id = e.service_id
        where e.id = ${id}
      ), decided as (
        update storm_events e set credit = ${credit}, credit_reason = ${creditReason}, credited_until = null
        from old where e.id = old.id and (old.credit, old.credit_reason) is distinct from (${credit}::text, ${creditReason}::text)
        returning e.*
      ), proof as (
        insert into evidence (service_id, storm_id, kind, body, key_id, signature, follows_seq, follows_hash)
        select service_id, id, 'credit', ${body}, ${proof?.keyId ?? null}::text, ${proof?.signature ?? null}::text, ${follows?.seq ?? null}::bigint, ${follows?.hash ?? null}::text
        from decided
      ), audit as (${auditRow(
        change,
        "decide",
        "storm",
        sql`
        select d.id as object_id, old.customer_id, to_jsonb(old) - 'customer_id' as before, to_jsonb(d) || ${JSON.stringify({ reason })}::jsonb as after
        from decided d join old on old.id = d.id`,
      )}
      ), view as (
        select ${stormColumns} from (select * from decided union all
          select o.* from storm_events o join old on old.id = o.id where not exists (select from decided)) e
      ), remembered as (${rememberedAnswer(change, "view", "view", 200)}
      )
      select * from view`,
      {},
      sql`select 1 from storm_events where id = ${id} for no key update`,
    );
    return rows[0] ?? null;
  },
});
