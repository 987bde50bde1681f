import { currencyExponent, formatMinor } from "../billing/currency.ts";

/** What a notification's trigger wrote, read with care: another version may have written it. */
export type Facts = Readonly<Record<string, unknown>>;

export const text = (facts: Facts, name: string): string | null => {
  const value = facts[name];
  return typeof value === "string" && value !== "" ? value : null;
};
export const number = (facts: Facts, name: string): number | null => {
  const value = facts[name];
  return typeof value === "number" ? value : null;
};
export const list = (facts: Facts, name: string): readonly string[] => {
  const value = facts[name];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
};
/** The object under a name, or those of a list. */
export const parts = (facts: Facts, name: string): readonly Facts[] => {
  const value = facts[name];
  return (Array.isArray(value) ? value : [value]).filter((item): item is Facts => typeof item === "object" && item !== null);
};

export const service = (facts: Facts): string => text(facts, "service") ?? "a service";
export const amount = (facts: Facts, name: string): string => {
  const currency = text(facts, "currency") ?? "USD";
  return `${formatMinor(number(facts, name) ?? 0, currencyExponent(currency) ?? 2)} ${currency}`;
};

export type Words = { readonly title: string; readonly summary: string };
export const words = (title: string, summary: string): Words => ({ title, summary });

/** What is said of the newest of its kind. @param all the facts of all that are told at once, the newest last */
export type Wording = (facts: Facts, count: number, all: readonly Facts[]) => Words;

/** A figure that is shown where it is known. */
export type Figure = readonly [label: string, value: (facts: Facts) => string | null];
