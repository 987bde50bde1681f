import { follow } from "./anomaly.ts";
import { explainHour } from "./explain.ts";
import { closeLate } from "./fold-hours.ts";
import type { Observed } from "./observed.ts";
import type { Severity } from "./score.ts";
import { judgeHour } from "./score.ts";
import type { CountedMemory, Outcome, PendingHour, PricedMemory, Watched } from "./watched.ts";
import { bandOfUsual, Ledger } from "./watched.ts";

/** An event as it is scored. */
export type ScoredEvent = {
  readonly id: string;
  readonly occurredAtMs: number;
  readonly cents: number | null;
  readonly actor: string | null;
  readonly resource: string | null;
};

const hourMs = 3_600_000;
const hourOf = (atMs: number): number => Math.floor(atMs / hourMs) * hourMs;

/** Events of a series that came together, in the order in which they happened. */
const inOrder = (events: readonly ScoredEvent[]): readonly ScoredEvent[] =>
  events.toSorted((a, b) => a.occurredAtMs - b.occurredAtMs || (a.id < b.id ? -1 : 1));

/** An event that is odd, and how. */
export type OddEvent = { readonly id: string; readonly severity: Exclude<Severity, "none"> };

/** Scores events whose cost is known, each before it is learnt from. */
export const foldPriced = (
  { memory, live }: Watched<PricedMemory>,
  events: readonly ScoredEvent[],
  nowMs: number,
): Outcome<PricedMemory> & { readonly odd: readonly OddEvent[] } => {
  const ledger = new Ledger(live);
  const odd: OddEvent[] = [];
  let { baseline } = memory;
  for (const { id, occurredAtMs, cents, actor, resource } of inOrder(events)) {
    const hour = { atMs: occurredAtMs, cents: cents ?? 0, actor, resource };
    const { verdict, baseline: next } = judgeHour(baseline, hour, ledger.live?.state === "expected" ? "accepted" : null);
    baseline = next;
    const { severity, score, usual } = verdict;
    const at = hourOf(occurredAtMs);
    if (severity !== "none") odd.push({ id, severity });
    const judged = { hourMs: at, severity, score, explanation: explainHour(verdict), figures: verdict, value: hour.cents };
    ledger.take(follow(ledger.live, { ...judged, usual: usual.basis === "cold" ? null : usual.mean }, nowMs, false));
    ledger.record({ hourMs: at, value: hour.cents, band: bandOfUsual(usual), score, severity, label: null });
  }
  return { memory: { ...memory, baseline }, live: ledger.live, ended: ledger.ended, hours: ledger.hours(), odd };
};

/** Names that an hour remembers of those that are new to its series: one is told of them, not of hundreds. */
const namesOfHour = 20;
/** Hours that may be pending: a fortnight, as of a backlog that is read at once, and a day that lies ahead by a wrong clock. */
const mostPending = 15 * 24;
/** Characters of the names of all hours that are pending: whoever sends them decides how long each is. */
const mostNameChars = 131_072;

const charsOf = (hours: readonly PendingHour[]): number =>
  hours.reduce((sum, { actors, resources }) => [...actors, ...resources].reduce((chars, name) => chars + name.length, sum), 0);

/** Hours by their beginnings. Counts calls to them, as long as there is room with the names that are new. */
const counter = (hours: readonly PendingHour[], known: Pick<CountedMemory, "actors" | "resources">) => {
  const counted = new Map(hours.map((hour) => [hour.hourMs, hour]));
  let chars = charsOf(hours);
  const withName = (names: readonly string[], name: string | null, observed: Observed): readonly string[] => {
    if (name === null || names.length >= namesOfHour || names.includes(name) || observed.some((one) => one.name === name)) return names;
    if (chars + name.length > mostNameChars) return names;
    chars += name.length;
    return [...names, name];
  };
  return {
    add: ({ occurredAtMs, actor, resource }: ScoredEvent): void => {
      const at = hourOf(occurredAtMs);
      const { calls, actors, resources } = counted.get(at) ?? { calls: 0, actors: [], resources: [] };
      counted.set(at, {
        hourMs: at,
        calls: calls + 1,
        actors: withName(actors, actor, known.actors),
        resources: withName(resources, resource, known.resources),
      });
    },
    hours: (): readonly PendingHour[] => [...counted.values()].toSorted((a, b) => a.hourMs - b.hourMs).slice(-mostPending),
  };
};

/**
 * Counts events whose cost is not known. Their hours are judged once they are over, and again where more of them comes later than that.
 * @param closedUntilMs the beginning of the first hour that is not judged yet; null: none was
 */
export const countCalls = (
  { memory, live }: Watched<CountedMemory>,
  events: readonly ScoredEvent[],
  closedUntilMs: number | null,
  nowMs: number,
): Outcome<CountedMemory> => {
  const [pending, late] = [counter(memory.pending, memory), counter([], memory)];
  for (const event of inOrder(events)) (closedUntilMs === null || hourOf(event.occurredAtMs) >= closedUntilMs ? pending : late).add(event);
  const counted = { memory: { ...memory, pending: pending.hours() }, live };
  return closedUntilMs === null ? { ...counted, ended: [], hours: [] } : closeLate(counted, late.hours(), closedUntilMs, nowMs);
};
