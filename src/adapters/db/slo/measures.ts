import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { MeasuredScope, Objective, ObjectiveMeasures } from "../../ports/slo/objectives.ts";
import type { Database } from "../platform/client.ts";
import { tallies, talliesOf, tallyColumns } from "./tally.ts";
import type { TallyRow } from "./tally.ts";
import { columnsWith } from "./terms.ts";

type Row = Objective & TallyRow & { readonly customerId: number; readonly atUs: number };

const conditions = (scope: MeasuredScope): SQL => {
  const { serviceIds } = scope;
  const customer = "customerId" in scope ? sql`and s.customer_id = ${scope.customerId}` : sql``;
  const one = "objectiveId" in scope && scope.objectiveId !== undefined ? sql`and o.id = ${scope.objectiveId}` : sql``;
  const some =
    serviceIds === undefined
      ? sql``
      : sql`and s.id = any(array(select x::bigint from jsonb_array_elements_text(${JSON.stringify(serviceIds)}::jsonb) x))`;
  return sql`${customer} ${one} ${some} and o.id > ${scope.page.afterId ?? 0}`;
};

/** What is in force at a moment: of the present what the objective says, of the past what was known then. */
const asOf = (atUs: number | null) => {
  if (atUs === null) {
    return {
      at: sql`now()`,
      version: sql`join slo_objective_versions v on (v.objective_id, v.version) = (o.id, o.version)`,
      objective: sql``,
      correction: sql`c.deleted_at is null`,
    };
  }
  const at = sql`(to_timestamp(0) + ${atUs}::bigint * interval '1 microsecond')`;
  return {
    at,
    version: sql`cross join lateral (
      select * from slo_objective_versions w where w.objective_id = o.id and w.created_at <= ${at} order by w.version desc limit 1) v`,
    objective: sql`and o.created_at <= ${at}`,
    correction: sql`c.created_at < k.at and (c.deleted_at is null or c.deleted_at >= k.at)`,
  };
};

/**
 * What was measured for objectives (`tally.ts`), by the terms in force. One row at least: it says what the present was.
 * @param which a condition on objectives `o` and services `s`
 */
const measurement = (which: SQL, limit: number, atUs: number | null): SQL => {
  const { at, version, objective, correction } = asOf(atUs);
  return sql`
      with chosen as materialized (
        select s.customer_id as "customerId", ${columnsWith(sql`s.name`)}, v.window_days, v.calendar, v.excluded_upstreams
        from slo_objectives o join services s on s.id = o.service_id ${version}
        where o.deleted_at is null and s.deleted_at is null ${objective} ${which}
        order by o.id limit ${limit}
      )
      select (extract(epoch from q.at) * 1000000)::bigint as "atUs", x.*
      from (select ${at} as at) q
      left join (select c.*, ${tallyColumns("t")} from chosen c join (${tallies(
        sql`select id, "serviceId" as service_id, window_days, calendar, "dependencyExclusion" as dependency_exclusion, excluded_upstreams from chosen`,
        at,
        correction,
      )}) t on t."objectiveId" = c.id) x on true
      order by x.id`;
};

type Measured = Row | { readonly id: null; readonly atUs: number };

const ofRows = (rows: readonly Measured[]): Awaited<ReturnType<ObjectiveMeasures["measure"]>> => ({
  atUs: rows[0]?.atUs ?? 0,
  measured: rows.flatMap((row) => {
    if (row.id === null) return [];
    const { id, serviceId, serviceName, name, version: made, target, window, createdAtMs, updatedAtMs } = row;
    const { dependencyExclusion, excludedUpstreams, burnWarningPercent, burnCriticalPercent, fastBurnMultiplier } = row;
    const terms = {
      target,
      window,
      dependencyExclusion,
      excludedUpstreams,
      burnWarningPercent,
      burnCriticalPercent,
      fastBurnMultiplier,
    };
    return [
      {
        customerId: row.customerId,
        objective: { id, serviceId, serviceName, name, version: made, ...terms, createdAtMs, updatedAtMs },
        tallies: talliesOf(row),
      },
    ];
  }),
});

/**
 * The present measurement of the objectives of some services as one JSON value, for a statement that reads more than that.
 * @param serviceIds a query of their ids
 */
export const measuredNow = (serviceIds: SQL, limit: number): SQL =>
  sql`(select jsonb_agg(m) from (${measurement(sql`and s.id in (${serviceIds})`, limit, null)}) m)`;

/** What `measuredNow` has selected. */
export const readMeasured = (value: readonly unknown[]): ReturnType<typeof ofRows> => ofRows(value as readonly Measured[]);

export const createObjectiveMeasures = (db: Database): ObjectiveMeasures => ({
  measure: async (scope, atUs) => ofRows(await db.rows<Measured>(measurement(conditions(scope), scope.page.limit, atUs))),
});
