import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { Tally } from "../../../domain/slo/tally.ts";
import type { DigestBook, DueCustomer, Week, WeekObjective } from "../../ports/slo/digest.ts";
import type { Database } from "../platform/client.ts";
import { fenceCte } from "../platform/fence.ts";
import { avoidedByService, centsOf, currencyAt, moment } from "./avoided.ts";
import { asOfEnd, livedAt, windowDaysBefore } from "./past.ts";
import { tallies, talliesOf, tallyColumns } from "./tally.ts";
import type { TallyRow } from "./tally.ts";
import { objectiveColumns } from "./terms.ts";

const bounds = ({ fromUs, toUs }: Week): readonly [from: SQL, to: SQL] => [moment(fromUs / 1_000), moment(toUs / 1_000)];

const idList = (ids: readonly number[]): SQL => sql`${`{${ids.join()}}`}::bigint[]`;

const due = (week: Week, currency: string, afterCustomerId: number, limit: number, nowMs: number): SQL => {
  const [from, to] = bounds(week);
  return sql`
  with chosen as materialized (
    select x.customer_id as id, ${currencyAt(sql`x.customer_id`, to, currency)} as currency from (
      select s.customer_id from slo_objectives o join services s on s.id = o.service_id where ${livedAt(to)}
      union
      select s.customer_id from storm_events e join services s on s.id = e.service_id where e.started_at >= ${from} and e.started_at < ${to}
    ) x
    where x.customer_id > ${afterCustomerId} and not exists (select from slo_digests g where g.customer_id = x.customer_id and g.week = ${week.week})
    order by x.customer_id limit ${limit}::int
  )
  select c.id as "customerId", c.currency,
    (select count(*) from services s join storm_events e on e.service_id = s.id
      where s.customer_id = c.id and e.started_at >= ${from} and e.started_at < ${to}) as storms,
    (select count(*) from services s join routing_changes r on r.service_id = s.id
      where s.customer_id = c.id and not r.shadow and r.reason <> 'drift' and r.accepted_at >= ${from} and r.accepted_at < ${to}) as switches,
    a.us as "avoidedUs", a.cents as "avoidedCents",
    -- What was billed by now; in the currency of the customer's terms.
    (select coalesce(sum(l.discount_cents), 0)::bigint from services s join usage_snapshots u on u.service_id = s.id join invoice_line_items l on l.snapshot_id = u.id
      where s.customer_id = c.id and u.window_start >= ${from} and u.window_start < ${to} and l.currency = c.currency) as "discountCents"
  from chosen c
  cross join lateral (
    select coalesce(sum(y.us), 0)::bigint as us, ${centsOf(sql`sum(y.us::numeric * y.price)`)} as cents from (${avoidedByService(sql`c.id`, from, to, moment(nowMs))}) y
  ) a
  order by c.id`;
};

type Row = TallyRow &
  WeekObjective["terms"] &
  Pick<WeekObjective, "customerId" | "name" | "serviceId" | "service"> & { readonly id: number; readonly ofWeek: Tally };

/** What is measured is kept apart (`t`, `w`): a plan that joins it row by row would measure it as often. */
const objectives = (customerIds: readonly number[], week: Week, afterObjectiveId: number, limit: number, nowMs: number): SQL => {
  const [, to] = bounds(week);
  const measured = (windowDays: SQL) =>
    tallies(
      sql`select id, "serviceId" as service_id, ${windowDays} as window_days, null::text as calendar, "dependencyExclusion" as dependency_exclusion,
        "excludedUpstreams" as excluded_upstreams from chosen`,
      to,
      asOfEnd.correction,
      moment(nowMs),
    );
  return sql`
  with chosen as materialized (
    select s.customer_id as "customerId", s.name as service, ${objectiveColumns}, ${windowDaysBefore(to)} as window_days
    from slo_objectives o join services s on s.id = o.service_id ${asOfEnd.version(to)}
    where s.customer_id = any(${idList(customerIds)}) and ${livedAt(to)} and o.id > ${afterObjectiveId}
    order by o.id limit ${limit}::int
  ), t as materialized (${measured(sql`window_days`)}
  ), w as materialized (${measured(sql`7`)}
  )
  select c.*, ${tallyColumns("t")}, jsonb_build_object('elapsedUs', w."elapsedUs", 'measuredUs', w."measuredUs", 'downUs', w."downUs", 'consumedUs', w."consumedUs") as "ofWeek"
  from chosen c join t on t."objectiveId" = c.id join w on w."objectiveId" = c.id
  order by c.id`;
};

/** @param currency of customers without terms of their own */
export const createDigestBook = (db: Database, currency: string): DigestBook => ({
  due: (week, afterCustomerId, limit, nowMs) => db.rows<DueCustomer>(due(week, currency, afterCustomerId, limit, nowMs)),
  objectives: async (customerIds, week, afterObjectiveId, limit, nowMs) => {
    const rows = await db.rows<Row>(objectives(customerIds, week, afterObjectiveId, limit, nowMs));
    return rows.map((row) => {
      const { target, window, dependencyExclusion, excludedUpstreams, burnWarningPercent, burnCriticalPercent, fastBurnMultiplier } = row;
      return {
        customerId: row.customerId,
        objectiveId: row.id,
        name: row.name,
        serviceId: row.serviceId,
        service: row.service,
        terms: { target, window, dependencyExclusion, excludedUpstreams, burnWarningPercent, burnCriticalPercent, fastBurnMultiplier },
        tallies: talliesOf(row),
        ofWeek: row.ofWeek,
      };
    });
  },
  save: async (fence, digests) => {
    const sent = digests.map(({ customerId, digest }) => ({ customer: customerId, week: digest.week, body: digest }));
    const [row] = await db.rows<{ held: boolean; digests: number }>(sql`
      with ${fenceCte(fence)}, made as (
        insert into slo_digests (customer_id, week, body)
        select x.customer, x.week, x.body from jsonb_to_recordset(${JSON.stringify(sent)}::jsonb) as x(customer bigint, week text, body jsonb)
        where exists (select from fence) order by x.customer
        on conflict do nothing returning 1
      )
      select exists (select from fence) as held, (select count(*) from made) as digests`);
    return row?.held === true ? row.digests : null;
  },
});
