import { formatDuration } from "../domain/notify/figures.ts";
import { html, joined, nothing, raw } from "../http/html.ts";
import type { Html } from "../http/html.ts";
import { isoTime } from "../iso-time.ts";
import { lasting, relative } from "./relative.ts";
import type { Tone, Word } from "./words.ts";

export const stateOf = ({ word, tone }: Word): Html => html`<span class="state ${tone}">${word}</span>`;

/** `2026-11-27 15:04:05 UTC`. */
const absolute = (ms: number): string => `${isoTime(ms).slice(0, 19).replace("T", " ")} UTC`;

/** How long ago a moment was, or how far ahead it is; the moment itself is in the title. A live page counts it on. */
export const when = (atMs: number, nowMs: number): Html =>
  html`<time datetime="${isoTime(atMs)}" title="${absolute(atMs)}" data-t="ago">${relative(atMs, nowMs)}</time>`;

/** For how long something has been so; since when is in the title. */
export const since = (atMs: number, nowMs: number): Html =>
  html`<time datetime="${isoTime(atMs)}" title="since ${absolute(atMs)}" data-t="for">${lasting(atMs, nowMs)}</time>`;

/** When a page was made, which a live page keeps up to date; as `clock`. */
export const asOf = (nowMs: number): Html =>
  html`<time datetime="${isoTime(nowMs)}" data-t="as-of">${isoTime(nowMs).slice(0, 19).replace("T", " ")}</time>`;

/** A time of day to the second, with its date in the title. */
export const clock = (atMs: number): Html =>
  html`<time datetime="${isoTime(atMs)}" title="${absolute(atMs)}">${isoTime(atMs).slice(0, 19).replace("T", " ")}</time>`;

/** Minutes, as a length of time. @param us microseconds */
export const length = (us: number): string => (us > 0 && us < 1_000_000 ? "under 1 s" : formatDuration(us / 1_000));

const units = 1_000;

/** A bar beside the figure that it draws, hidden from those who hear the figure. @param share 0 to 1 of the first colour */
export const meter = (share: number, tone: Tone | "one", rest: "track" | "two" = "track"): Html => {
  const width = Math.round(Math.min(1, Math.max(0, share)) * units);
  return html`<svg class="meter" viewBox="0 0 ${units} 10" preserveAspectRatio="none" aria-hidden="true" focusable="false"><rect class="${rest}" width="${units}" height="10"/><rect class="${tone}" width="${width}" height="10"/></svg>`;
};

/** A cell; narrow screens show its label beside it. */
export const cell = (label: string, content: Html | string, isNumber = false): Html =>
  html`<td data-label="${label}"${isNumber ? raw(' class="num"') : ""}><div>${content}</div></td>`;

/** What can be ordered on a page: taken out of it where the page is shown as it was last. Names are escaped, so only we write comments. */
export const ordering = (content: Html): Html => html`${raw("<!--order-->")}${content}${raw("<!--/order-->")}`;
export const ordersOf = /<!--order-->[\s\S]*?<!--\/order-->/g;

type Column = string | { readonly number: string } | { readonly order: string };

const head = (column: Column): Html => {
  if (typeof column === "string") return html`<th scope="col">${column}</th>`;
  return "order" in column ? ordering(html`<th scope="col">${column.order}</th>`) : html`<th scope="col" class="num">${column.number}</th>`;
};

/** A table that a narrow screen shows as a list. @param caption what it lists, for those who do not see it */
export const table = (
  caption: string,
  columns: readonly Column[],
  rows: readonly Html[],
  isSlim = false,
): Html => html`<table class="fold${isSlim ? " slim" : ""}">
<caption>${caption}</caption>
<thead><tr>${columns.map(head)}</tr></thead>
<tbody>
${joined(rows, "\n")}
</tbody>
</table>`;

/** What is said where there is nothing: what that means, and what to do next. */
export const empty = (what: string, next: Html | string): Html => html`<div class="empty"><strong>${what}</strong><p>${next}</p></div>`;

/** The link to the next page, and back to the first. */
export const pages = (path: string, isFirst: boolean, next: string | null): Html =>
  isFirst && next === null
    ? nothing
    : html`<p class="pages">${isFirst ? "" : html`<a href="${path}">First page</a>`}${next === null ? "" : html`<a href="${next}" rel="next">Next page</a>`}</p>`;

export const section = (name: string, title: string, content: Html): Html =>
  html`<section aria-labelledby="${name}"><h2 id="${name}">${title}</h2>\n${content}\n</section>`;

/** Facts, each with its name. */
export const facts = (rows: readonly (readonly [name: string, value: Html | string])[]): Html =>
  html`<dl class="facts">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;

export const note = (tone: "" | "bad" | "warn", content: Html | string, role: "status" | "alert" = "status"): Html =>
  html`<div class="note ${tone}" role="${role}">${content}</div>`;

/** What is wrong with a field, below it. */
export const wrong = (id: string, detail: string | undefined): Html =>
  detail === undefined ? nothing : html`<p class="wrong" id="${id}-wrong">${detail}</p>`;

/** The attributes of a field at fault. */
export const fault = (id: string, detail: string | undefined): Html =>
  detail === undefined ? nothing : html` aria-invalid="true" aria-describedby="${id}-wrong"`;
