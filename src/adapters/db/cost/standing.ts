import { sql } from "drizzle-orm";

/** How the cost watch stands, for whoever watches the installation. Each reads what is open or waits, however much there was before. */
export const openAnomalies = sql`select severity, count(*) as count from cost_anomalies where resolved_at is null group by 1 order by 1`;

/** Their waste as far as a price is known. */
export const openZombies = sql`
  select rule, count(*) as count, coalesce(sum(estimated_monthly_waste), 0)::float8 as "wasteCents"
  from zombies where state = 'open' group by 1 order by 1`;

/** Of what is scored nothing is left in the queue. */
export const costQueue = sql`
  select state, count(*) as count, extract(epoch from now() - min(created_at))::float8 as "oldestAgeSeconds" from cost_batches group by 1 order by 1`;
