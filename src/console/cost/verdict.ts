import type { SeriesUnit } from "../../adapters/ports/cost/anomalies.ts";
import { number, parts, text } from "../../domain/notify/wording.ts";
import type { Facts } from "../../domain/notify/wording.ts";
import { isolated, nothing } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { facts, section } from "../parts.ts";
import { valueText } from "./figures.ts";

const isFacts = (value: unknown): value is Facts => typeof value === "object" && value !== null && !Array.isArray(value);

const figure = (value: number): string => String(Number(value.toPrecision(3)));

type Row = readonly [name: string, value: Html | string];

/** A row where the figure is known. */
const row = (name: string, value: number | null, says: (value: number) => string): readonly Row[] =>
  value === null ? [] : [[name, says(value)]];

const named = (name: string, value: string | null): readonly Row[] => (value === null ? [] : [[name, isolated(value)]]);

/** What is usual: by how many values of which kind, and how far they are apart. */
const ofUsual = (usual: Facts, unit: SeriesUnit): readonly Row[] => {
  const [basis, count] = [text(usual, "basis"), number(usual, "count")];
  return [
    ...row("Usual", number(usual, "mean"), (mean) => valueText(mean, unit)),
    ...row("Standard deviation", number(usual, "deviation"), (deviation) => valueText(deviation, unit)),
    ...(basis === null || count === null
      ? []
      : [
          [
            "Compared with",
            `${count} values of ${basis === "cold" ? "a new series" : `the ${basis.replace(/^all hours$/, "whole series")}`}`,
          ] as const,
        ]),
  ];
};

const rows = (verdict: Facts, unit: SeriesUnit): readonly Row[] => {
  const [usual = {}] = parts(verdict, "usual");
  const [finding = {}] = parts(verdict, "finding");
  return [
    ...ofUsual(usual, unit),
    ...row("Distance", number(verdict, "z"), (z) => `${figure(z)} deviations`),
    ...row("Against the hour before", number(verdict, "timesTheHourBefore"), (times) => `${figure(times)} times`),
    ...row("Rising", number(verdict, "risingHours"), (hours) => (hours === 1 ? "for 1 hour" : `for ${hours} hours`)),
    ...named("Never seen here before", text(verdict, "newActor")),
    ...named("New resource", text(verdict, "newResource")),
    ...row("Rarity", number(finding, "rarity"), (rarity) => `about once in 10^${figure(rarity)} values`),
    ...row("Would have been usual", number(finding, "usual"), (value) => valueText(value, unit)),
    ...(finding["isRecord"] === true ? [["Record", "beyond all values before"] as const] : []),
  ];
};

/** The figures that made a score, those that are known: another version may have written them. */
export const verdictFacts = (figures: unknown, unit: SeriesUnit): Html => {
  const known = isFacts(figures) ? rows(figures, unit) : [];
  return known.length === 0 ? nothing : section("figures", "What made its worst hour odd", facts(known));
};
