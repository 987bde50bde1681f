import { formatDuration } from "../../domain/notify/figures.ts";
import type { Banner } from "../../domain/publish/banner.ts";
import type { DayBar } from "../../domain/publish/days.ts";
import type { Impact, IncidentState, Phase } from "../../domain/publish/incident.ts";
import { isoTime } from "../../iso-time.ts";
import { html } from "../html.ts";
import type { Html } from "../html.ts";
import type { PageView, ShownState } from "./view.ts";

/** A word with the shape and colour that say the same. */
type Word = { readonly word: string; readonly tone: "ok" | "warn" | "bad" | "plan" | "off" };

export const bannerWords: Readonly<Record<Banner, Word>> = {
  operational: { word: "All services are well", tone: "ok" },
  affected: { word: "Some services are affected", tone: "warn" },
  major: { word: "Major outage", tone: "bad" },
  maintenance: { word: "Maintenance is under way", tone: "plan" },
  no_data: { word: "No data", tone: "off" },
};

export const serviceWords: Readonly<Record<ShownState, Word>> = {
  up: { word: "Operational", tone: "ok" },
  down: { word: "Down", tone: "bad" },
  maintenance: { word: "Under maintenance", tone: "plan" },
  unknown: { word: "No data", tone: "off" },
};

export const impactWords: Readonly<Record<Impact, string>> = {
  minor: "Minor impact",
  major: "Major impact",
  critical: "Critical impact",
  maintenance: "Maintenance",
};

export const stateWords: Readonly<Record<IncidentState, string>> = {
  investigating: "Investigating",
  identified: "Identified",
  monitoring: "Monitoring",
  scheduled: "Scheduled",
  resolved: "Resolved",
};

/** How an incident stands: as written, but that maintenance goes by the clock. */
export const standing = ({
  impact,
  state,
  phase,
}: {
  readonly impact: Impact;
  readonly state: IncidentState;
  readonly phase: Phase;
}): Word => {
  if (phase === "over") return { word: impact === "maintenance" ? "Completed" : "Resolved", tone: "ok" };
  if (phase === "scheduled") return { word: "Planned", tone: "plan" };
  if (impact === "maintenance") return { word: "In progress", tone: "plan" };
  return { word: stateWords[state], tone: impact === "critical" ? "bad" : "warn" };
};

export const stateOf = ({ word, tone }: Word): Html => html`<span class="state ${tone}">${word}</span>`;

/** `2026-11-27 15:04 UTC`, by the minute; the second is in the title. */
export const moment = (atMs: number): Html => {
  const text = isoTime(atMs).slice(0, 19).replace("T", " ");
  return html`<time datetime="${isoTime(atMs)}" title="${text} UTC">${text.slice(0, 16)} UTC</time>`;
};

/** `2026-11-27`. @param day days since 1970-01-01 */
export const dayText = (day: number): string => isoTime(day * 86_400_000).slice(0, 10);

/** Microseconds as a length of time. */
export const lengthText = (us: number): string => (us > 0 && us < 1_000_000 ? "under 1 s" : formatDuration(us / 1_000));

/** What a day was, in words. */
export const dayWords = ({ level, percent, downUs, unmeasuredUs }: DayBar): string => {
  // A round or two are missed here and there.
  const unmeasured = unmeasuredUs >= 600_000_000 ? `, ${lengthText(unmeasuredUs)} not measured` : "";
  if (percent === null) return "no data";
  if (level === "none") return `too little data${unmeasured}`;
  return downUs === 0 ? `100 %${unmeasured}` : `${percent} %, ${lengthText(downUs)} down${unmeasured}`;
};

const count = (some: number, all: number): string =>
  some === all ? (all === 1 ? "The service" : `All ${all} services`) : `${some} of ${all} services`;
const be = (some: number): string => (some === 1 ? "is" : "are");

/** What stands below the banner: how many services are how. */
export const bannerNote = ({ services }: PageView): string => {
  const of = (state: ShownState): number => services.filter((one) => one.state === state).length;
  const [down, unknown, all] = [of("down"), of("unknown"), services.length];
  if (all === 0) return "No services are listed here yet.";
  return [
    ...(down > 0 ? [`${count(down, all)} ${be(down)} down for visitors.`] : []),
    ...(unknown > 0
      ? [`${count(unknown, all)} ${be(unknown)} not measured now: nobody knows how ${unknown === 1 ? "it is" : "they are"}.`]
      : []),
  ].join(" ");
};
