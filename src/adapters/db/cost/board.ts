import { sql } from "drizzle-orm";
import type { CostBoard, CostBoardStore, ListedAnomaly, Remembered } from "../../ports/cost/board.ts";
import { mostOnBoard, mostRemembered } from "../../ports/cost/board.ts";
import type { Database } from "../platform/client.ts";
import { ms } from "../platform/write.ts";
import { anomalyColumns } from "./anomalies.ts";
import { rateColumns } from "./rates.ts";
import { namedSeries } from "./series-name.ts";
import { zombieColumns } from "./zombies.ts";

/** Numbers by which rows are in order: who waits for somebody first, then what is worst. */
const unanswered = sql`array_position(array['open', 'acknowledged', 'snoozed', 'expected'], y.state)`;
const gravity = sql`array_position(array['critical', 'high', 'medium'], y.severity)`;

const anomalies = (customerId: number) => sql`
  select y.* from (select ${anomalyColumns} from cost_anomalies a join (${namedSeries}) on s.id = a.series_id
    where a.customer_id = ${customerId} and a.resolved_at is null) y
  order by ${unanswered}, ${gravity}, y.score desc, y.id desc limit ${mostOnBoard}::int`;

const zombies = (customerId: number) => sql`
  select ${zombieColumns} from zombies z where z.customer_id = ${customerId} and z.state = 'open'
  order by z.severity = 'critical' desc, z.estimated_monthly_waste desc nulls last, z.id limit ${mostOnBoard}::int`;

const cdns = (customerId: number) => sql`
  select distinct n.cdn from services v cross join lateral (values (v.primary_cdn), (v.backup_cdn)) n(cdn)
  where v.customer_id = ${customerId} and v.deleted_at is null order by 1 limit 100`;

const idle = (customerId: number) => sql`
  select jsonb_build_object('open', count(*), 'monthlyWasteCents', coalesce(sum(estimated_monthly_waste), 0),
    'unpriced', count(*) filter (where estimated_monthly_waste is null))
  from zombies where customer_id = ${customerId} and state = 'open'`;

const events = (customerId: number) => sql`
  select jsonb_build_object('waiting', coalesce(sum(cardinality(event_ids)) filter (where state = 'queued'), 0),
    'dead', coalesce(sum(cardinality(event_ids)) filter (where state = 'dead'), 0))
  from cost_batches where customer_id = ${customerId}`;

/** What the console shows of costs: one look is one statement, whatever there is. */
export const createCostBoardStore = (db: Database): CostBoardStore => ({
  look: async (customerId) => {
    const [row] = await db.rows<CostBoard>(sql`
      select (select coalesce(jsonb_agg(to_jsonb(x) - 'figures'), '[]') from (${anomalies(customerId)}) x) as anomalies,
        (select count(*) from cost_anomalies where customer_id = ${customerId} and resolved_at is null) as live,
        (select coalesce(jsonb_agg(x), '[]') from (${zombies(customerId)}) x) as zombies,
        (${idle(customerId)}) as idle, (${events(customerId)}) as events,
        (select to_jsonb(x) from (select ${ms("hunted_at", "huntedAtMs")}, unread from zombie_hunts where customer_id = ${customerId} and hunted_at is not null) x) as hunt,
        (select coalesce(jsonb_agg(x order by x.cdn), '[]') from (select ${rateColumns} from cost_rates where customer_id = ${customerId}) x) as rates,
        (select coalesce(jsonb_agg(x.cdn), '[]') from (${cdns(customerId)}) x) as cdns,
        (select count(*) from cost_accounts where customer_id = ${customerId} and deleted_at is null) as accounts`);
    if (row === undefined) throw new Error("a select of one row returned none");
    return row;
  },

  ofSeries: async (customerId, seriesId, most) => {
    const rows = await db.rows<{ readonly anomaly: ListedAnomaly }>(sql`
      select to_jsonb(x) - 'figures' as anomaly from (
        select ${anomalyColumns} from cost_anomalies a join (${namedSeries}) on s.id = a.series_id
        where a.customer_id = ${customerId} and a.series_id = ${seriesId} order by a.id desc limit ${most}::int) x order by x.id desc`);
    return rows.map(({ anomaly }) => anomaly);
  },

  history: (customerId, objectType, id) =>
    db.rows<Remembered>(sql`
      select ${ms("at", "atMs")}, actor, action, after->>'state' as state, after->>'note' as note
      from audit_log where customer_id = ${customerId} and object_type = ${objectType} and object_id = ${id}
      order by id desc limit ${mostRemembered}::int`),
});
