import type { EgressDue, EgressFacts, ScoringStore, SeriesKey, SeriesSave, StoredSeries } from "../../adapters/ports/cost/scoring.ts";
import { AppError } from "../../errors.ts";
import { hourOfWeek } from "../../domain/cost/baseline.ts";
import type { EgressValue } from "../../domain/cost/fold-hours.ts";
import { closeCalls, foldBytes, foldEgress, settlesForMs } from "../../domain/cost/fold-hours.ts";
import { seriesOfHour } from "../../domain/cost/storm-rule.ts";
import { newCountedMemory, newPricedMemory } from "../../domain/cost/watched.ts";

const hourMs = 3_600_000;
/** CloudTrail writes its files up to about a quarter of an hour late. */
const callsSettleMs = 900_000;

type Unit = "cents" | "bytes";
type UnitHour = { readonly cdn: string | null; readonly unit: Unit } & Omit<EgressValue, "hourMs">;

/**
 * The series of an hour: in cents where rates are known, else in bytes. The sum is all at one rate, which is the same in every hour, whichever
 * CDNs were measured in it: at their own, traffic that a storm moved to a dearer CDN would raise it.
 */
const unitsOf = ({ hourMs: at, sides, shift, sumCentsPerGb }: EgressFacts): readonly UnitHour[] => {
  const measured = sides.map(({ cdn, bytes, sinceMs }) => ({
    cdn,
    cents: bytes,
    settles: sinceMs !== null && at < sinceMs + settlesForMs,
  }));
  const byCdn = new Map(sides.map((side) => [side.cdn, side]));
  const lastRateMs = sides.reduce((last, { rateSinceMs }) => Math.max(last, rateSinceMs ?? last), Number.NEGATIVE_INFINITY);
  return seriesOfHour({ sides: measured, shift }).map(({ cdn, cents: bytes, treatment }): UnitHour => {
    const side = cdn === null ? null : (byCdn.get(cdn) ?? null);
    const centsPerGb = cdn === null ? sumCentsPerGb : (side?.centsPerGb ?? null);
    const rateSinceMs = cdn === null ? lastRateMs : (side?.rateSinceMs ?? null);
    return {
      cdn,
      bytes,
      treatment,
      sinceMs: side?.sinceMs ?? null,
      rateSinceMs,
      centsPerGb: centsPerGb ?? 0,
      unit: centsPerGb === null ? "bytes" : "cents",
    };
  });
};

const valuesOf = (facts: EgressFacts): readonly UnitHour[] => unitsOf(facts).filter(({ cdn }) => facts.isWhole || cdn !== null);

const keyOf = ({ serviceId, customerId }: EgressDue, cdn: string | null, unit: Unit): SeriesKey => ({
  customerId,
  kind: "egress",
  accountId: "",
  resourceType: `egress:${unit}`,
  serviceId,
  cdn,
  unit,
});

const nameOf = ({ serviceId, cdn, unit }: SeriesKey): string => JSON.stringify([serviceId, cdn, unit]);

type Touched = { readonly key: SeriesKey; readonly hours: EgressValue[]; readonly untilMs: number };

/** Hours of services by the series that they belong to. */
const bySeries = (due: readonly EgressDue[]): ReadonlyMap<string, Touched> => {
  const touched = new Map<string, Touched>();
  for (const service of due) {
    for (const facts of service.hours) {
      for (const { cdn, unit, ...hour } of valuesOf(facts)) {
        const key = keyOf(service, cdn, unit);
        const series = touched.get(nameOf(key)) ?? { key, hours: [], untilMs: service.untilMs };
        series.hours.push({ hourMs: facts.hourMs, ...hour });
        touched.set(nameOf(key), series);
      }
    }
    // Hours of which nothing is known are past all the same.
    const sum = keyOf(service, null, "bytes");
    if (service.hours.every(({ sides }) => sides.length === 0)) touched.set(nameOf(sum), { key: sum, hours: [], untilMs: service.untilMs });
  }
  return touched;
};

const savedEgress = ({ key, hours, untilMs }: Touched, stored: StoredSeries | undefined, nowMs: number): SeriesSave => {
  const live = stored?.live ?? null;
  const outcome =
    key.unit === "cents"
      ? foldEgress({ memory: stored?.memory?.by === "baseline" ? stored.memory : newPricedMemory(true), live }, hours, nowMs)
      : foldBytes({ memory: stored?.memory?.by === "rarity" ? stored.memory : newCountedMemory, live }, hours, nowMs);
  return { key, stored: stored ?? null, lastHourMs: untilMs - hourMs, ...outcome };
};

