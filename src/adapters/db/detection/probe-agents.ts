import { sql } from "drizzle-orm";
import { agentVantage } from "../../../domain/detection/vantage.ts";
import type {
  AgentDomain,
  AgentIdentity,
  KeptReadings,
  ProbeAgent,
  ProbeAgentStore,
  ReadingFate,
} from "../../ports/detection/probe-agents.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, rememberedAnswer, taken, write } from "../platform/write.ts";
import { keepTimely } from "../round/samples.ts";
import { setupOf, setupsJson } from "../round/setups.ts";
import { holdsName } from "../tenants/holds-name.ts";
import { hostOf, privatePathsJson } from "./targets.ts";

/** What is older is not taken: by then the vantage counts as silent anyway (`silentAfterMs`), and what was judged has been. */
const timely = sql.raw("interval '60 seconds'");
/** By how much an agent's clock may be ahead: its requests take a while, and clocks are corrected by them. */
const ahead = sql.raw("interval '2 seconds'");

const columns = sql`id, name, location, created_by as "createdBy", ${ms("created_at", "createdAtMs")}, ${ms("deleted_at", "deletedAtMs")},
  ${ms("last_sample_at", "lastSampleAtMs")}, clock_skew_ms as "clockSkewMs", version`;

/** @param requireProof DOMAIN_VERIFICATION: where on, agents do not probe names without an owner's proof */
export const createProbeAgentStore = (db: Database, requireProof: boolean): ProbeAgentStore => ({
  create: async ({ name, location, publicKey }, change) => {
    const [agent] = await write<ProbeAgent>(
      db,
      sql`
      with created as (
        insert into probe_agents (name, location, public_key, created_by) select ${name}, ${location}, ${publicKey}, ${change.actor} returning *
      ), remembered as (${rememberedAnswer(change, "created", null)}
      ), audit as (${auditRow(
        change,
        "create",
        "probe_agent",
        sql`select id as object_id, null::bigint as customer_id, null::jsonb as before, to_jsonb(created) as after from created`,
      )}
      )
      select ${columns} from created`,
      { probe_agents_name_key: taken("a probe agent has, or had, this name: the samples of two would be taken for one's", "/name") },
    );
    if (agent === undefined) throw new Error("an insert returned no row");
    return agent;
  },

  list: (page) =>
    db.rows<ProbeAgent>(sql`select ${columns} from probe_agents where id > ${page.afterId ?? 0} order by id limit ${page.limit}`),

  get: async (id) => (await db.rows<ProbeAgent>(sql`select ${columns} from probe_agents where id = ${id}`))[0] ?? null,

  remove: async (id, change) => {
    const rows = await write<{ id: number }>(
      db,
      sql`
      with found as (
        select * from probe_agents where id = ${id} for update
      ), removed as (
        update probe_agents a set deleted_at = now() from found where a.id = found.id and found.deleted_at is null returning a.*
      ), unheard as (
        delete from vantages v using removed where v.name = ${agentVantage("")} || removed.name
      ), audit as (${auditRow(
        change,
        "delete",
        "probe_agent",
        sql`
        select r.id as object_id, null::bigint as customer_id, to_jsonb(found) as before, to_jsonb(r) as after
        from removed r join found on found.id = r.id`,
      )}
      )
      select id from found`,
    );
    return rows.length > 0;
  },

  identify: async (publicKey) => {
    const [found] = await db.rows<AgentIdentity>(sql`
      select clock_timestamp() as "nowMs",
        (select jsonb_build_object('id', id, 'name', name) from probe_agents where public_key = ${publicKey} and deleted_at is null) as agent`);
    if (found === undefined) throw new TypeError("a select without from returned no row");
    return found;
  },

  domains: (page) =>
    db.rows<AgentDomain>(sql`
    select d.id, d.customer_id as "customerId", d.service_id as "serviceId", jsonb_build_array(v.primary_cdn, v.backup_cdn) as cdns, d.name,
      ${hostOf.primary} as "primaryTarget", ${hostOf.backup} as "backupTarget", d.probe_path as "probePath", d.expect_status as "expectStatus",
      ${setupsJson} as setups, ${privatePathsJson} as "privatePaths"
    from service_domains d join services v on v.id = d.service_id and v.deleted_at is null
    left join domain_routing r on r.domain_id = d.id
    where d.deleted_at is null and d.id > ${page.afterId ?? 0} ${requireProof ? sql`and ${holdsName(true)}` : sql``}
    order by d.id limit ${page.limit}`),

  keep: async (agent, readings, { clockSkewMs, version }) => {
    const vantage = agentVantage(agent.name);
    const sent = readings.map(({ domainId, path, setup, slotMs, probes }, n) => ({
      n,
      d: domainId,
      p: path,
      u: setup,
      r: slotMs,
      probes: probes.map(({ probedAtMs, status, latencyMs, error }, a) => ({ a, t: probedAtMs, c: status, l: latencyMs, e: error })),
    }));
    // The lock first: of two batches about one slot the later one then sees what the first has stored.
    const lock = sql`select id from probe_agents where id = ${agent.id} and deleted_at is null for update`;
    const [, [kept]] = await db.batch<[unknown[], { taken: number; fates: [number, ReadingFate][] }[]]>([
      lock,
      sql`
      with agent as (select id, name, location from probe_agents where id = ${agent.id} and deleted_at is null),
      clock as materialized (select clock_timestamp() as at),
      sent as (
        select x.n, x.d, x.p, x.u, x.probes, to_timestamp(x.r / 1000.0) as round_at,
          (select to_timestamp(max((y->>'t')::bigint) / 1000.0) from jsonb_array_elements(x.probes) y) as last_at
        from jsonb_to_recordset(${JSON.stringify(sent)}::jsonb) as x(n int, d bigint, p text, u int, r bigint, probes jsonb)
      ), judged as materialized (
        select s.*, d.service_id, case
          when s.round_at > clock.at + ${ahead} or s.last_at > clock.at + ${ahead} then 'early'
          when s.round_at < clock.at - ${timely} then 'late'
          when d.id is null or h.host is null or not exists (select from agent)
            or exists (select from probe_targets t where t.host = h.host and t.addresses = 'private') then 'gone'
          when s.u <> ${setupOf("s.p")} then 'stale'
          when exists (select from probe_samples k
            where k.domain_id = s.d and k.round_at = s.round_at and k.path = s.p and k.vantage = ${vantage}) then 'known'
          end as fate
        from sent s cross join clock
        left join (service_domains d join services v on v.id = d.service_id and v.deleted_at is null)
          on d.id = s.d and d.deleted_at is null ${requireProof ? sql`and ${holdsName(true)}` : sql``}
        left join domain_routing r on r.domain_id = d.id
        left join lateral (select case s.p when 'primary' then ${hostOf.primary} when 'backup' then ${hostOf.backup} else ${hostOf.direct} end as host) h on true
      ), timely as materialized (
        select j.service_id as s, j.d, j.p, ${vantage}::text as v, j.round_at, x.a, to_timestamp(x.t / 1000.0) as probed_at, x.c, x.l, x.e,
          nullif(j.u, 0)::smallint as u
        from judged j cross join jsonb_to_recordset(j.probes) as x(a int, t bigint, c int, l int, e text) where j.fate is null
      ), ${keepTimely}, heard as (
        insert into vantages (name, last_heard_at, place) select ${vantage}, clock.at, agent.location from agent cross join clock
        where exists (select from timely)
        on conflict (name) do update set last_heard_at = greatest(vantages.last_heard_at, excluded.last_heard_at), place = excluded.place
      ), noted as (
        update probe_agents a set last_sample_at = clock.at, clock_skew_ms = ${clockSkewMs}::int, version = ${version} from agent, clock
        where a.id = agent.id and exists (select from timely)
      )
      select count(*) filter (where fate is null) as taken,
        coalesce(jsonb_agg(jsonb_build_array(n, fate)) filter (where fate is not null), '[]') as fates from judged`,
    ]);
    return { taken: kept?.taken ?? 0, fates: new Map(kept?.fates) } satisfies KeptReadings;
  },
});
