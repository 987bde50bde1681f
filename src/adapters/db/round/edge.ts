import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import type { Edge, EdgeSample } from "../../ports/detection/round.ts";
import type { Database } from "../platform/client.ts";

/** The samples that show transitions, in one statement; see `RoundStore.edgeSamples`. Deleted domains are left out. */
export const edgeSamples = async (db: Database, edges: readonly Edge[]): Promise<readonly (readonly EdgeSample[])[]> => {
  if (edges.length === 0) return [];
  const wanted = edges.map(({ serviceId, edgeMs, windowFromMs, fromMs, untilMs, limit }, at) => ({
    at,
    service_id: serviceId,
    edge: isoTime(edgeMs),
    window: isoTime(windowFromMs),
    after: isoTime(fromMs),
    until: isoTime(untilMs),
    most: limit,
  }));
  const rows = await db.rows<EdgeSample & { at: number }>(sql`
    select x.at, s.domain_id as "domainId", s.path, s.vantage, s.attempt, s.probed_at as "probedAtMs", s.ok, s.status,
      s.latency_ms as "latencyMs", s.error, coalesce(s.setup, 0) as setup
    from jsonb_to_recordset(${JSON.stringify(wanted)}::jsonb)
      as x(at int, service_id bigint, edge timestamptz, "window" timestamptz, after timestamptz, until timestamptz, most int)
    cross join lateral (
      select s.* from service_domains d
      join probe_samples s on s.domain_id = d.id and s.round_at > x.after - interval '2 minutes' and s.round_at <= x.until
        and s.probed_at - x.after > interval '0' and s.probed_at - x.until <= interval '0'
      where d.service_id = x.service_id and d.deleted_at is null
      order by s.probed_at <= x."window", abs(extract(epoch from s.probed_at - x.edge)), s.probed_at, s.domain_id, s.path, s.vantage, s.attempt
      limit x.most
    ) s
    order by x.at, s.probed_at, s.domain_id, s.path, s.vantage, s.attempt`);
  const byEdge = Map.groupBy(rows, ({ at }) => at);
  return edges.map((_, at) => (byEdge.get(at) ?? []).map(({ at: _at, ...sample }) => sample));
};
