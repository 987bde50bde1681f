import type { Moments } from "./moments.ts";
import { noMoments, sampleDeviation, withSample } from "./moments.ts";
import type { Observed } from "./observed.ts";
import { withSighting } from "./observed.ts";

/** The values of each hour of the day and of each hour of the week (UTC, from Monday 00:00). */
export type Seasons = { readonly ofDay: readonly Moments[]; readonly ofWeek: readonly Moments[] };

/** What is usual of a customer's account and resource type, or of the egress of a service on a CDN: cents an hour. */
export type Baseline = {
  readonly flat: Moments;
  /** Of egress; null: of events, which have no daily course. */
  readonly seasons: Seasons | null;
  readonly actors: Observed;
  readonly resources: Observed;
  /** The hour before, and how many hours in a row it had been rising. */
  readonly lastCents: number | null;
  readonly risingHours: number;
};

const hoursOfDay = 24;
const hoursOfWeek = 168;

/** @param hasSeasons whether its hours of the day and of the week are told apart: egress */
export const newBaseline = (hasSeasons: boolean): Baseline => ({
  flat: noMoments,
  seasons: hasSeasons
    ? {
        ofDay: Array.from({ length: hoursOfDay }, () => noMoments),
        ofWeek: Array.from({ length: hoursOfWeek }, () => noMoments),
      }
    : null,
  actors: [],
  resources: [],
  lastCents: null,
  risingHours: 0,
});

/** An hour of a series. */
export type CostHour = {
  readonly atMs: number;
  readonly cents: number;
  readonly actor: string | null;
  readonly resource: string | null;
};

export const hourOfDay = (atMs: number): number => Math.floor(atMs / 3_600_000) % hoursOfDay;
/** From Monday 00:00 UTC; 1970-01-01 was a Thursday. */
export const hourOfWeek = (atMs: number): number => (Math.floor(atMs / 3_600_000) + 72) % hoursOfWeek;

/** What is compared with: the same hour of the week, of the day, all hours; `cold`: too little is known. */
export type Basis = "hour of the week" | "hour of the day" | "all hours" | "cold";

/** What is usual at some hour. */
export type Usual = { readonly basis: Basis; readonly count: number; readonly mean: number; readonly deviation: number };

/** How many values each needs: four weeks, fourteen days, a day of hours. */
const ready = { ofWeek: 4, ofDay: 14, flat: 24 } as const;
/** A deviation is at least this part of the mean, and a cent: else a series that never moved could not be divided by. */
const leastDeviation = { part: 0.05, cents: 1 } as const;

const usualOf = (basis: Basis, moments: Moments): Usual => ({
  basis,
  count: moments.count,
  mean: moments.mean,
  deviation: Math.max(sampleDeviation(moments), leastDeviation.part * Math.abs(moments.mean), leastDeviation.cents),
});

/** The narrowest comparison for which enough is known. */
export const usualAt = ({ flat, seasons }: Baseline, atMs: number): Usual => {
  const week = seasons?.ofWeek[hourOfWeek(atMs)] ?? noMoments;
  if (week.count >= ready.ofWeek) return usualOf("hour of the week", week);
  const day = seasons?.ofDay[hourOfDay(atMs)] ?? noMoments;
  if (day.count >= ready.ofDay) return usualOf("hour of the day", day);
  return usualOf(flat.count >= ready.flat ? "all hours" : "cold", flat);
};

/** How many deviations above the usual an anomalous value counts as at most, once it is learnt from. */
const winsorisedAt = 3;

/**
 * How an hour is learnt from. `usual`: as it is. `anomalous`: at most three deviations above the mean, so that a leak does not become
 * the norm by lasting. `accepted`: as it is, since a person said that it was expected. `shifted`: not at all, as in a storm.
 */
export type Learning = "usual" | "anomalous" | "accepted" | "shifted";

const learnable = (cents: number, usual: Usual, learning: Learning): number =>
  learning === "anomalous" && usual.basis !== "cold" ? Math.min(cents, usual.mean + winsorisedAt * usual.deviation) : cents;

const withHour = (seasons: Seasons, atMs: number, cents: number): Seasons => {
  const [day, week] = [hourOfDay(atMs), hourOfWeek(atMs)];
  return {
    ofDay: seasons.ofDay.with(day, withSample(seasons.ofDay[day] ?? noMoments, cents)),
    ofWeek: seasons.ofWeek.with(week, withSample(seasons.ofWeek[week] ?? noMoments, cents)),
  };
};

/** The baseline after an hour. It must have been scored before: with the value included, none can be far from the mean. */
export const learnt = (baseline: Baseline, hour: CostHour, learning: Learning): Baseline => {
  if (learning === "shifted") return baseline;
  const { atMs, actor, resource } = hour;
  const cents = learnable(hour.cents, usualAt(baseline, atMs), learning);
  return {
    flat: withSample(baseline.flat, cents),
    seasons: baseline.seasons === null ? null : withHour(baseline.seasons, atMs, cents),
    actors: actor === null ? baseline.actors : withSighting(baseline.actors, actor, atMs),
    resources: resource === null ? baseline.resources : withSighting(baseline.resources, resource, atMs),
    lastCents: hour.cents,
    risingHours: baseline.lastCents !== null && hour.cents > baseline.lastCents ? baseline.risingHours + 1 : 0,
  };
};

/** The baseline of the same usage where each GB costs `times` as much. */
export const atRate = (baseline: Baseline, times: number): Baseline => {
  if (times === 1) return baseline;
  const scaled = ({ count, mean, rest, m2 }: Moments): Moments => ({
    count,
    mean: mean * times,
    rest: rest * times,
    m2: m2 * times * times,
  });
  const { flat, seasons, lastCents } = baseline;
  return {
    ...baseline,
    flat: scaled(flat),
    seasons: seasons === null ? null : { ofDay: seasons.ofDay.map(scaled), ofWeek: seasons.ofWeek.map(scaled) },
    lastCents: lastCents === null ? null : lastCents * times,
  };
};
