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

type Touched = { readonly key: SeriesKey; readonly events: QueuedEvent[] };

/** The events of batches by the series that they belong to. */
const bySeries = (batches: readonly ClaimedBatch[]): ReadonlyMap<string, Touched> => {
  const touched = new Map<string, Touched>();
  for (const { customerId, events } of batches) {
    for (const event of events) {
      const key = keyOf(customerId, event);
      const name = nameOf(key);
      const series = touched.get(name) ?? { key, events: [] };
      series.events.push(event);
      touched.set(name, series);
    }
  }
  return touched;
};

const savedCalls = ({ key, events }: Touched, stored: StoredSeries | undefined): SeriesSave => {
  const memory = stored?.memory.by === "rarity" ? stored.memory : newCountedMemory;
  const closedUntilMs = stored === undefined || stored.lastHourMs === null ? null : stored.lastHourMs + hourMs;
  const counted = countCalls(memory, events, closedUntilMs);
  const late = counted.late.map(({ hourMs: at, calls }) => ({
    hourMs: at,
    value: calls,
    band: null,
    score: 0,
    severity: "none" as const,
    label: null,
  }));
  return { key, stored: stored ?? null, memory: counted.memory, lastHourMs: null, live: null, ended: [], hours: late };
};

const savedPriced = ({ key, events }: Touched, stored: StoredSeries | undefined, nowMs: number) => {
  const memory = stored?.memory.by === "baseline" ? stored.memory : newPricedMemory(false);
  const { odd, ...outcome } = foldPriced({ memory, live: stored?.live ?? null }, events, nowMs);
  return { odd, save: { key, stored: stored ?? null, lastHourMs: null, ...outcome } satisfies SeriesSave };
};

/**
 * Scores the events of batches, and stores what came of it with the batches' end: once, or not at all.
 * @returns false where somebody else was faster
 */
export const scoreBatches = async (store: ScoringStore, batches: readonly ClaimedBatch[], nowMs: number): Promise<boolean> => {
  const touched = bySeries(batches);
  const known = new Map((await store.read([...touched.values()].map(({ key }) => key))).map((series) => [nameOf(series), series]));
  const odd: OddEvent[] = [];
  const saves = [...touched].map(([name, series]): SeriesSave => {
    if (series.key.kind === "calls") return savedCalls(series, known.get(name));
    const priced = savedPriced(series, known.get(name), nowMs);
    odd.push(...priced.odd);
    return priced.save;
  });
  return await store.save(batches, saves, odd);
};
