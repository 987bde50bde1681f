import type { ObjectiveTerms } from "../../src/domain/slo/objective.ts";
import type { TestDatabase } from "./database.ts";

type Sql = TestDatabase["sql"];

export const ordinaryTerms: ObjectiveTerms = {
  target: 99.9,
  window: { days: 30 },
  dependencyExclusion: "strict",
  excludedUpstreams: [],
  burnWarningPercent: 50,
  burnCriticalPercent: 80,
  fastBurnMultiplier: 5,
};

const insertVersion = async (sql: Sql, objectiveId: number, version: number, terms: ObjectiveTerms, atMs: number): Promise<void> => {
  const { window } = terms;
  await sql(
    `insert into slo_objective_versions (objective_id, version, target, window_days, calendar, dependency_exclusion, excluded_upstreams, burn_warning_percent,
       burn_critical_percent, fast_burn_multiplier, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      objectiveId,
      version,
      terms.target,
      "days" in window ? window.days : null,
      "calendar" in window ? window.calendar : null,
      terms.dependencyExclusion,
      terms.excludedUpstreams,
      terms.burnWarningPercent,
      terms.burnCriticalPercent,
      terms.fastBurnMultiplier,
      new Date(atMs),
    ],
  );
};

/** An objective that was made at a time. @returns its id */
export const insertObjective = async (
  sql: Sql,
  serviceId: number,
  atMs: number,
  terms: Partial<ObjectiveTerms> = {},
  name = "availability",
): Promise<number> => {
  const [row] = await sql<{ id: string }>(
    "insert into slo_objectives (service_id, name, created_at, updated_at) values ($1, $2, $3, $3) returning id",
    [serviceId, name, new Date(atMs)],
  );
  const id = Number(row?.id);
  await insertVersion(sql, id, 1, { ...ordinaryTerms, ...terms }, atMs);
  return id;
};

/** Other terms from a time on. */
export const changeObjective = async (sql: Sql, objectiveId: number, atMs: number, terms: Partial<ObjectiveTerms>): Promise<void> => {
  const [row] = await sql<{ version: number }>(
    "update slo_objectives set version = version + 1, updated_at = $2 where id = $1 returning version",
    [objectiveId, new Date(atMs)],
  );
  await insertVersion(sql, objectiveId, row?.version ?? 0, { ...ordinaryTerms, ...terms }, atMs);
};

/** A correction that was made at a time, and deleted at another. */
export const insertCorrection = async (
  sql: Sql,
  serviceId: number,
  [fromMs, toMs]: readonly [number, number],
  createdAtMs: number,
  deletedAtMs: number | null = null,
): Promise<void> =>
  void (await sql(
    "insert into slo_corrections (service_id, from_at, to_at, reason, actor, created_at, deleted_at) values ($1, $2, $3, 'maintenance', 'test', $4, $5)",
    [serviceId, new Date(fromMs), new Date(toMs), new Date(createdAtMs), deletedAtMs === null ? null : new Date(deletedAtMs)],
  ));
