import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { ObjectivePatch } from "../../ports/slo/objectives.ts";
import { ms } from "../platform/write.ts";

/** Columns of the port's `Objective`, of the join `o` (slo_objectives) and `v` (its version). */
export const columnsWith = (
  serviceName: SQL,
): SQL => sql`o.id, o.service_id as "serviceId", ${serviceName} as "serviceName", o.name, v.version, v.target::float8 as "target",
  case when v.calendar is null then jsonb_build_object('days', v.window_days) else jsonb_build_object('calendar', v.calendar) end as "window",
  v.dependency_exclusion as "dependencyExclusion", v.excluded_upstreams as "excludedUpstreams",
  v.burn_warning_percent as "burnWarningPercent", v.burn_critical_percent as "burnCriticalPercent",
  v.fast_burn_multiplier::float8 as "fastBurnMultiplier", ${ms("o.created_at", "createdAtMs")}, ${ms("o.updated_at", "updatedAtMs")}`;

/** The same without a join to the service. */
export const objectiveColumns = columnsWith(sql`(select n.name from services n where n.id = o.service_id)`);

/** A live service of a customer, `s`. */
export const liveService = (customerId: number, serviceId: number): SQL => sql`
  select s.id, s.customer_id from services s where s.id = ${serviceId} and s.customer_id = ${customerId} and s.deleted_at is null`;

/** A live objective of it, `o`. */
export const liveObjective = (customerId: number, serviceId: number, id: number): SQL => sql`
  select o.* from slo_objectives o join (${liveService(customerId, serviceId)}) s on s.id = o.service_id where o.id = ${id} and o.deleted_at is null`;

/** Joins to an objective `o` its present version `v`. */
export const inForce = sql`join slo_objective_versions v on (v.objective_id, v.version) = (o.id, o.version)`;

/** The columns of a version, in the order of `termsOf`. */
export const versionColumns = sql.raw(`objective_id, version, target, window_days, calendar, dependency_exclusion, excluded_upstreams,
  burn_warning_percent, burn_critical_percent, fast_burn_multiplier`);

/** Terms as JSON (`termsJson`), as a record `x`. */
export const termsRecord =
  sql.raw(`x(target numeric, "windowDays" int, calendar text, "dependencyExclusion" text, "excludedUpstreams" text[],
  "burnWarningPercent" int, "burnCriticalPercent" int, "fastBurnMultiplier" numeric)`);

/** Terms, or those of them that a patch names, as one parameter. A window that is named has both of its columns. */
export const termsJson = ({ window, name: _name, ...terms }: ObjectivePatch): string =>
  JSON.stringify({
    ...terms,
    ...(window !== undefined &&
      ("days" in window ? { windowDays: window.days, calendar: null } : { windowDays: null, calendar: window.calendar })),
  });

/** The old terms (`old`) where a patch does not name others. @param json `termsJson` of the patch */
export const changedTerms = (json: string): SQL => sql`
  coalesce(x.target, old.target) as target,
  case when ${json}::jsonb ? 'calendar' then x."windowDays" else old.window_days end as window_days,
  case when ${json}::jsonb ? 'calendar' then x.calendar else old.calendar end as calendar,
  coalesce(x."dependencyExclusion", old.dependency_exclusion) as dependency_exclusion,
  coalesce(x."excludedUpstreams", old.excluded_upstreams) as excluded_upstreams,
  coalesce(x."burnWarningPercent", old.burn_warning_percent) as burn_warning_percent,
  coalesce(x."burnCriticalPercent", old.burn_critical_percent) as burn_critical_percent,
  coalesce(x."fastBurnMultiplier", old.fast_burn_multiplier) as fast_burn_multiplier`;

/** What an audit row says of an objective and a version of it. */
export const auditJson = (objective: string, version: string): SQL =>
  sql.raw(`to_jsonb(${objective}) || (to_jsonb(${version}) - 'objective_id' - 'created_at')`);
