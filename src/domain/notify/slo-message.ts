import { percentOf } from "../slo/figures.ts";
import { lookBacks, lookBackUs } from "../slo/look-back.ts";
import type { BurnWindow } from "../slo/look-back.ts";
import { formatDuration } from "./figures.ts";
import type { Notification } from "./incident.ts";
import type { NotificationKind } from "./kinds.ts";
import type { Facts, Figure, Wording } from "./wording.ts";
import { amount, number, parts, service, text, words } from "./wording.ts";

/** What is told of objectives, and of a week of them. */
export type SloKind = Extract<NotificationKind, `slo.${string}` | `digest.${string}`>;

export const isOfObjectives = (kind: NotificationKind): kind is SloKind => kind.startsWith("slo.") || kind.startsWith("digest.");

/** To two significant decimals under 10, else to one; without a fraction where there is none. */
const rounded = (value: number): string => String(Number(value.toFixed(Math.abs(value) < 10 ? 2 : 1)));

/** `43.2 min`: what an SRE compares budgets in. @param us microseconds */
const minutes = (us: number): string => `${rounded(us / 60_000_000)} min`;

/** Rounded down, so that nothing is shown as spent, or met, before it is. */
const percent = (part: number, whole: number): string => {
  const exact = percentOf(Math.round(part), Math.round(whole));
  return exact === null ? "?" : `${Math.floor(exact * 10) / 10} %`;
};

const objective = (f: Facts): string => text(f, "objective") ?? "an objective";

/** `99.9 % over 30 days`. */
const promise = (f: Facts): string => {
  const days = number(f, "windowDays");
  const over = days === null ? `a calendar ${text(f, "calendar") ?? "month"}` : days === 1 ? "a day" : `${days} days`;
  return `${number(f, "target") ?? "?"} % over ${over}`;
};

type Spending = { readonly allowedUs: number; readonly consumedUs: number };

/** Null: it is not known, as of an objective that was deleted. */
const spending = (f: Facts): Spending | null => {
  const [allowedUs, consumedUs] = [number(f, "allowedUs"), number(f, "consumedUs")];
  return allowedUs === null || consumedUs === null ? null : { allowedUs, consumedUs };
};

const spent = ({ allowedUs, consumedUs }: Spending): string =>
  `${minutes(consumedUs)} of ${minutes(allowedUs)} (${percent(consumedUs, allowedUs)})`;

const left = ({ allowedUs, consumedUs }: Spending): string =>
  consumedUs > allowedUs
    ? `none, overspent by ${minutes(consumedUs - allowedUs)}`
    : `${minutes(allowedUs - consumedUs)} (${percent(allowedUs - consumedUs, allowedUs)})`;

const budgetNow = (f: Facts): string => {
  const budget = spending(f);
  if (budget === null) return "";
  const { allowedUs, consumedUs } = budget;
  return consumedUs > allowedUs
    ? `${spent(budget)} of downtime are spent: ${minutes(consumedUs - allowedUs)} too much.`
    : `${spent(budget)} of downtime are spent, ${left(budget)} are left.`;
};

/** The look-backs of an alert of burn, the long one first. */
const windows: Readonly<Record<string, readonly [BurnWindow, BurnWindow?]>> = {
  "1h": ["1h", "5m"],
  "6h": ["6h", "30m"],
  "3d": ["3d", "6h"],
  fast_burn: ["1h"],
};

/** How far a look-back reaches: in a window under seven days less than its name. */
const lengthOf = (f: Facts, name: BurnWindow): string => {
  const days = number(f, "windowDays");
  const us = days === null ? lookBacks.find((one) => one.name === name)?.us : lookBackUs({ window: { days } }, name);
  return formatDuration((us ?? 0) / 1_000);
};

const times = (burn: number | null): string => (burn === null ? "an unknown number of" : rounded(burn));

const burning = (f: Facts): string => {
  const [long, short] = windows[text(f, "alert") ?? ""] ?? ["1h" as const];
  const longText = `${times(number(f, "burn"))} times over ${lengthOf(f, long)}`;
  return short === undefined ? longText : `${longText}, ${times(number(f, "shortBurn"))} times over ${lengthOf(f, short)}`;
};

const isOfBudget = (f: Facts): boolean => (text(f, "alert") ?? "").startsWith("budget_");

