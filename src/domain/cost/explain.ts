import { hourOfDay, hourOfWeek } from "./baseline.ts";
import type { Finding } from "./detector.ts";
import type { Verdict } from "./score.ts";

const days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

const grouped = (digits: string): string => digits.replaceAll(/\B(?=(?:\d{3})+$)/g, ",");

/** `$1,234.50`. */
export const dollars = (cents: number): string => {
  const [whole = "", part = ""] = (Math.abs(cents) / 100).toFixed(2).split(".");
  return `${cents < 0 ? "-" : ""}$${grouped(whole)}.${part}`;
};

const clock = (atMs: number): string => `${String(hourOfDay(atMs)).padStart(2, "0")}:00 UTC`;

const rounded = (value: number): string => (value >= 100 ? Math.round(value).toString() : value.toFixed(1));

const comparison = ({ usual, atMs }: Verdict): string => {
  if (usual.basis === "hour of the week")
    return `on a ${days[Math.floor(hourOfWeek(atMs) / 24)]} at ${clock(atMs)}, by ${usual.count} weeks`;
  if (usual.basis === "hour of the day") return `at ${clock(atMs)}, by ${usual.count} days`;
  return `by ${usual.count} hours`;
};

const distance = (z: number, deviation: number): string =>
  `${rounded(Math.abs(z))} deviations of ${dollars(deviation)} ${z < 0 ? "below" : "above"}`;

/**
 * Why an hour has its score, for whoever pays: the figures that made it, in the order of their weight. No sentence is there that did
 * not count.
 */
export const explainHour = (verdict: Verdict): string => {
  const { usual, z, cents, severity, timesTheHourBefore, risingHours, newActor, newResource } = verdict;
  if (z === null)
    return severity !== "none"
      ? `${dollars(cents)} an hour, of which nothing is known yet: above $5.00 that alone is told.`
      : `${dollars(cents)} an hour; too little is known yet to say what is usual (${usual.count} of 24 hours).`;
  const parts = [
    `${dollars(cents)} an hour, where ${dollars(usual.mean)} is usual ${comparison(verdict)}: ${distance(z, usual.deviation)}.`,
    ...(z > 1 && timesTheHourBefore !== null && timesTheHourBefore > 1 ? [`${rounded(timesTheHourBefore)} times the hour before.`] : []),
    ...(z > 1 && risingHours > 1 ? [`It rises for ${risingHours} hours.`] : []),
    ...(newActor === null ? [] : [`${newActor} was never seen here before.`]),
    ...(newResource === null ? [] : [`${newResource} is new.`]),
  ];
  return parts.join(" ");
};

const comparedWith = { jump: "just before", hour: "at this hour of the day", level: "over the long run" } as const;

/** How rare, in words: one digit of precision, as more is not known of what hardly ever happens. */
const once = (rarity: number): string => {
  const values = Math.min(1e6, 10 ** rarity);
  const digits = 10 ** Math.floor(Math.log10(values));
  return `once in ${grouped(String(Math.round(values / digits) * digits))} values`;
};

const figure = (value: number): string => String(Number(value.toPrecision(3)));

/** The one sentence by which a value of a series is told where it is news; null: it is none. */
export const explainFinding = ({ rarity, oddity, isRecord, usual }: Finding, value: number): string | null => {
  if (rarity === 0) return null;
  if (oddity === null) return `${figure(value)} is beyond all that this series has been before.`;
  const far = `${figure(value)}, where it was ${figure(usual)} ${comparedWith[oddity]}: this series is so far off about ${once(rarity)}`;
  return isRecord ? `${far}; it is a record as well.` : `${far}.`;
};
