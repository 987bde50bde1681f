import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { newBaseline } from "../../../domain/cost/baseline.ts";
import type { Moments } from "../../../domain/cost/moments.ts";
import { noMoments } from "../../../domain/cost/moments.ts";
import type { Memory } from "../../../domain/cost/watched.ts";
import type { SeriesSave, StoredSeries } from "../../ports/cost/scoring.ts";

/** Hours of the day have the places after those of the week. */
const hoursOfWeek = 168;

export type SeasonRow = { readonly seriesId: number; readonly hour: number } & Moments;

/** The seasons of some series at some hours of the week, and at their hours of the day. */
export const readSeasons = (ids: SQL, hours: readonly number[]): SQL => {
  const places = [...new Set(hours.flatMap((hour) => [hour, hoursOfWeek + (hour % 24)]))];
  return sql`select x.series_id as "seriesId", x.hour::int as hour, x.count, x.mean, x.rest, x.m2 from cost_seasons x
    where x.series_id in (${ids}) and x.hour = any(${`{${places.join()}}`}::smallint[])`;
};

/** A memory as it is kept: without its seasons, which have rows of their own. */
export const withoutSeasons = (memory: Memory): unknown =>
  memory.by === "baseline" && memory.baseline.seasons !== null ? { ...memory, baseline: { ...memory.baseline, seasons: "rows" } } : memory;

/** Series with the seasons that were read. Hours that were not read seem unknown: they must not be judged. */
export const withSeasons = (series: readonly StoredSeries[], rows: readonly SeasonRow[]): readonly StoredSeries[] => {
  const of = Map.groupBy(rows, ({ seriesId }) => seriesId);
  return series.map((one) => {
    if (one.memory?.by !== "baseline" || one.memory.baseline.seasons === null) return one;
    const { ofDay, ofWeek } = newBaseline(true).seasons ?? { ofDay: [], ofWeek: [] };
    const [days, weeks] = [[...ofDay], [...ofWeek]];
    for (const { hour, count, mean, rest, m2 } of of.get(one.id) ?? []) {
      if (hour < hoursOfWeek) weeks[hour] = { count, mean, rest, m2 };
      else days[hour - hoursOfWeek] = { count, mean, rest, m2 };
    }
    return { ...one, memory: { ...one.memory, baseline: { ...one.memory.baseline, seasons: { ofDay: days, ofWeek: weeks } } } };
  });
};

const momentsOf = (memory: Memory | null | undefined): readonly Moments[] =>
  memory?.by === "baseline" && memory.baseline.seasons !== null
    ? [...memory.baseline.seasons.ofWeek, ...memory.baseline.seasons.ofDay]
    : [];

/** The seasons that differ from what was read, by their places. */
export const changedSeasons = ({ memory, stored, isAnew }: SeriesSave): readonly (Moments & { readonly hour: number })[] => {
  const before = isAnew === true ? [] : momentsOf(stored?.memory);
  return momentsOf(memory).flatMap((moments, hour) => (moments.count === (before[hour] ?? noMoments).count ? [] : [{ ...moments, hour }]));
};