const achievements: Readonly<Record<string, string>> = {
  first_steps: "its first objective",
  full_coverage: "every domain is under an objective",
  iron_uptime: "7 good days in a row",
  diamond_uptime: "30 good days in a row",
  nines_club: "99.99 % or more over a full window",
  budget_miser: "90 % of the budget left after a full window",
  clean_sheet: "no downtime in a full window",
  cascade_breaker: "upstreams failed, and none of it was the service's own",
  rapid_recovery: "an outage was over within 5 minutes, because visitors were moved",
};
const achievement = (f: Facts): string => achievements[text(f, "achievement") ?? ""] ?? text(f, "achievement") ?? "something";

const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

const states = (f: Facts): string => {
  const [of = {}] = parts(f, "states");
  const told = [
    ["breaching", "breaching"],
    ["degraded", "in an outage"],
    ["at_risk", "at risk"],
    ["healthy", "healthy"],
    ["insufficient_data", "with too little data"],
  ].flatMap(([name = "", standing = ""]) => ((number(of, name) ?? 0) > 0 ? [`${number(of, name)} ${standing}`] : []));
  return told.join(", ");
};

const stateWords: Readonly<Record<string, string>> = {
  breaching: "breaching",
  degraded: "in an outage",
  at_risk: "at risk",
  healthy: "healthy",
};

/** `downloads, availability: breaching, 3 min more than its budget; 12 min down that week`. */
const ranked = (f: Facts): string => {
  const remainingUs = number(f, "remainingUs") ?? 0;
  const standing =
    remainingUs < 0
      ? `${minutes(-remainingUs)} over its budget`
      : `${minutes(remainingUs)} (${Math.floor((number(f, "remainingPercent") ?? 0) * 10) / 10} %) left`;
  const availability = number(f, "availability");
  const promised = `${availability === null ? "?" : availability} % of ${number(f, "target") ?? "?"} %`;
  const down = number(f, "weekDownUs") ?? 0;
  return `${service(f)}, ${text(f, "name") ?? "an objective"}: ${stateWords[text(f, "state") ?? ""] ?? "?"}, ${promised}, ${standing}${down > 0 ? `; ${minutes(down)} down that week` : ""}`;
};

const ordinals = ["", "second ", "third "] as const;
const capital = (said: string): string => `${said.charAt(0).toUpperCase()}${said.slice(1)}`;

/** One line for each of the best, or the worst. */
const rankedFigures = (name: "best" | "worst"): readonly Figure[] =>
  ordinals.map((nth, index) => [
    capital(`${nth}${name}`),
    (f) => {
      const one = parts(f, name)[index];
      return one === undefined ? null : ranked(one);
    },
  ]);

/** What switching avoided, and what that would have cost where it is known. */
const avoided = (f: Facts): string => {
  const length = minutes(number(f, "avoidedUs") ?? 0);
  return number(f, "avoidedCents") === null ? length : `${length}, worth ${amount(f, "avoidedCents")}`;
};

/** What each message of objectives says; in minutes wherever there are percents. */
export const sloWordings: Readonly<Record<SloKind, Wording>> = {
  "slo.burn": (f) =>
    isOfBudget(f)
      ? words(
          `${service(f)} has spent ${number(f, "threshold") ?? "?"} % of its error budget: ${objective(f)}`,
          `The objective is ${promise(f)}. ${budgetNow(f)}`,
        )
      : words(
          `${service(f)} spends its error budget ${times(number(f, "burn"))} times as fast as it lasts: ${objective(f)}`,
          `It was ${burning(f)}; the objective is ${promise(f)}. ${budgetNow(f)}`,
        ),
  "slo.exhausted": (f) =>
    words(`${service(f)} has no error budget left: ${objective(f)}`, `The objective is ${promise(f)}. ${budgetNow(f)}`),
  "slo.resolved": (f) => {
    if (text(f, "reason") === "objective_deleted")
      return words(`${service(f)} has one objective less: ${objective(f)}`, "It was deleted, and its alert is closed with it.");
    if (text(f, "alert") === "exhausted") return words(`${service(f)} has error budget again: ${objective(f)}`, budgetNow(f));
    return isOfBudget(f)
      ? words(
          `${service(f)} has spent less than ${number(f, "threshold") ?? "?"} % of its error budget again: ${objective(f)}`,
          budgetNow(f),
        )
      : words(
          `${service(f)} no longer spends its error budget faster than it lasts: ${objective(f)}`,
          `It is ${burning(f)}. ${budgetNow(f)}`,
        );
  },
  "slo.streak_broken": (f) => {
    const down = number(f, "dayDownUs") ?? 0;
    return words(
      `After ${counted(number(f, "days") ?? 0, "good day")} in a row: ${service(f)}, ${objective(f)}`,
      `${text(f, "day") ?? "A day"} was not a good one: ${down > 0 ? `it had ${minutes(down)} of downtime` : "without downtime of its own it ended in an outage, or with the budget overspent"}. The objective is ${promise(f)}.`,
    );
  },
  "slo.achievement": (f, count, all) =>
    count > 1
      ? words(`${service(f)} has achieved ${count} things`, `${capital(all.map(achievement).join("; "))}.`)
      : words(`${service(f)}: ${achievement(f)}`, `Achieved on ${text(f, "day") ?? "a day"}, and kept: ${text(f, "achievement") ?? "?"}.`),
  "digest.weekly": (f) => {
    const objectives = number(f, "objectives") ?? 0;
    const storms = number(f, "storms") ?? 0;
    const told = objectives === 0 ? counted(storms, "storm") : `${counted(objectives, "objective")}: ${states(f)}`;
    return words(
      `Week ${text(f, "week") ?? "?"}, ${told}`,
      [
        `${capital(counted(storms, "storm"))} and ${counted(number(f, "switches") ?? 0, "switch", "switches")} in the week.`,
        (number(f, "avoidedUs") ?? 0) > 0 ? `Downtime that was avoided by them: ${avoided(f)}.` : "",
        (number(f, "discountCents") ?? 0) > 0 ? `Storms take ${amount(f, "discountCents")} off the bill.` : "",
      ]
        .filter((sentence) => sentence !== "")
        .join(" "),
    );
  },
};

