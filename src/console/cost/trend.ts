import type { SeriesUnit } from "../../adapters/ports/cost/anomalies.ts";
import type { CostTrendHour } from "../../adapters/ports/cost/series.ts";
import { AppError } from "../../errors.ts";
import type { AppContext } from "../../http/env.ts";
import { html, nothing } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { isoTime } from "../../iso-time.ts";
import { keeps } from "../fragment.ts";
import { cell, empty, section, stateOf, table } from "../parts.ts";
import { valueText } from "./figures.ts";
import { hourMs, trendChart, trendLegend } from "./trend-chart.ts";
import type { Trend } from "./trend-chart.ts";
import { severityWords } from "./words.ts";

const dayMs = 24 * hourMs;

/** The spans that a press chooses, each until now. */
const spans = { "24h": ["24 h", dayMs], "7d": ["7 d", 7 * dayMs], "35d": ["35 d", 35 * dayMs] } as const;

type SpanName = keyof typeof spans;

/** What a trend shows: whole hours. `name` null: it is not chosen by a press, and of the past. */
export type TrendSpan = { readonly name: SpanName | null; readonly fromMs: number; readonly toMs: number };

const isSpan = (text: string): text is SpanName => Object.hasOwn(spans, text);

/** The span that a request asks for, of hours that are over, and the one that is now. @throws AppError `bad_request` for one that is none */
export const trendSpanOf = (c: AppContext, nowMs: number): TrendSpan => {
  const name = c.req.query("span") ?? "7d";
  if (!isSpan(name)) {
    const detail = `must be one of ${Object.keys(spans).join(", ")}`;
    throw new AppError("bad_request", "the query is not valid", { fields: [{ pointer: "span", detail }] });
  }
  const toMs = Math.ceil(nowMs / hourMs) * hourMs;
  return { name, fromMs: Math.floor(nowMs / hourMs) * hourMs - spans[name][1], toMs };
};

/** What is shown before and after what was odd. */
const aroundMs = 36 * hourMs;

/** The hours around those that were odd; of very many the last ones. */
export const spanAround = (firstMs: number, lastMs: number, nowMs: number): TrendSpan => {
  const toMs = Math.min(Math.ceil(nowMs / hourMs) * hourMs, lastMs + hourMs + aroundMs);
  return { name: null, fromMs: Math.max(firstMs - aroundMs, toMs - spans["35d"][1]), toMs };
};

const controls = (path: string, name: SpanName): Html => {
  const links = (Object.keys(spans) as SpanName[]).map(
    (one) =>
      html`<a href="${path}?span=${one}#trend-heading" data-go${one === name ? html` aria-current="true"` : ""}>${spans[one][0]}</a>`,
  );
  return html`<div class="spans"><nav aria-label="Span">${links}</nav></div>`;
};

const hourText = (ms: number): string => isoTime(ms).slice(0, 16).replace("T", " ");

const standing = ({ severity, score, label }: CostTrendHour): Html => {
  if (label !== null) return html`${label}`;
  if (severity === "none") return html`–`;
  return html`${stateOf(severityWords[severity])} ${Number(score.toFixed(1))}`;
};

const hourTable = ({ hours, unit }: Trend): Html =>
  table(
    "Each hour, and what was usual",
    ["Hour, in UTC", { number: "It had" }, { number: "Usual, low to high" }, "Score"],
    hours.map(
      (hour) =>
        html`<tr><th scope="row">${hourText(hour.hourMs)}</th>${cell("It had", valueText(hour.value, unit), true)}${cell("Usual", hour.usual === null ? "not known" : `${valueText(Math.max(0, hour.usual.low), unit)} – ${valueText(hour.usual.high, unit)}`, true)}${cell("Score", standing(hour))}</tr>`,
    ),
    true,
  );

const counted = (n: number, what: string): string => `${n} ${n === 1 ? "hour" : "hours"} ${what}`;

const summaryOf = (hours: readonly CostTrendHour[], { fromMs, toMs }: TrendSpan, unit: SeriesUnit): string => {
  const highest = hours.reduce<CostTrendHour | null>((a, b) => (a === null || b.value > a.value ? b : a), null);
  const most = highest === null ? "" : ` The most is ${valueText(highest.value, unit)}, at ${hourText(highest.hourMs)}.`;
  const odd = hours.filter(({ severity }) => severity !== "none").length;
  const expected = hours.filter(({ label }) => label !== null).length;
  return `From ${hourText(fromMs)} to ${hourText(toMs)} UTC.${most} ${counted(hours.length, "were scored")}, ${counted(odd, "were odd")}, ${counted(expected, "were expected to be so")}. The table below has every figure.`;
};

/** By which a live page says that it still has its picture. */
const trendId = "trend";
/** Hours come once an hour, some minutes after they are over. */
const freshMs = 60_000;

export type AboutTrend = {
  readonly span: TrendSpan;
  readonly unit: SeriesUnit;
  /** The path of the page, whose query chooses the span. */
  readonly path: string;
  readonly title: string;
};

/**
 * The picture of a series, and the same as a table. Nothing is read for a live page that has it.
 * @param read the hours of the span
 */
export const trend = async (
  c: AppContext,
  { span, unit, path, title }: AboutTrend,
  read: () => Promise<readonly CostTrendHour[]>,
): Promise<Html> => {
  const heading = (content: Html): Html => section("trend-heading", title, content);
  if (keeps(c, trendId)) return heading(html`<figure id="${trendId}" data-keep></figure>`);
  const hours = await read();
  const { fromMs, toMs, name } = span;
  const links = name === null ? nothing : controls(path, name);
  if (hours.length === 0) {
    const longer = name === null || name === "35d" ? "" : " A longer span may have some.";
    const next = `An hour is scored within minutes of its end, once there is usage of it, or an event in it.${longer}`;
    return heading(html`<figure id="${trendId}" class="axis">${links}${empty("No hour of this span was scored.", next)}</figure>`);
  }
  const drawn: Trend = { hours, fromMs, toMs, unit, summary: summaryOf(hours, span, unit) };
  return heading(html`<figure id="${trendId}" class="axis" data-fresh="${freshMs}">
${links}
${trendChart(drawn)}
<figcaption>${trendLegend(drawn)}</figcaption>
<details><summary>The same as a table</summary>
${hourTable(drawn)}
</details>
</figure>`);
};
