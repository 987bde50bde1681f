import type { JobName } from "../src/cron/schedule.ts";

/**
 * What a process of an installation does. `api` and `dashboard` answer requests, the others run the jobs that are named here, each job in
 * exactly one of them. Any number of processes may have the same role: leases decide which of them does a job.
 */
export const roles = {
  api: [],
  dashboard: [],
  /** What a storm depends on: no other work takes its time. */
  rounds: ["tick", "deliver", "standing-failover", "observe-answers", "corroborate", "watch-budgets", "check-targets", "check-ownership"],
  ingestion: ["ingest-usage", "poll-costs"],
  scorer: ["score-costs"],
  "zombie-hunter": ["hunt-zombies", "check-backups"],
  billing: ["bill", "reconcile", "rollup", "reconstruct-states", "close-days", "weekly-digest", "anchor-evidence", "prune"],
} as const satisfies Readonly<Record<string, readonly JobName[]>>;

export type Role = keyof typeof roles;

export const roleNames = Object.keys(roles) as readonly Role[];

const isRole = (name: string): name is Role => Object.hasOwn(roles, name);

/** @returns the roles of `ROLES=api,rounds`, all of them without it; a text says what is wrong with it */
export const readRoles = (text: string | undefined): readonly Role[] | string => {
  const names = (text ?? "").split(",").flatMap((name) => (name.trim() === "" ? [] : [name.trim()]));
  if (names.length === 0) return roleNames;
  const unknown = names.find((name) => !isRole(name));
  if (unknown !== undefined) return `ROLES: there is no role ${JSON.stringify(unknown)}; it takes some of ${roleNames.join(", ")}`;
  return [...new Set(names.filter(isRole))];
};

/** The jobs that a process with these roles runs. */
export const jobsOf = (own: readonly Role[]): ReadonlySet<JobName> => new Set(own.flatMap((role) => [...roles[role]]));

/** Whether it answers more than questions about itself. */
export const answersRequests = (own: readonly Role[]): boolean => own.includes("api") || own.includes("dashboard");
