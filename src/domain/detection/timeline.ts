/** The moments of a storm, epoch milliseconds. */
export type StormMoments = {
  readonly startedAtMs: number;
  readonly detectedAtMs: number;
  readonly recoveringSinceMs: number | null;
  readonly endedAtMs: number | null;
};

export type TimelineEntry<Change> = {
  readonly atMs: number;
  readonly event: "begun" | "detected" | "switch" | "recovering" | "ended";
  /** Of a `switch`; null otherwise. */
  readonly change: Change | null;
};

/**
 * What happened in a storm, in its order. Of relapses only their number is recorded, so they are not in it; a recovery that
 * a relapse undid is not either. A switch stands where it was intended.
 */
export const stormTimeline = <Change extends { readonly intendedAtMs: number }>(
  storm: StormMoments,
  changes: readonly Change[],
): readonly TimelineEntry<Change>[] => {
  const moment = (event: TimelineEntry<Change>["event"], atMs: number | null): TimelineEntry<Change>[] =>
    atMs === null ? [] : [{ atMs, event, change: null }];
  const entries = [
    ...moment("begun", storm.startedAtMs),
    ...moment("detected", storm.detectedAtMs),
    ...changes.map((change) => ({ atMs: change.intendedAtMs, event: "switch" as const, change })),
    ...moment("recovering", storm.recoveringSinceMs),
    ...moment("ended", storm.endedAtMs),
  ];
  // Sorting keeps the order of equals: what ends at the moment of its recovery ends after it.
  return entries.toSorted((a, b) => a.atMs - b.atMs);
};