const ofObjective: readonly Figure[] = [
  ["Service", (f) => text(f, "service")],
  ["Objective", (f) => `${objective(f)}: ${promise(f)}`],
];

/** When the alert fires: `14.4 times in both`. */
const alarm = (f: Facts): string | null => {
  const [alert, threshold] = [text(f, "alert") ?? "", number(f, "threshold")];
  if (threshold === null) return null;
  const look = windows[alert];
  if (look === undefined) return `${threshold} % spent`;
  return look.length > 1 ? `more than ${threshold} times in both` : `${threshold} times or more`;
};

const ofBudget = (of: (budget: Spending) => string) => (f: Facts) => {
  const budget = spending(f);
  return budget === null ? null : of(budget);
};

const ofAlert: readonly Figure[] = [
  ...ofObjective,
  ["Alert", (f) => text(f, "alert")],
  ["Fires at", alarm],
  ["Burn", (f) => (number(f, "burn") === null ? null : burning(f))],
  ["Spent", ofBudget(spent)],
  ["Left", ofBudget(left)],
  ["Downtime, all", (f) => (number(f, "downUs") === null ? null : minutes(number(f, "downUs") ?? 0))],
];

/** The figures of each message, in the order in which they are read. */
export const sloFigures: Readonly<Record<SloKind, readonly Figure[]>> = {
  "slo.burn": ofAlert,
  "slo.exhausted": ofAlert,
  "slo.resolved": ofAlert,
  "slo.streak_broken": [...ofObjective, ["Day", (f) => text(f, "day")], ["Downtime that day", (f) => minutes(number(f, "dayDownUs") ?? 0)]],
  "slo.achievement": [
    ["Service", (f) => text(f, "service")],
    ["Objective", (f) => text(f, "objective")],
    ["Day", (f) => text(f, "day")],
  ],
  "digest.weekly": [
    ["Objectives", (f) => ((number(f, "objectives") ?? 0) === 0 ? null : states(f))],
    ...rankedFigures("worst"),
    ...rankedFigures("best"),
    ["Storms", (f) => String(number(f, "storms") ?? 0)],
    ["Switches", (f) => String(number(f, "switches") ?? 0)],
    ["Downtime avoided", avoided],
    ["Discount earned", (f) => amount(f, "discountCents")],
  ],
};

/** Where the API tells more; null: nowhere any more. */
export const sloPath = (kind: SloKind, { serviceId, facts }: Notification): string | null => {
  if (kind === "digest.weekly") return text(facts, "week") === null ? null : `/v1/digests/${text(facts, "week")}`;
  if (kind === "slo.achievement") return "/v1/achievements";
  const objectiveId = number(facts, "objectiveId");
  return serviceId === null || objectiveId === null || text(facts, "reason") === "objective_deleted"
    ? null
    : `/v1/services/${serviceId}/objectives/${objectiveId}`;
};
