/** How bad an incident is, as who writes it says. Maintenance is announced, with a beginning and an end. */
export const impacts = ["minor", "major", "critical", "maintenance"] as const;
export type Impact = (typeof impacts)[number];

export const incidentStates = ["investigating", "identified", "monitoring", "resolved"] as const;
export const maintenanceStates = ["scheduled", "resolved"] as const;
export type IncidentState = (typeof incidentStates)[number] | (typeof maintenanceStates)[number];

/** Incidents of a page at once, and updates of one of them. */
export const mostIncidents = 1_000;
export const mostUpdates = 50;
export const longestUpdate = 2_000;
/** How long maintenance may be announced ahead, and may last. */
const farthestDays = 366;

/** For how many days an incident that is over stays on the first page. */
export const recentDays = 14;

type Timed = {
  readonly impact: Impact;
  readonly state: IncidentState;
  /** Epoch milliseconds. */
  readonly startsAtMs: number;
  /** Of maintenance: until when it is planned; else null. */
  readonly endsAtMs: number | null;
};

/** `scheduled`: maintenance to come; `active`: it goes on; `over`. Maintenance begins and ends by the clock: nobody has to get up for it. */
export type Phase = "scheduled" | "active" | "over";

export const phaseOf = ({ impact, state, startsAtMs, endsAtMs }: Timed, nowMs: number): Phase => {
  if (state === "resolved") return "over";
  if (impact !== "maintenance") return "active";
  if (nowMs < startsAtMs) return "scheduled";
  return endsAtMs !== null && nowMs >= endsAtMs ? "over" : "active";
};

/** Whether a state is one of this kind of incident. */
export const isStateOf = (impact: Impact, state: IncidentState): boolean =>
  (impact === "maintenance" ? maintenanceStates : incidentStates).some((one) => one === state);

/**
 * What is wrong with the times of an incident, by field; null: nothing.
 * @param knownStartMs when it began as it was written before: that was right then, however long ago it is. Null: it is new
 */
export const timeFault = (
  { impact, startsAtMs, endsAtMs }: Omit<Timed, "state">,
  nowMs: number,
  knownStartMs: number | null = null,
): { readonly field: "starts_at" | "ends_at"; readonly detail: string } | null => {
  const farthestMs = farthestDays * 86_400_000;
  if (startsAtMs !== knownStartMs && Math.abs(startsAtMs - nowMs) > farthestMs)
    return { field: "starts_at", detail: `must be at most ${farthestDays} days away` };
  if (impact !== "maintenance") {
    if (endsAtMs !== null) return { field: "ends_at", detail: "is for maintenance: an incident ends with an update that says resolved" };
    // Clocks differ by a little.
    return startsAtMs > nowMs + 60_000 ? { field: "starts_at", detail: "must not be in the future, unless for maintenance" } : null;
  }
  if (endsAtMs === null) return { field: "ends_at", detail: "is required for maintenance" };
  if (endsAtMs <= startsAtMs) return { field: "ends_at", detail: "must be after starts_at" };
  return endsAtMs - startsAtMs > farthestMs ? { field: "ends_at", detail: `must be at most ${farthestDays} days after starts_at` } : null;
};
