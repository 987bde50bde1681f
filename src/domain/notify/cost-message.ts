import { formatTime } from "./figures.ts";
import type { NotificationKind } from "./kinds.ts";
import type { Facts, Figure, Wording } from "./wording.ts";
import { amount, number, parts, text, words } from "./wording.ts";

/** What is told of costs that are odd, and of what is paid for without being used. */
export type CostKind = Extract<NotificationKind, `cost.${string}` | `zombie.${string}`>;

export const isOfCosts = (kind: NotificationKind): kind is CostKind => kind.startsWith("cost.") || kind.startsWith("zombie.");

/** Where people see, and decide about, all of it. */
export const costPath = "/console/cost";

const byteUnits = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** To three digits: `1.24 TB`. */
export const bytesText = (bytes: number): string => {
  const power = Math.min(byteUnits.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return `${Number((bytes / 1_000 ** power).toPrecision(3))} ${byteUnits[power]}`;
};

/** What is beyond all exact sums is a mistake of whoever sent it, and is told no less: a message that can not be made would keep back all others. */
const money = (cents: number): string => {
  const whole = Math.round(cents);
  return Number.isSafeInteger(whole) ? amount({ cents: whole }, "cents") : `${(cents / 100).toPrecision(3)} USD`;
};

/** A value of a series, in its unit. */
const valueOf = (f: Facts, name: string): string | null => {
  const value = number(f, name);
  if (value === null) return null;
  const unit = text(f, "unit");
  if (unit === "bytes") return bytesText(value);
  if (unit === "calls") return `${Math.round(value)} calls`;
  return money(value);
};

const perHour = (f: Facts, name: string): string | null => {
  const value = valueOf(f, name);
  return value === null ? null : `${value} an hour`;
};

/** `downloads on fastly`, `ec2:instance in 123456789012`. */
const seriesOf = (f: Facts): string => {
  const service = text(f, "service");
  if (service !== null) return `${service} on ${text(f, "cdn") ?? "all CDNs"}`;
  const account = text(f, "account");
  return `${text(f, "resourceType") ?? "a series"}${account === null ? "" : ` in ${account}`}`;
};

const hoursOf = (f: Facts): string => {
  const hours = number(f, "hours") ?? 1;
  return hours === 1 ? "one hour" : `${hours} hours`;
};

const span = (f: Facts): string | null => {
  const [first, last] = [number(f, "firstHourMs"), number(f, "lastHourMs")];
  if (first === null || last === null) return null;
  return first === last ? formatTime(first) : `${formatTime(first)} to ${formatTime(last)} (${hoursOf(f)})`;
};

/** Of what was told of before: how urgent it was then. */
const since = (f: Facts): string => {
  const [was, now] = [text(f, "was"), text(f, "severity") ?? "odd"];
  if (was === null) return "";
  return was === now ? `, still ${now}` : `, ${now} now and ${was} before`;
};

/** Of more than are told one by one: how many were within an hour. */
const mostTold = (f: Facts): number | null => number(f, "mostTold");

const headline = (f: Facts): string => {
  const usual = valueOf(f, "usual");
  return `${seriesOf(f)}: ${perHour(f, "value") ?? "a value"}${usual === null ? " is odd" : `, where ${usual} is usual`}${since(f)}`;
};

const waste = (f: Facts): string | null => {
  const cents = number(f, "wasteCents");
  return cents === null ? null : `${money(cents)} a month`;
};

const sum = (all: readonly Facts[], name: string): number => all.reduce((total, f) => total + (number(f, name) ?? 0), 0);

/** What all of it costs a month, as far as that is known. */
const wasteOfAll = (all: readonly Facts[]): string => {
  const [found, unpriced] = [sum(all, "found"), sum(all, "unpriced")];
  if (unpriced === found) return "What that costs is not known.";
  const known = `That costs ${money(sum(all, "wasteCents"))} a month`;
  return unpriced === 0 ? `${known}.` : `${known}, without the ${unpriced} whose price is not known.`;
};

const resource = (f: Facts): string => text(f, "resource") ?? "something";
const insurance = (f: Facts): string => text(f, "service") ?? resource(f);
/** `volume-unattached` is read as words. */
const rule = (f: Facts): string => (text(f, "rule") ?? "idle").replaceAll("-", " ");

/** One that is a matter of its own has no list. */
const isAlone = (f: Facts): boolean => text(f, "resource") !== null;

/** What each message of costs says. */
export const costWordings: Readonly<Record<CostKind, Wording>> = {
  "cost.anomaly": (f) =>
    mostTold(f) === null
      ? words(headline(f), text(f, "explanation") ?? "It is far from what is usual.")
      : words(
          "More costs are odd than are told one by one",
          `${mostTold(f)} of them were told within an hour. All that is odd is in the console; of what else is found now nothing is told one by one.`,
        ),
  "cost.resolved": (f) => {
    if (mostTold(f) !== null)
      return words("Nothing is odd any more that was not told one by one", "Those costs are usual again, or somebody has seen to them.");
    const actor = text(f, "actor");
    const note = text(f, "note");
    return words(
      `${seriesOf(f)}: the cost is no longer odd`,
      actor === null ? `It was for ${hoursOf(f)}, and is usual again.` : `Resolved by ${actor}${note === null ? "." : `: ${note}`}`,
    );
  },
  "zombie.found": (f, _count, all) => {
    if (isAlone(f)) return words(`Insurance that would not pay: ${insurance(f)}`, text(f, "reason") ?? "Its backup does not answer.");
    const found = sum(all, "found");
    const [first] = parts(f, "listed");
    return found === 1 && first !== undefined
      ? words(`${resource(first)} idles`, `${text(first, "reason") ?? "It is not used."} ${wasteOfAll(all)}`)
      : words(`${found} resources idle`, `It is paid for, or kept, without being used. ${wasteOfAll(all)}`);
  },
  "zombie.gone": (f) => {
    const actor = text(f, "actor");
    if (!isAlone(f))
      return words(
        "Nothing idles any more",
        (number(f, "dismissed") ?? 0) > 0
          ? "The last of what idled is dismissed, as it is meant to be so."
          : "The last of what idled is used again, or gone.",
      );
    const note = text(f, "note");
    return actor === null
      ? words(`No longer insurance that would not pay: ${insurance(f)}`, "Its backup answers, carries traffic, or is gone.")
      : words(`Dismissed: the backup of ${insurance(f)}`, `It is meant to be so, says ${actor}${note === null ? "." : `: ${note}`}`);
  },
};

const ofAnomaly: readonly Figure[] = [
  ["Service", (f) => text(f, "service")],
  ["CDN", (f) => (text(f, "service") === null ? null : (text(f, "cdn") ?? "all of them"))],
  ["Account", (f) => text(f, "account")],
  ["Of", (f) => (text(f, "service") === null ? text(f, "resourceType") : null)],
  ["Worst hour", (f) => perHour(f, "value")],
  ["Usual", (f) => (mostTold(f) === null ? (perHour(f, "usual") ?? "not known") : null)],
  ["Score", (f) => (number(f, "score") === null ? null : `${Number((number(f, "score") ?? 0).toFixed(1))} of 100`)],
  ["Odd", span],
];

/** `vol-0abc1234 in 123456789012, 8.00 USD a month: volume unattached`. */
const line = (f: Facts): string => {
  const account = text(f, "account");
  return `${resource(f)}${account === null ? "" : ` in ${account}`}, ${waste(f) ?? "price unknown"}: ${rule(f)}`;
};

/** How many of them are listed, by their waste. */
const listed = ["First", "Second", "Third", "Fourth", "Fifth", "Sixth"] as const;

const ofZombies: readonly Figure[] = [
  ["Service", (f) => text(f, "service")],
  ["Account", (f) => text(f, "account")],
  ["Resource", (f) => text(f, "resource")],
  ["Idle since", (f) => (number(f, "sinceMs") === null ? null : formatTime(number(f, "sinceMs") ?? 0))],
  ["Waste", (f) => (isAlone(f) ? (waste(f) ?? "not known") : null)],
  ["Remedy", (f) => text(f, "remedy") ?? (parts(f, "listed").length === 1 ? text(parts(f, "listed")[0] ?? {}, "remedy") : null)],
  ...listed.map((label, index): Figure => [
    label,
    (f) => {
      const one = parts(f, "listed")[index];
      return one === undefined ? null : line(one);
    },
  ]),
];

/** The figures of each message, in the order in which they are read. */
export const costFigures: Readonly<Record<CostKind, readonly Figure[]>> = {
  "cost.anomaly": ofAnomaly,
  "cost.resolved": ofAnomaly,
  "zombie.found": ofZombies,
  "zombie.gone": [
    ["Service", (f) => text(f, "service")],
    ["Resource", (f) => text(f, "resource")],
    ["Gone", (f) => (isAlone(f) ? null : String(number(f, "gone") ?? 0))],
  ],
};
