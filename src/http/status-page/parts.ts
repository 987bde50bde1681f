import type { DayBar, DayLevel } from "../../domain/publish/days.ts";
import { html, isolated, isolatedLines, joined, nothing, raw } from "../html.ts";
import type { Html } from "../html.ts";
import { statusStyle } from "./style.ts";
import type { IncidentView, ServiceView } from "./view.ts";
import { dayText, dayWords, impactWords, lengthText, moment, serviceWords, standing, stateOf, stateWords } from "./words.ts";

const levelClass: Readonly<Record<DayLevel, string>> = { full: "f", little: "l", much: "m", none: "n" };

/** Ninety bars, each with a title for the mouse. Whoever does not see them has the list below: it says the same in words. */
const bars = (days: readonly DayBar[]): Html =>
  html`<svg class="days" viewBox="0 0 ${4 * days.length - 1} 30" preserveAspectRatio="none" aria-hidden="true" focusable="false">${days.map(
    (one, nth) => html`<rect class="${levelClass[one.level]}" x="${4 * nth}"><title>${dayText(one.day)}: ${dayWords(one)}</title></rect>`,
  )}</svg>`;

type Stretch = { readonly from: DayBar; readonly to: DayBar };

/** Days that were not perfect, the latest first; those one after the other of which the same is said are one. */
const imperfect = (days: readonly DayBar[]): readonly Stretch[] => {
  const stretches: Stretch[] = [];
  for (const one of days) {
    if (dayWords(one) === "100 %") continue;
    const last = stretches.at(-1);
    if (last !== undefined && last.to.day === one.day - 1 && dayWords(last.to) === dayWords(one))
      stretches.splice(-1, 1, { ...last, to: one });
    else stretches.push({ from: one, to: one });
  }
  return stretches.toReversed();
};

const dayTable = (name: string, days: readonly DayBar[]): Html => {
  const rows = imperfect(days);
  if (rows.length === 0) return nothing;
  return html`<details><summary>Days that were not perfect<span class="dim">: ${rows.length === 1 ? "1 entry" : `${rows.length} entries`}</span></summary>
<table><caption>${name}: days with downtime or without data</caption><thead><tr><th scope="col">Day, UTC</th><th scope="col">What was measured</th></tr></thead><tbody>${rows.map(
    ({ from, to }) =>
      html`<tr><th scope="row">${dayText(from.day)}${to === from ? "" : ` to ${dayText(to.day)}`}</th><td>${dayWords(from)}</td></tr>`,
  )}</tbody></table></details>`;
};

const summary = ({ uptime: { percent, downUs, daysWithout, bars: days } }: ServiceView): string => {
  if (percent === null) return `Nothing was measured in ${days.length} days`;
  const down = downUs === 0 ? "no downtime" : `${lengthText(downUs)} down`;
  const without = daysWithout === 0 ? ` in ${days.length} days` : `; ${daysWithout} of ${days.length} days without data`;
  return `${percent} % of the measured time: ${down}${without}`;
};

export const serviceItem = (
  service: ServiceView,
): Html => html`<li><div class="row"><h3>${isolated(service.name)}</h3>${stateOf(serviceWords[service.state])}</div>
${bars(service.uptime.bars)}<p class="dim">${summary(service)}</p>${dayTable(service.name, service.uptime.bars)}</li>`;

const span = ({ impact, startsAtMs, endsAtMs }: IncidentView): Html =>
  endsAtMs === null || impact !== "maintenance" ? html`since ${moment(startsAtMs)}` : html`${moment(startsAtMs)} to ${moment(endsAtMs)}`;

const about = (one: IncidentView): Html => {
  const names = joined(one.serviceNames.map(isolated), ", ");
  const time = one.phase === "over" && one.endsAtMs === null ? moment(one.startsAtMs) : span(one);
  return html`<p class="dim">${impactWords[one.impact]}, ${time}${one.serviceNames.length === 0 ? "" : html`: ${names}`}</p>`;
};

/** An incident with what was written of it, the latest first. */
export const incidentArticle = (
  one: IncidentView,
): Html => html`<article id="i-${one.publicId}"><div class="row"><h3>${isolated(one.title)}</h3>${stateOf(standing(one))}</div>
${about(one)}
<ol>${one.updates
  .toReversed()
  .map(
    ({ id, atMs, state, text }) =>
      html`<li id="u-${id}"><p class="dim"><strong>${stateWords[state]}</strong>, ${moment(atMs)}</p><p>${isolatedLines(text)}</p></li>`,
  )}</ol></article>`;

export const section = (name: string, title: string, content: Html): Html =>
  html`<section aria-labelledby="${name}"><h2 id="${name}">${title}</h2>\n${content}\n</section>\n`;

/** A whole document; it loads nothing and runs nothing. */
export const documentOf = (title: string, head: Html, body: Html): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
${head}<style>${raw(statusStyle)}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`.toString();
