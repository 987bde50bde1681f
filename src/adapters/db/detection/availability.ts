import { sql } from "drizzle-orm";
import type { AvailabilityPoint, AvailabilityStore } from "../../ports/detection/availability.ts";
import type { Database } from "../platform/client.ts";
import { probeFigures } from "./probe-figures.ts";

type Bucket = { readonly n: number } & Omit<AvailabilityPoint, "startMs">;

export const createAvailabilityStore = (db: Database): AvailabilityStore => ({
  series: async (customerId, serviceId, query) => {
    const { path, vantage, fromMs, toMs, stepMs } = query;
    const wanted = sql`p.path = ${path} ${vantage === null ? sql`` : sql`and p.vantage = ${vantage}`}`;
    const rows = await db.rows<{ buckets: Bucket[] }>(sql`
      with s as (select id from services where id = ${serviceId} and customer_id = ${customerId} and deleted_at is null),
      domains as (select d.id from s join service_domains d on d.service_id = s.id),
      ${probeFigures(query, wanted)}
      select coalesce((select jsonb_agg(x) from (
        select n, samples, ok, p50 as "p50LatencyMs", p95 as "p95LatencyMs" from sums left join percentiles using (n)
      ) x), '[]') as buckets from s`);
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
