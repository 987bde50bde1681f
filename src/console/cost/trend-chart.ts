import type { SeriesUnit } from "../../adapters/ports/cost/anomalies.ts";
import type { CostTrendHour } from "../../adapters/ports/cost/series.ts";
import { html, joined, nothing } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { percent, share, ticks } from "../axis-chart.ts";
import { valueText } from "./figures.ts";
import { severityWords } from "./words.ts";

/** Hours of a series, those that were scored, in a picture from one moment to another: both are beginnings of hours. */
export type Trend = {
  readonly hours: readonly CostTrendHour[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly unit: SeriesUnit;
  readonly summary: string;
};

export const hourMs = 3_600_000;

const [titleHeight, laneHeight, footHeight] = [20, 180, 20];
/** Words closer than this share of the width would lie on each other. */
const wordsApart = 0.2;

/** Up to what is drawn: a round number that can be read without a fraction. What is usual counts as far as it is near to what was: a wide band hides nothing. */
const ceilingOf = ({ hours }: Trend): number => {
  const highest = Math.max(...hours.map(({ value, usual }) => Math.max(value, Math.min(usual?.high ?? 0, 4 * (usual?.mean ?? 0)))), 1);
  const power = 10 ** Math.floor(Math.log10(highest));
  return ([1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((one) => one * power >= highest && Number.isInteger(one * power)) ?? 10) * power;
};

type Run = readonly CostTrendHour[];

/** Hours one behind the other that have something in common. */
const runsOf = (hours: readonly CostTrendHour[], nameOf: (hour: CostTrendHour) => string | null): readonly Run[] => {
  const runs: CostTrendHour[][] = [];
  for (const hour of hours) {
    const name = nameOf(hour);
    if (name === null) continue;
    const last = runs.at(-1);
    const before = last?.at(-1);
    if (last !== undefined && before !== undefined && before.hourMs + hourMs === hour.hourMs && nameOf(before) === name) last.push(hour);
    else runs.push([hour]);
  }
  return runs;
};

const heightOf = (value: number, ceiling: number): number =>
  Number((laneHeight * (1 - Math.min(1.1, Math.max(0, value / ceiling)))).toFixed(1));

type Drawn = { readonly trend: Trend; readonly ceiling: number };

const stepOf = ({ trend }: Drawn, { hourMs: at }: CostTrendHour): number => Math.round((at - trend.fromMs) / hourMs);

/** A flat piece an hour; what was not scored is a gap. */
const line = (drawn: Drawn, className: string, valueOf: (hour: CostTrendHour) => number | null): Html => {
  const runs = runsOf(drawn.trend.hours, (hour) => (valueOf(hour) === null ? null : className));
  const path = runs.map((run) =>
    run
      .map((hour, index) => {
        const [x, y] = [stepOf(drawn, hour), heightOf(valueOf(hour) ?? 0, drawn.ceiling)];
        return `${index === 0 ? `M${x} ${y}` : `V${y}`}H${x + 1}`;
      })
      .join(""),
  );
  return html`<path class="line ${className}" d="${path.join("")}"/>`;
};

/** From the lowest to the highest that is usual. */
const band = (drawn: Drawn): Html => {
  const path = runsOf(drawn.trend.hours, ({ usual }) => (usual === null ? null : "usual")).map((run) => {
    const upper = run.map((hour, index) => {
      const [x, y] = [stepOf(drawn, hour), heightOf(hour.usual?.high ?? 0, drawn.ceiling)];
      return `${index === 0 ? `M${x} ${y}` : `V${y}`}H${x + 1}`;
    });
    const lower = run.toReversed().map((hour) => {
      const [x, y] = [stepOf(drawn, hour), heightOf(hour.usual?.low ?? 0, drawn.ceiling)];
      return `V${y}H${x}`;
    });
    return `${upper.join("")}${lower.join("")}Z`;
  });
  return html`<path class="usual" d="${path.join("")}"/>`;
};

/** Where hours lie, as shares of the width. */
const reach = ({ trend }: Drawn, run: Run): readonly [from: number, to: number] => {
  const [first, last] = [run[0]?.hourMs ?? trend.fromMs, run.at(-1)?.hourMs ?? trend.fromMs];
  return [share(trend, first), share(trend, last + hourMs)];
};

/** Hours that were meant to be so, hatched, with the word for it where there is room. */
const expected = (drawn: Drawn): readonly Html[] => {
  let lastWord = -1;
  return runsOf(drawn.trend.hours, ({ label }) => label).map((run) => {
    const [from, to] = reach(drawn, run);
    const isLate = from > 0.7;
    const at = isLate ? to : from;
    const hasWord = at - lastWord >= wordsApart;
    if (hasWord) lastWord = at;
    const rect = html`x="${percent(from)}" y="${titleHeight}" width="${percent(to - from)}" height="${laneHeight}"`;
    return html`<g class="meant"><rect class="flat" ${rect}/><rect fill="url(#trend-hatch)" ${rect}/>${hasWord ? html`<text x="${percent(at)}" dx="${isLate ? -3 : 3}" y="${titleHeight + 13}" text-anchor="${isLate ? "end" : "start"}">${run[0]?.label ?? ""}</text>` : nothing}</g>`;
  });
};

const shapes = { bad: "M0-7L6.5 5H-6.5Z", warn: "M0-7L6 0L0 7L-6 0Z" } as const;

/** The shape of a severity, at a place of the picture. */
const mark = (x: string, y: number, severity: CostTrendHour["severity"]): Html => {
  const tone = severity === "critical" ? "bad" : "warn";
  return html`<svg class="odd ${tone}" x="${x}" y="${y}" width="1" height="1" overflow="visible"><path d="${shapes[tone]}"/></svg>`;
};

/** Hours that were odd: all of them tinted, and the worst of those that belong together marked. */
const odd = (drawn: Drawn): readonly Html[] =>
  runsOf(drawn.trend.hours, ({ severity }) => (severity === "none" ? null : "odd")).map((run) => {
    const [from, to] = reach(drawn, run);
    const worst = run.reduce((a, b) => (b.score > a.score || (b.score === a.score && b.value > a.value) ? b : a));
    const x = percent(share(drawn.trend, worst.hourMs + hourMs / 2));
    const y = Math.max(9, titleHeight + heightOf(worst.value, drawn.ceiling) - 10);
    return html`<rect class="odd" x="${percent(from)}" y="${titleHeight}" width="${percent(Math.max(0.002, to - from))}" height="${laneHeight}"/>${mark(x, y, worst.severity)}`;
  });

/** The picture: each hour's value over the band of what was usual, what was odd marked, what was meant hatched. */
export const trendChart = (trend: Trend): Html => {
  const drawn: Drawn = { trend, ceiling: ceilingOf(trend) };
  const steps = Math.round((trend.toMs - trend.fromMs) / hourMs);
  const bottom = titleHeight + laneHeight;
  return html`<svg class="trend" role="img" aria-labelledby="trend-title trend-desc" width="100%" height="${bottom + footHeight}">
<title id="trend-title">Hour by hour, and what was usual</title><desc id="trend-desc">${trend.summary}</desc>
<defs><pattern id="trend-hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line x1="0" y1="0" x2="0" y2="7"/></pattern></defs>
${ticks(trend, bottom)}
<text class="scale" x="0" y="13">${valueText(drawn.ceiling, trend.unit)}</text><rect class="lane" x="0" y="${titleHeight}" width="100%" height="${laneHeight}"/>
<svg x="0" y="${titleHeight}" width="100%" height="${laneHeight}" viewBox="0 0 ${steps} ${laneHeight}" preserveAspectRatio="none">${band(drawn)}${line(drawn, "mean", ({ usual }) => usual?.mean ?? null)}${line(drawn, "v0", ({ value }) => value)}</svg>
${joined(expected(drawn), "\n")}
${joined(odd(drawn), "\n")}
</svg>`;
};

const sample = (content: Html, text: string): Html =>
  html`<li><svg width="32" height="12" aria-hidden="true" focusable="false">${content}</svg>${text}</li>`;

/** What is what in the picture. */
export const trendLegend = ({ hours }: Trend): Html => {
  const seen = new Set(hours.map(({ severity }) => severity));
  const marks = (["critical", "high", "medium"] as const).filter((one) => seen.has(one));
  return html`<ul class="legend">${sample(html`<line class="line v0" x1="0" x2="32" y1="6" y2="6"/>`, "this hour")}${sample(html`<rect class="usual" width="32" height="12"/><line class="line mean" x1="0" x2="32" y1="6" y2="6"/>`, "what was usual, from low to high, and its mean")}${marks.map((one) => sample(mark("16", 6, one), `odd: ${severityWords[one].word.toLowerCase()}`))}${hours.some(({ label }) => label !== null) ? sample(html`<g class="meant"><rect class="flat" width="32" height="12"/><rect fill="url(#trend-hatch)" width="32" height="12"/></g>`, "expected: not scored, and not learnt") : nothing}</ul>`;
};
