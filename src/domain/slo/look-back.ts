import type { ObjectiveTerms } from "./objective.ts";

/** The look-backs of burn alerts, named by their length in a window of seven days or more. */
export type BurnWindow = "5m" | "30m" | "1h" | "6h" | "3d";

/** Each a multiple of 30 microseconds, so that it scales exactly. */
export const lookBacks: readonly { readonly name: BurnWindow; readonly us: number }[] = [
  { name: "5m", us: 300_000_000 },
  { name: "30m", us: 1_800_000_000 },
  { name: "1h", us: 3_600_000_000 },
  { name: "6h", us: 21_600_000_000 },
  { name: "3d", us: 259_200_000_000 },
];

const lengths = new Map(lookBacks.map(({ name, us }) => [name, us]));

/** Days of a rolling window that is so short that its look-backs are, too; null: it is not. */
const shortDays = ({ window }: Pick<ObjectiveTerms, "window">): number | null => ("days" in window && window.days < 7 ? window.days : null);

/** How far a look-back reaches, microseconds: in a window under seven days as much less as that is shorter than 30. */
export const lookBackUs = (terms: Pick<ObjectiveTerms, "window">, name: BurnWindow): number =>
  ((lengths.get(name) ?? 0) / 30) * (shortDays(terms) ?? 30);

/** By how many days burn factors scale: those of the window, or 30 where the look-backs scale instead. */
export const factorDays = (terms: Pick<ObjectiveTerms, "window">, windowDays: number): number =>
  shortDays(terms) === null ? windowDays : 30;
