/** The times of a storm, epoch milliseconds. */
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
 * The events of a storm, in order. Of relapses only the number is recorded, so they are absent, as are recoveries that
 * a relapse undid. A switch is listed at the time of its intent.
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
  // The sort is stable: an end at the time of the recovery comes after it.
  return entries.toSorted((a, b) => a.atMs - b.atMs);
};
