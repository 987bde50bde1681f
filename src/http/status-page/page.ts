import type { PublishedMonth, PublishedPage, Snapshot } from "../../adapters/ports/publish/status-pages.ts";
import { recentDays } from "../../domain/publish/incident.ts";
import { formatDuration } from "../../domain/notify/figures.ts";
import { html, isolated, joined, nothing } from "../html.ts";
import type { Html } from "../html.ts";
import { neighbours } from "./months.ts";
import type { Month } from "./months.ts";
import { documentOf, incidentArticle, section, serviceItem } from "./parts.ts";
import { incidentViews, presentMs, viewOf } from "./view.ts";
import type { IncidentView } from "./view.ts";
import { bannerNote, bannerWords, moment, stateOf } from "./words.ts";

const feedLinks = (path: string): Html => html`<link rel="alternate" type="application/rss+xml" title="RSS" href="${path}/feed.rss">
<link rel="alternate" type="application/feed+json" title="JSON Feed" href="${path}/feed.json">
`;

/** What is said where nothing newer could be read than some time ago. */
const staleNote = (atMs: number, failedAtMs: number | null): Html =>
  failedAtMs === null
    ? nothing
    : html`<div class="note" role="alert"><p>This is what was known at ${moment(atMs)}, ${formatDuration(Math.max(0, failedAtMs - atMs))} before the last attempt to read more. Nothing newer can be read at the moment.</p></div>\n`;

const foot = (path: string, atMs: number, more: Html): Html =>
  html`<footer><span>As of ${moment(atMs)}. Days are UTC; percentages are of the time that was measured.</span>${more}<a href="${path}/feed.rss">RSS</a> <a href="${path}/feed.json">JSON Feed</a></footer>`;

const list = (incidents: readonly IncidentView[]): Html => joined(incidents.map(incidentArticle), "\n");

/** The page of a customer. */
export const statusPage = (known: Pick<Snapshot<PublishedPage>, "value" | "failedAtMs">): string => {
  const view = viewOf(known);
  const { slug, title, atMs, banner, services, active, scheduled, recent } = view;
  const path = `/status/${slug}`;
  const words = bannerWords[banner];
  const note = bannerNote(view);
  const body = html`<h1>${isolated(title)}</h1>
<div class="banner ${words.tone}">${stateOf(words)}${note === "" ? "" : html`<p>${note}</p>`}</div>
${staleNote(atMs, known.failedAtMs)}${active.length === 0 ? "" : section("now", "Now", list(active))}${scheduled.length === 0 ? "" : section("planned", "Planned maintenance", list(scheduled))}${services.length === 0 ? "" : section("services", "Services", html`<ul class="services">${services.map(serviceItem)}</ul>`)}${section(
    "recent",
    `Incidents of the last ${recentDays} days`,
    recent.length === 0 ? html`<p class="none">${active.length === 0 ? "None." : "None that is over."}</p>` : list(recent),
  )}${view.isCut ? html`<p class="none">There are more than fit here: the history has them month by month.</p>` : ""}
${foot(path, atMs, html`<a href="${path}/history">History</a> `)}`;
  return documentOf(title, feedLinks(path), body);
};

/** What was written of a month. */
export const historyPage = (snapshot: Pick<Snapshot<PublishedMonth>, "value" | "failedAtMs">, month: Month): string => {
  const { slug, title, atMs, incidents, services, isCut } = snapshot.value;
  const path = `/status/${slug}`;
  const views = incidentViews(incidents, services, presentMs(snapshot));
  const { before, after } = neighbours(month, snapshot.value);
  const links = [
    html`<a href="${path}">The present</a>`,
    ...(before === null ? [] : [html`<a href="${path}/history?month=${before.text}" rel="prev">${before.text}</a>`]),
    ...(after === null ? [] : [html`<a href="${path}/history?month=${after.text}" rel="next">${after.text}</a>`]),
  ];
  const body = html`<h1>${isolated(title)}</h1>
${staleNote(atMs, snapshot.failedAtMs)}${section("month", `Incidents of ${month.text}`, views.length === 0 ? html`<p class="none">None began in this month.</p>` : list(views))}
${isCut ? html`<p class="none">There are more than fit here.</p>` : ""}
${foot(path, atMs, html`${joined(links, " ")} `)}`;
  return documentOf(`${title}: ${month.text}`, feedLinks(path), body);
};

/** The page of every name without a page, whether it is switched off or never was. */
export const noStatusPage = documentOf(
  "No such status page",
  nothing,
  html`<h1>There is no status page here</h1>
<p class="none">The address may be mistyped, or the page was switched off.</p>`,
);

/** Where nothing is known of a page and nothing can be read. */
export const awayPage = documentOf(
  "Status unknown",
  nothing,
  html`<h1>The status cannot be read at the moment</h1>
<div class="banner off"><span class="state off">No data</span><p>This says nothing about the services themselves. Try again in half a minute.</p></div>`,
);
