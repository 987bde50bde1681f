import { follow } from "./anomaly.ts";
import { explainHour } from "./explain.ts";
import type { Observed } from "./observed.ts";
import { withSighting } from "./observed.ts";
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

const withName = (names: readonly string[], name: string | null, known: Observed): readonly string[] =>
  name === null || names.length >= namesOfHour || names.includes(name) || known.some((one) => one.name === name) ? names : [...names, name];

const counted = (pending: readonly PendingHour[], event: ScoredEvent, memory: CountedMemory): readonly PendingHour[] => {
  const at = hourOf(event.occurredAtMs);
  const before = pending.find((one) => one.hourMs === at) ?? { hourMs: at, calls: 0, actors: [], resources: [] };
  const now = {
    hourMs: at,
    calls: before.calls + 1,
    actors: withName(before.actors, event.actor, memory.actors),
    resources: withName(before.resources, event.resource, memory.resources),
  };
  return [...pending.filter((one) => one !== before), now].toSorted((a, b) => a.hourMs - b.hourMs).slice(-mostPending);
};

/** What events without a known cost are counted to: hours that are not over, and such as were judged already. */
export type Counted = { readonly memory: CountedMemory; readonly late: readonly { readonly hourMs: number; readonly calls: number }[] };

/**
 * Counts events whose cost is not known. Their hours are judged once they are over; what comes later still is learnt of its actor and
 * resource, and added to what its hour shows, but does not judge it anew.
 * @param closedUntilMs the beginning of the first hour that is not judged yet; null: none was
 */
export const countCalls = (memory: CountedMemory, events: readonly ScoredEvent[], closedUntilMs: number | null): Counted => {
  const late = new Map<number, number>();
  let { actors, resources, pending } = memory;
  for (const event of inOrder(events)) {
    const at = hourOf(event.occurredAtMs);
    if (closedUntilMs === null || at >= closedUntilMs) {
      pending = counted(pending, event, memory);
      continue;
    }
    late.set(at, (late.get(at) ?? 0) + 1);
    if (event.actor !== null) actors = withSighting(actors, event.actor, event.occurredAtMs);
    if (event.resource !== null) resources = withSighting(resources, event.resource, event.occurredAtMs);
  }
  return { memory: { ...memory, actors, resources, pending }, late: [...late].map(([hour, calls]) => ({ hourMs: hour, calls })) };
};
