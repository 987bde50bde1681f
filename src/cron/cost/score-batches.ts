import type { ClaimedBatch, QueuedEvent, ScoringStore, SeriesKey, SeriesSave, StoredSeries } from "../../adapters/ports/cost/scoring.ts";
import type { OddEvent } from "../../domain/cost/fold-events.ts";
import { countCalls, foldPriced } from "../../domain/cost/fold-events.ts";
import { newCountedMemory, newPricedMemory } from "../../domain/cost/watched.ts";

const hourMs = 3_600_000;

const keyOf = (customerId: number, { accountId, resourceType, cents }: QueuedEvent): SeriesKey => {
  const isPriced = cents !== null;
  return {
    customerId,
    kind: isPriced ? "priced" : "calls",
    accountId,
    resourceType,
    serviceId: null,
    cdn: null,
    unit: isPriced ? "cents" : "calls",
  };
};

const nameOf = ({ customerId, kind, accountId, resourceType }: SeriesKey): string =>
  JSON.stringify([customerId, kind, accountId, resourceType]);

/** Series of events that a customer may have: whoever sends events decides what they are called. */
const mostSeries = 2_000;

/** Where events go that would need one series more than there may be. */
const othersOf = (key: SeriesKey): SeriesKey => ({ ...key, accountId: "", resourceType: "other" });

/** Whether there is a series, or room for one more. */
const roomFor = (known: ReadonlyMap<string, StoredSeries>, counts: ReadonlyMap<number, number>) => {
  const made = new Map<number, Set<string>>();
  return (key: SeriesKey): boolean => {
    const name = nameOf(key);
    if (known.has(name)) return true;
    const own = made.get(key.customerId) ?? new Set();
    made.set(key.customerId, own);
    if (!own.has(name) && (counts.get(key.customerId) ?? 0) + own.size >= mostSeries) return false;
    own.add(name);
    return true;
  };
};

type Touched = { readonly key: SeriesKey; readonly events: QueuedEvent[] };

/** The events of batches by the series that they belong to. @param hasRoom whether an event's own series may be used */
const bySeries = (batches: readonly ClaimedBatch[], hasRoom: (key: SeriesKey) => boolean): ReadonlyMap<string, Touched> => {
  const touched = new Map<string, Touched>();
  for (const { customerId, events } of batches) {
    for (const event of events) {
      const own = keyOf(customerId, event);
      const key = hasRoom(own) ? own : othersOf(own);
      const name = nameOf(key);
      const series = touched.get(name) ?? { key, events: [] };
      series.events.push(event);
      touched.set(name, series);
    }
  }
  return touched;
};

const savedCalls = ({ key, events }: Touched, stored: StoredSeries | undefined, nowMs: number): SeriesSave => {
  const memory = stored?.memory?.by === "rarity" ? stored.memory : newCountedMemory;
  const before = stored?.live ?? null;
  const closedUntilMs = stored === undefined || stored.lastHourMs === null ? null : stored.lastHourMs + hourMs;
  const { live, ...outcome } = countCalls({ memory, live: before }, events, closedUntilMs, nowMs);
  // Where nothing came late nothing is said of an anomaly.
  return { key, stored: stored ?? null, lastHourMs: null, live: live === before ? null : live, ...outcome };
};

const savedPriced = ({ key, events }: Touched, stored: StoredSeries | undefined, nowMs: number) => {
  const memory = stored?.memory?.by === "baseline" ? stored.memory : newPricedMemory(false);
  const { odd, ...outcome } = foldPriced({ memory, live: stored?.live ?? null }, events, nowMs);
  return { odd, save: { key, stored: stored ?? null, lastHourMs: null, ...outcome } satisfies SeriesSave };
};

/**
 * Scores the events of batches, and stores what came of it with the batches' end: once, or not at all.
 * @returns false where somebody else was faster
 */
export const scoreBatches = async (store: ScoringStore, batches: readonly ClaimedBatch[], nowMs: number): Promise<boolean> => {
  const asked = bySeries(batches, () => true);
  const read = await store.read(
    [...asked.values()].flatMap(({ key }) => [key, othersOf(key)]),
    [],
  );
  const known = new Map(read.series.map((series) => [nameOf(series), series]));
  const touched = bySeries(batches, roomFor(known, read.counts));
  const odd: OddEvent[] = [];
  const saves = [...touched].map(([name, series]): SeriesSave => {
    if (series.key.kind === "calls") return savedCalls(series, known.get(name), nowMs);
    const priced = savedPriced(series, known.get(name), nowMs);
    odd.push(...priced.odd);
    return priced.save;
  });
  return await store.save(batches, saves, odd);
};
