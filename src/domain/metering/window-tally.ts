/** Half-open, epoch milliseconds. */
export type TallySpan = { readonly fromMs: number; readonly toMs: number };

/**
 * A summary of windows of one service with the same finding: their number, in how many contiguous spans, the
 * first and the last of those, and the names concerned.
 */
export type WindowTally = {
  readonly serviceId: number;
  readonly rule: string;
  readonly windows: number;
  readonly spans: number;
  readonly first: TallySpan;
  readonly last: TallySpan;
  readonly names: readonly string[];
};

/** Most names listed; one more is kept to show that there are more. */
export const namesTold = 5;

const join = (before: WindowTally, after: WindowTally): WindowTally => {
  const touch = before.last.toMs === after.first.fromMs;
  const middle = { fromMs: before.last.fromMs, toMs: after.first.toMs };
  return {
    ...before,
    windows: before.windows + after.windows,
    spans: before.spans + after.spans - (touch ? 1 : 0),
    first: touch && before.spans === 1 ? middle : before.first,
    last: touch && after.spans === 1 ? middle : after.last,
    names: [...new Set([...before.names, ...after.names])].toSorted().slice(0, namesTold + 1),
  };
};

/** One tally per service and rule; those of `later` are of windows after all of `earlier`. */
export const joinTallies = (earlier: readonly WindowTally[], later: readonly WindowTally[]): readonly WindowTally[] =>
  [...Map.groupBy([...earlier, ...later], ({ serviceId, rule }) => `${serviceId} ${rule}`).values()].map((same) => same.reduce(join));

/**
 * For people, such as `42 windows, 2026-11-16T12:00:00.000Z to 2026-11-18T06:00:00.000Z (fastly)`.
 * @param timeText how a time is written
 */
export const tallyText = ({ windows, spans, first, last, names }: WindowTally, timeText: (ms: number) => string): string => {
  const span = ({ fromMs, toMs }: TallySpan): string => `${timeText(fromMs)} to ${timeText(toMs)}`;
  const when = spans === 1 ? span(first) : `in ${spans} spans, the first ${span(first)}, the last ${span(last)}`;
  const told = names.length > namesTold ? [...names.slice(0, namesTold), "and others"] : names;
  return `${windows} ${windows === 1 ? "window" : "windows"}, ${when}${told.length === 0 ? "" : ` (${told.join(", ")})`}`;
};
