import { sql } from "drizzle-orm";
import type { ProbePath } from "../../../domain/detection/probe.ts";
import type { TraceSample } from "../../../domain/detection/replay.ts";
import { isoTime } from "../../../iso-time.ts";
import type { RecordedTrace, RecordedTraces } from "../../ports/detection/recorded-trace.ts";
import type { Storm } from "../../ports/detection/storms.ts";
import type { Database } from "../platform/client.ts";
import { stormColumns } from "./storms.ts";
import { policyColumns } from "../platform/views.ts";

/** The samples of one path at one vantage as columns: about 20 bytes a sample, where rows would take 100. */
type Series = {
  readonly domainId: number;
  readonly path: ProbePath;
  readonly vantage: string;
  readonly setup: number;
  /** Milliseconds since the first sample requested, and since the round. */
  readonly rounds: readonly number[];
  readonly offsets: readonly number[];
  readonly latencies: readonly number[];
  /** One character a sample, 1: ok. */
  readonly ok: string;
};

type Row = Omit<RecordedTrace, "samples" | "storms"> & { readonly series: readonly Series[] | null; readonly storms: readonly Storm[] };

const samplesOf = (series: readonly Series[], sinceMs: number): readonly TraceSample[] =>
  series
    .flatMap(({ domainId, path, vantage, setup, rounds, offsets, latencies, ok }) =>
      rounds.map((round, index): TraceSample => ({
        domainId,
        path,
        vantage,
        roundAtMs: sinceMs + round,
        atMs: sinceMs + round + (offsets[index] ?? 0),
        ok: ok[index] === "1",
        latencyMs: latencies[index] ?? 0,
        setup,
      })),
    )
    .sort((a, b) => a.roundAtMs - b.roundAtMs);

export const createRecordedTraces = (db: Database): RecordedTraces => ({
  read: async (customerId, serviceId, { kind, fromMs, toMs, leadInMs, maxSamples, maxStorms }) => {
    const sinceMs = fromMs - leadInMs;
    const [since, from, to] = [sinceMs, fromMs, toMs].map((ms) => sql`${isoTime(ms)}::timestamptz`);
    const rows = await db.rows<Row>(sql`
      with s as (
        select id, primary_cdn, backup_cdn from services
        where id = ${serviceId} and customer_id = ${customerId} and deleted_at is null
      ), d as (
        select d.id, d.primary_target is not null or coalesce(r.discovered_primary_ok, false) as has_primary
        from s join service_domains d on d.service_id = s.id and d.deleted_at is null
        left join domain_routing r on r.domain_id = d.id
      ), taken as materialized (
        select p.domain_id, p.path, p.vantage, p.round_at, p.probed_at, p.latency_ms, p.ok, coalesce(p.setup, 0) as setup
        from d join probe_samples p on p.domain_id = d.id and p.round_at >= ${since} and p.round_at < ${to}
        where p.path = 'direct' or (p.path = 'primary' and d.has_primary)
        limit ${maxSamples}::int + 1
      ), series as (
        select domain_id as "domainId", path, vantage, setup,
          array_to_json(array_agg((extract(epoch from round_at - ${since}) * 1000)::bigint order by round_at, probed_at)) as rounds,
          array_to_json(array_agg((extract(epoch from probed_at - round_at) * 1000)::bigint order by round_at, probed_at)) as offsets,
          array_to_json(array_agg(latency_ms order by round_at, probed_at)) as latencies,
          string_agg(ok::int::text, '' order by round_at, probed_at) as ok
        from taken where (select count(*) from taken) <= ${maxSamples} group by 1, 2, 3, 4
      )
      select jsonb_build_array(s.primary_cdn, s.backup_cdn) as cdns,
        case when (select count(*) from taken) <= ${maxSamples}
          then coalesce((select json_agg(x) from series x), '[]') end as series,
        coalesce((select json_agg(x) from (
          select a.name, (extract(epoch from max(l.probed_at)) * 1000)::bigint as "lastHeardAtMs"
          from d cross join vantages a cross join lateral (
            select p.probed_at from probe_samples p
            where p.domain_id = d.id and p.vantage = a.name and p.round_at >= ${since} - interval '1 day' and p.round_at < ${since}
            order by p.round_at desc limit 1
          ) l group by a.name) x), '[]') as vantages,
        coalesce((select json_agg(x order by x.id) from (
          select ${stormColumns} from storm_events e
          where e.service_id = s.id and e.kind = ${kind} and e.started_at < ${to} and coalesce(e.ended_at, 'infinity') >= ${from}
          limit ${maxStorms}::int + 1
        ) x), '[]') as storms,
        (select to_jsonb(x) from (
          select ${policyColumns} from storm_policies p
          join storm_policy_versions v on (v.policy_id, v.version) = (p.id, p.version)
          where p.service_id = s.id and p.kind = ${kind} and p.deleted_at is null
        ) x) as policy
      from s`);
    const [row] = rows;
    if (row === undefined) return null;
    const { series, storms, ...rest } = row;
    return { ...rest, samples: series === null ? null : samplesOf(series, sinceMs), storms: storms.length > maxStorms ? null : storms };
  },
});
