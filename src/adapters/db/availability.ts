import { sql } from "drizzle-orm";
import { isoTime } from "../../iso-time.ts";
import type { AvailabilityPoint, AvailabilityStore } from "../ports/availability.ts";
import type { Database } from "./client.ts";

/** A sample is taken at most this long after the slot of its round, by which it is found. */
const longestRound = sql.raw("interval '10 minutes'");

type Bucket = { readonly n: number } & Omit<AvailabilityPoint, "startMs">;

export const createAvailabilityStore = (db: Database): AvailabilityStore => ({
  series: async (customerId, serviceId, { path, vantage, fromMs, toMs, stepMs }) => {
    const from = sql`${isoTime(fromMs)}::timestamptz`;
    const to = sql`${isoTime(toMs)}::timestamptz`;
    const ofVantage = vantage === null ? sql`` : sql`and p.vantage = ${vantage}`;
    const rows = await db.rows<{ buckets: Bucket[] }>(sql`
      select coalesce((select jsonb_agg(x) from (
        select floor((extract(epoch from p.probed_at) * 1000 - ${fromMs}::bigint) / ${stepMs}::bigint)::int as n,
          count(*) as samples, count(*) filter (where p.ok) as ok,
          percentile_disc(0.5) within group (order by p.latency_ms) filter (where p.ok) as "p50LatencyMs",
          percentile_disc(0.95) within group (order by p.latency_ms) filter (where p.ok) as "p95LatencyMs"
        from service_domains d join probe_samples p on p.domain_id = d.id
        where d.service_id = s.id and p.path = ${path} ${ofVantage}
          and p.round_at >= ${from} - ${longestRound} and p.round_at < ${to} and p.probed_at >= ${from} and p.probed_at < ${to}
        group by 1) x), '[]') as buckets
      from services s where s.id = ${serviceId} and s.customer_id = ${customerId} and s.deleted_at is null`);
    const [row] = rows;
    if (row === undefined) return null;
    const found = new Map(row.buckets.map(({ n, ...point }) => [n, point]));
    const nothing = { samples: 0, ok: 0, p50LatencyMs: null, p95LatencyMs: null };
    return Array.from({ length: (toMs - fromMs) / stepMs }, (_, n) => ({
      startMs: fromMs + n * stepMs,
      ...(found.get(n) ?? nothing),
    }));
  },
});