/** What could not be judged in a run, by its id: left out for the rest of the run, so that it stops nobody else. */
export type Failed = { readonly ids: Set<number>; readonly note: (error: unknown, id: number, customerId: number) => void };

/**
 * Works on many together, and where that fails on halves of them, until it is known of whom it is.
 * @param work returns how many it did; null: somebody else was faster. @throws where the database is away
 */
const together = async <One extends { readonly customerId: number }>(
  many: readonly One[],
  idOf: (one: One) => number,
  failed: Failed,
  work: (some: readonly One[]) => Promise<number | null>,
): Promise<number | null> => {
  try {
    return await work(many);
  } catch (error) {
    const [first, ...others] = many;
    if (first === undefined || (error instanceof AppError && error.code === "unavailable")) throw error;
    if (others.length === 0) {
      failed.ids.add(idOf(first));
      failed.note(error, idOf(first), first.customerId);
      return 0;
    }
    const middle = Math.ceil(many.length / 2);
    const halves = [many.slice(0, middle), many.slice(middle)];
    let sum = 0;
    for (const half of halves) sum += (await together(half, idOf, failed, work)) ?? 0;
    return sum;
  }
};

const scoreServices = async (store: ScoringStore, due: readonly EgressDue[], nowMs: number): Promise<number | null> => {
  const touched = bySeries(due);
  if (touched.size === 0) return null;
  const hoursOfWeek = new Set([...touched.values()].flatMap(({ hours }) => hours.map((hour) => hourOfWeek(hour.hourMs))));
  const read = await store.read(
    [...touched.values()].map(({ key }) => key),
    [...hoursOfWeek],
  );
  const known = new Map(read.series.map((series) => [nameOf(series), series]));
  const saves = [...touched].map(([name, series]) => savedEgress(series, known.get(name), nowMs));
  return (await store.save([], saves, [])) ? saves.length : null;
};

/** Judges hours of egress that are over, of some services. @returns how many series; null: somebody else was faster, or nothing is left */
export const scoreEgress = async (store: ScoringStore, nowMs: number, mostHours: number, failed: Failed): Promise<number | null> => {
  const due = await store.egressDue(nowMs, mostHours, [...failed.ids]);
  if (due.length === 0) return null;
  return await together(
    due,
    ({ serviceId }) => serviceId,
    failed,
    async (some) => await scoreServices(store, some, nowMs),
  );
};

const scoreSeries = async (store: ScoringStore, due: readonly StoredSeries[], untilMs: number, nowMs: number): Promise<number | null> => {
  const saves = due.map((stored): SeriesSave => {
    const memory = stored.memory?.by === "rarity" ? stored.memory : newCountedMemory;
    const fromMs = stored.lastHourMs === null ? null : stored.lastHourMs + hourMs;
    const { closedUntilMs, ...outcome } = closeCalls({ memory, live: stored.live }, fromMs, untilMs, nowMs);
    return { key: stored, stored, lastHourMs: (closedUntilMs ?? untilMs) - hourMs, ...outcome };
  });
  return (await store.save([], saves, [])) ? saves.length : null;
};

/** Judges hours of calls that are over, of some series; of fewer where they are too large together. @returns how many; null: somebody else was faster, or nothing is left */
export const scoreCalls = async (store: ScoringStore, nowMs: number, most: number, failed: Failed): Promise<number | null> => {
  const untilMs = Math.floor((nowMs - callsSettleMs) / hourMs) * hourMs;
  const read = async (): Promise<readonly StoredSeries[] | null> => {
    try {
      return await store.callsDue(untilMs, most, [...failed.ids]);
    } catch (error) {
      if (most === 1 || !(error instanceof AppError && error.kind === "answer_too_large")) throw error;
      return null;
    }
  };
  const due = await read();
  if (due === null) return await scoreCalls(store, nowMs, Math.ceil(most / 8), failed);
  if (due.length === 0) return null;
  return await together(
    due,
    ({ id }) => id,
    failed,
    async (some) => await scoreSeries(store, some, untilMs, nowMs),
  );
};
