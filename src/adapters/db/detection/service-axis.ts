import { NeonDbError } from "@neondatabase/serverless";
import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import { mostSteps } from "../../ports/detection/service-axis.ts";
import type { AxisQuery, AxisSeries, AxisView, ServiceAxis } from "../../ports/detection/service-axis.ts";
import type { Database } from "../platform/client.ts";
import { ms } from "../platform/write.ts";
import { probeFigures } from "./probe-figures.ts";

/** Rows of each kind that a span gives, and overrides of a customer among which those of the service are looked for. */
const most = { storms: 50, switches: 400, orders: 50, customersOrders: 500 } as const;

/** Whoever looks waits no longer for figures: the rest of the page is there without them. */
const patience = sql`select set_config('statement_timeout', '4s', true)`;

/** By the SQLSTATE of a statement that ran out of its time. */
const isTooSlow = (error: unknown): boolean => error instanceof NeonDbError && error.code === "57014";

const own = (customerId: number, serviceId: number): SQL =>
  sql`s as (select id, customer_id from services where id = ${serviceId} and customer_id = ${customerId} and deleted_at is null)`;

const series = (customerId: number, serviceId: number, query: AxisQuery): SQL => sql`
  with ${own(customerId, serviceId)}, domains as (select d.id from s join service_domains d on d.service_id = s.id),
  ${probeFigures(query, sql`true`, ["path", "vantage"])}
  select path, vantage, json_agg(json_build_array(n, samples, ok, ${query.figure === "latency" ? sql`p50` : sql`null`}) order by n) as points
  from sums ${query.figure === "latency" ? sql`left join percentiles using (path, vantage, n)` : sql``} group by path, vantage
  order by array_position(array['primary', 'backup', 'direct'], path), vantage`;

const history = (customerId: number, serviceId: number, { fromMs, toMs }: AxisQuery): SQL => {
  const [from, to] = [fromMs, toMs].map((at) => sql`${isoTime(at)}::timestamptz`);
  return sql`
  with ${own(customerId, serviceId)}, storms as (
    select e.id, e.kind, e.state, ${ms("e.started_at", "startedAtMs")}, ${ms("e.ended_at", "endedAtMs")} from s join storm_events e
      on e.service_id = s.id and e.started_at < ${to} and coalesce(e.ended_at, 'infinity'::timestamptz) >= ${from}
    order by e.started_at desc limit ${most.storms}::int + 1
  ), switches as (
    select c.id, c.domain_id as "domainId", c.storm_id as "stormId", ${ms("c.intended_at", "atMs")}, c.from_primary as "fromPrimary",
      c.from_backup as "fromBackup", c.to_primary as "toPrimary", c.to_backup as "toBackup", c.reason, c.actor, c.result
    from s join service_domains d on d.service_id = s.id cross join lateral (
      select * from routing_changes c where c.domain_id = d.id and c.intended_at >= ${from} and c.intended_at < ${to}
      order by c.id desc limit ${most.switches}::int + 1
    ) c order by c.id desc limit ${most.switches}::int + 1
  ), overrides as (
    select a.* from s cross join lateral (
      select * from audit_log a where a.customer_id = s.customer_id and a.object_type = 'routing_override'
      order by a.id desc limit ${most.customersOrders}::int
    ) a where a.object_id = s.id and a.at < ${to}
  ), orders as (
    select id, at, actor, after from overrides where at >= ${from}
    union all (select id, at, actor, after from overrides where at < ${from} order by id desc limit 1)
    order by id desc limit ${most.orders}::int + 1
  )
  select
    coalesce((select json_agg(x order by x."startedAtMs") from storms x), '[]') as storms,
    coalesce((select json_agg(x order by x.id) from switches x), '[]') as switches,
    coalesce((select json_agg(x order by x.id) from (
      select id, ${ms("at", "atMs")}, after->>'mode' as mode, coalesce(after->>'reason', '') as reason,
        ${ms("(after->>'until')::timestamptz", "untilMs")}, actor from orders
    ) x), '[]') as orders,
    coalesce((select json_agg(x) from (
      select d.id as "domainId", coalesce(n.from_primary, r.primary_weight) as primary, coalesce(n.from_backup, r.backup_weight) as backup
      from service_domains d left join domain_routing r on r.domain_id = d.id left join lateral (
        select c.from_primary, c.from_backup from routing_changes c
        where c.domain_id = d.id and c.intended_at >= ${from} and c.result in ('accepted', 'insync', 'unconfirmed')
        order by c.intended_at limit 1
      ) n on true
      where d.service_id = s.id and d.deleted_at is null and coalesce(n.from_primary, r.primary_weight) is not null
    ) x), '[]') as weights
  from s`;
};

type History = Omit<AxisView, "series" | "isCut">;

/** The newest of what was read with one more than is given. */
const newest = <Row>(rows: readonly Row[], limit: number): readonly Row[] => rows.slice(-limit);

export const createServiceAxis = (db: Database): ServiceAxis => {
  const seriesOf = async (customerId: number, serviceId: number, query: AxisQuery): Promise<readonly AxisSeries[] | null> => {
    try {
      const [, found] = await db.batch<[unknown[], AxisSeries[]]>([patience, series(customerId, serviceId, query)]);
      return found;
    } catch (error) {
      if (isTooSlow(error)) return null;
      throw error;
    }
  };
  return {
    read: async (customerId, serviceId, query) => {
      const { fromMs, toMs, stepMs } = query;
      if ((toMs - fromMs) / stepMs > mostSteps) throw new RangeError(`an axis has at most ${mostSteps} steps`);
      const [figures, [, [row]]] = await Promise.all([
        seriesOf(customerId, serviceId, query),
        db.batch<[unknown[], History[]]>([patience, history(customerId, serviceId, query)]),
      ]);
      if (row === undefined) return null;
      const { storms, switches, orders, weights } = row;
      return {
        series: figures,
        storms: newest(storms, most.storms),
        switches: newest(switches, most.switches),
        orders: newest(orders, most.orders),
        weights,
        isCut: storms.length > most.storms || switches.length > most.switches || orders.length > most.orders,
      };
    },
  };
};
