import type { Window } from "./window.ts";
import { keptMs } from "../coordination/retention.ts";

/** A hostname that a service held while a CDN was on one of its sides: half-open, epoch milliseconds; `toMs` null: still. */
export type Holding = {
  readonly domainId: number;
  readonly serviceId: number;
  readonly customerId: number;
  readonly host: string;
  readonly cdn: string;
  readonly fromMs: number;
  readonly toMs: number | null;
};

/** The part of one usage window in which a holding lasted. */
export type Slice = Holding & { readonly windowStartMs: number; readonly startMs: number; readonly endMs: number };

/**
 * How long readings and pushes are kept once their window is billed. Afterwards a window can be recomputed from its line
 * alone, and is no longer compared with its facts.
 */
export const factsKeptMs = keptMs("usage_readings");

/** How far a holding was read: slices that end by then are not queried again. Null: nothing yet. */
export type Settled = { readonly settledUntilMs: number | null };

export type MeteringFrame = {
  /** The complete windows of the look-back, ascending: their figures may still change, so they are read every time. */
  readonly windows: readonly Window[];
  readonly windowMs: number;
  /** Nothing older is queried of any source. A full window. */
  readonly horizonMs: number;
  /** How many windows before the look-back one run catches up on, the oldest first. At least 1. */
  readonly catchUpWindows: number;
};

export type HoldingPlan = {
  /** Ascending; each within one window. */
  readonly slices: readonly Slice[];
  /** Until when the holding is settled once all of `slices` have been read: before the look-back at the latest. */
  readonly settlesUntilMs: number;
};

const floorTo = (ms: number, unitMs: number): number => Math.floor(ms / unitMs) * unitMs;

/**
 * What to query for a holding: its part of each window of the look-back, and of older windows that were never read
 * finally, because of an outage of the CDN's API or missed runs. Null where there is nothing to query.
 */
export const planHolding = (holding: Holding & Settled, frame: MeteringFrame): HoldingPlan | null => {
  const [first, last] = [frame.windows[0], frame.windows.at(-1)];
  if (first === undefined || last === undefined) return null;
  const toMs = holding.toMs ?? Number.POSITIVE_INFINITY;
  const settledMs = holding.settledUntilMs ?? holding.fromMs;
  const openMs = Math.max(Math.min(settledMs, first.startMs), holding.fromMs, frame.horizonMs);
  const oldFromMs = floorTo(openMs, frame.windowMs);
  const oldUntilMs = Math.min(first.startMs, oldFromMs + frame.catchUpWindows * frame.windowMs);
  const old: Window[] = [];
  for (let startMs = oldFromMs; startMs < oldUntilMs; startMs += frame.windowMs) old.push({ startMs, endMs: startMs + frame.windowMs });
  const slices = [...old, ...frame.windows].flatMap((window): Slice[] => {
    const startMs = Math.max(window.startMs, holding.fromMs);
    const endMs = Math.min(window.endMs, toMs);
    return startMs < endMs ? [{ ...holding, windowStartMs: window.startMs, startMs, endMs }] : [];
  });
  const isCaughtUp = oldUntilMs === first.startMs || toMs <= oldUntilMs;
  return slices.length === 0 ? null : { slices, settlesUntilMs: isCaughtUp ? first.startMs : Math.max(settledMs, oldUntilMs) };
};

/** One query to a source: hosts with the same spans. */
export type Ask = { readonly hosts: readonly string[]; readonly windows: readonly Window[] };

/**
 * Slices as queries: each host once, with the spans of all its slices; hosts with the same spans together, and those that
 * most hosts share first, so that rare ones do not use up the source's quota.
 */
export const asksOf = (slices: readonly Slice[]): readonly Ask[] => {
  const spansByHost = [...Map.groupBy(slices, ({ host }) => host)].map(([host, own]) => {
    const byStart = new Map(own.map(({ startMs, endMs }) => [startMs, { startMs, endMs }]));
    const windows = [...byStart.values()].toSorted((a, b) => a.startMs - b.startMs);
    return { host, windows, key: windows.map(({ startMs, endMs }) => `${startMs}-${endMs}`).join() };
  });
  return [...Map.groupBy(spansByHost, ({ key }) => key).values()]
    .map((same) => ({ hosts: same.map(({ host }) => host), windows: same[0]?.windows ?? [] }))
    .toSorted((a, b) => b.hosts.length - a.hosts.length);
};

/** Until when each domain is settled at its CDN: as far as the least settled of its holdings there. */
export const settledMarks = (
  holdings: readonly (Holding & Settled & Pick<HoldingPlan, "settlesUntilMs">)[],
): readonly { readonly domainId: number; readonly cdn: string; readonly settledUntilMs: number }[] =>
  [...Map.groupBy(holdings, ({ domainId, cdn }) => `${domainId} ${cdn}`).values()].flatMap((same) => {
    const [first] = same;
    const settledUntilMs = Math.min(...same.map(({ settlesUntilMs }) => settlesUntilMs));
    if (first === undefined || settledUntilMs <= (first.settledUntilMs ?? Number.NEGATIVE_INFINITY)) return [];
    return [{ domainId: first.domainId, cdn: first.cdn, settledUntilMs }];
  });

/** Parts of about `size` items; those of one window of a service stay together, in the order given. */
export const inParts = <Item extends { readonly serviceId: number; readonly windowStartMs: number }>(
  items: readonly Item[],
  size: number,
): readonly (readonly Item[])[] => {
  const parts: Item[][] = [];
  let previous: Item | null = null;
  for (const item of items) {
    const last = parts.at(-1);
    const belongs = previous?.serviceId === item.serviceId && previous.windowStartMs === item.windowStartMs;
    if (last !== undefined && (last.length < size || belongs)) last.push(item);
    else parts.push([item]);
    previous = item;
  }
  return parts;
};
