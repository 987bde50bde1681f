import { sql } from "drizzle-orm";
import { fewestSamples, firstSightMs } from "../../../domain/detection/corroboration.ts";
import { agentVantage } from "../../../domain/detection/vantage.ts";
import { isoTime } from "../../../iso-time.ts";
import type { CorroborationStore, SeenOnCdn, WatchedStorm } from "../../ports/detection/corroboration.ts";
import type { Database } from "../platform/client.ts";
import { fenceCte } from "../platform/fence.ts";
import { steersName } from "../tenants/holds-name.ts";
import { ms } from "../platform/write.ts";

/** Storms handled in one run, and names of each. */
const mostStorms = 300;
const mostNames = 100;
/** Domains examined per CDN. */
const mostDomains = 2_000;
/** The span of samples that shows how a domain is now. */
const lately = sql.raw("interval '2 minutes'");

const at = (timeMs: number) => sql`${isoTime(timeMs)}::timestamptz`;

/** Whether the sample `p` counts as a failure of the CDN: no answer, or a server error. */
const isCdnFault = sql`(not p.ok and (p.error in ('timeout', 'network', 'cdn_52x') or p.status >= 500))`;

/** @param requireProof DOMAIN_VERIFICATION: where on, unverified customers are no witnesses */
export const createCorroborationStore = (db: Database, requireProof = true): CorroborationStore => ({
  watched: (nowMs) =>
    db.rows<WatchedStorm>(sql`
    select e.id as "stormId", s.id as "serviceId", s.customer_id as "customerId",
      (select jsonb_build_object('seq', k.seq, 'hash', k.hash) from evidence_chains k where k.service_id = s.id) as chain,
      ${ms("e.detected_at", "detectedAtMs")}, ${ms("e.credited_until", "creditedUntilMs")},
      coalesce((select h.primary_cdn from service_cdns h where h.service_id = s.id and h.from_at <= e.started_at
        order by h.from_at desc limit 1), s.primary_cdn) as cdn,
      coalesce(d.names, '[]') as names, coalesce(d.targets, '[]') as targets
    from storm_events e
    join services s on s.id = e.service_id
    left join lateral (
      select jsonb_agg(x.name) as names, jsonb_agg(x.target) filter (where x.target is not null) as targets
      from (
        select d.name, coalesce(d.primary_target, r.discovered_primary_target) as target
        from service_domains d left join domain_routing r on r.domain_id = d.id
        where d.service_id = s.id and d.deleted_at is null order by d.id limit ${mostNames}
      ) x
    ) d on true
    where e.ended_at is null and (
      (e.credit = 'pending' and e.credit_reason = 'uncorroborated' and e.detected_at >= ${at(nowMs - firstSightMs)})
      or (e.credit_reason = 'corroborated' and e.credited_until >= ${at(nowMs)}))
    -- The customers in turns: nobody's many storms keep another's waiting.
    order by row_number() over (partition by s.customer_id order by e.detected_at, e.id), e.detected_at, e.id
    limit ${mostStorms}`),

  seen: (cdns, nowMs, settledMs) =>
    db.rows<SeenOnCdn>(sql`
    select c.cdn, d.customer_id as "customerId", d.name, d.target, f.fails
    from jsonb_array_elements_text(${JSON.stringify(cdns)}::jsonb) as c (cdn)
    cross join lateral (
      select d.id, d.customer_id, d.name, coalesce(d.primary_target, r.discovered_primary_target) as target
      from services v
      join service_cdns h on h.service_id = v.id and h.to_at is null
      join service_domains d on d.service_id = v.id
      left join domain_routing r on r.domain_id = d.id
      where v.primary_cdn = c.cdn and v.deleted_at is null and d.deleted_at is null and ${steersName(requireProof)}
        and d.seen_healthy_at is not null and greatest(d.trigger_edited_at, r.primary_found_at, h.from_at) <= ${at(nowMs - settledMs)}
        and coalesce(d.primary_target, r.discovered_primary_target) is not null
      order by d.id limit ${mostDomains}
    ) d
    cross join lateral (
      select count(*) as samples, bool_and(${isCdnFault}) as fails
      from probe_samples p
      where p.domain_id = d.id and p.path = 'primary' and p.vantage <> c.cdn and not starts_with(p.vantage, ${agentVantage("")})
        and p.round_at > ${at(nowMs)} - ${lately} and p.round_at <= ${at(nowMs)}
    ) f
    where f.samples >= ${fewestSamples}`),

  save: async (fence, sightings) => {
    const rows = sightings.map(({ stormId, creditedUntilMs, body, proof }) => ({
      id: stormId,
      until: isoTime(creditedUntilMs),
      body,
      key_id: proof?.keyId ?? null,
      signature: proof?.signature ?? null,
      follows_seq: proof?.follows.seq ?? null,
      follows_hash: proof?.follows.hash ?? null,
    }));
    const [saved] = await db.rows<{ count: number }>(sql`
      with ${fenceCte(fence)}, seen as (
        select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(id bigint, until timestamptz, body text,
          key_id text, signature text, follows_seq bigint, follows_hash text)
      ), credited as (
        update storm_events e set credit = 'earned', credit_reason = 'corroborated', credited_until = x.until
        from seen x
        where e.id = x.id and exists (select from fence) and e.credit_reason in ('uncorroborated', 'corroborated')
        returning e.id, e.service_id, x.body, x.key_id, x.signature, x.follows_seq, x.follows_hash
      ), proven as (
        insert into evidence (service_id, storm_id, kind, body, key_id, signature, follows_seq, follows_hash)
        select service_id, id, 'credit', body, key_id, signature, follows_seq, follows_hash from credited order by service_id, id
      )
      select count(*) as count from credited`);
    return saved?.count ?? 0;
  },
});
