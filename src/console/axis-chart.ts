import type { AxisSeries, AxisSwitch, AxisView } from "../adapters/ports/detection/service-axis.ts";
import type { ProbePath } from "../domain/detection/probe.ts";
import type { Decision, OrderSpan, WeightStep } from "../domain/steering/axis.ts";
import { html, joined, nothing } from "../http/html.ts";
import type { Html } from "../http/html.ts";
import { isoTime } from "../iso-time.ts";
import type { Axis } from "./axis-window.ts";
import { orderedWords } from "./words.ts";

/** What is drawn, in the terms of the page. */
export type Drawn = {
  readonly axis: Axis;
  readonly view: AxisView;
  readonly decided: readonly Decision<AxisSwitch>[];
  readonly ordered: readonly OrderSpan[];
  readonly weights: readonly WeightStep[];
  readonly titles: Readonly<Record<ProbePath, string>>;
  readonly summary: string;
};

const [stripHeight, laneHeight, titleHeight, gap, footHeight] = [22, 46, 18, 10, 20];
/** Marks closer than this share of the width are drawn without a number, which would lie on another one. */
const numberApart = 0.045;

type Reach = Pick<Axis, "fromMs" | "toMs">;

/** Where in a picture a moment is, 0 to 1. */
export const share = ({ fromMs, toMs }: Reach, atMs: number): number => Math.min(1, Math.max(0, (atMs - fromMs) / (toMs - fromMs)));

export const percent = (part: number): string => `${Number((part * 100).toFixed(2))}%`;

/** Up to what the lanes of latency are drawn: 1, 2 or 5 and zeros. */
const ceilingMs = (series: readonly AxisSeries[]): number => {
  const highest = Math.max(1, ...series.flatMap(({ points }) => points.map(([, , , p50]) => p50 ?? 0)));
  const power = 10 ** Math.floor(Math.log10(highest));
  return ([1, 2, 5, 10].find((one) => one * power >= highest) ?? 10) * power;
};

type Point = AxisSeries["points"][number];

/** A flat piece a step, joined where the next one was probed, too: what nobody measured is a gap. */
const line = (points: readonly Point[], heightOf: (point: Point) => number | null): string => {
  let [path, expected] = ["", -1];
  for (const point of points) {
    const height = heightOf(point);
    if (height === null) continue;
    const y = Number(((1 - height) * (laneHeight - 2) + 1).toFixed(1));
    path += point[0] === expected ? `V${y}H${point[0] + 1}` : `M${point[0]} ${y}H${point[0] + 1}`;
    expected = point[0] + 1;
  }
  return path;
};

/** A part that is stretched to the width, beside texts that are not. */
const stretched = (y: number, width: number, content: Html): Html =>
  html`<svg x="0" y="${y}" width="100%" height="${laneHeight}" viewBox="0 0 ${width} ${laneHeight}" preserveAspectRatio="none">${content}</svg>`;

const lane = (y: number, title: string, top: string, content: Html): Html =>
  html`<text x="0" y="${y + 12}">${title}</text><text class="scale" x="100%" y="${y + 12}" text-anchor="end">${top}</text><rect class="lane" x="0" y="${y + titleHeight}" width="100%" height="${laneHeight}"/>${content}`;

const probeLane = ({ axis, view, titles }: Drawn, path: ProbePath, vantages: readonly string[], y: number): Html => {
  const all = view.series ?? [];
  const ceiling = ceilingMs(all);
  const height = ([, samples, ok, p50]: Point): number | null =>
    axis.figure === "success" ? ok / samples : p50 === null ? null : p50 / ceiling;
  const lines = all
    .filter((one) => one.path === path)
    .map(({ vantage, points }) => html`<path class="line v${vantages.indexOf(vantage) % 4}" d="${line(points, height)}"/>`);
  const steps = (axis.toMs - axis.fromMs) / axis.stepMs;
  return lane(
    y,
    titles[path],
    axis.figure === "success" ? "100 % good" : `${ceiling} ms`,
    stretched(y + titleHeight, steps, html`${lines}`),
  );
};

const weightLane = ({ axis, weights }: Drawn, y: number): Html => {
  const width = 1_000;
  const x = (atMs: number): number => Math.round(share(axis, atMs) * width);
  const until = Math.min(axis.toMs, axis.nowMs);
  const area = weights.map(({ atMs, backupShare }, index) => {
    const [from, to] = [x(atMs), x(weights[index + 1]?.atMs ?? until)];
    const height = Math.round(backupShare * laneHeight);
    return html`<rect class="on-backup" x="${from}" y="${laneHeight - height}" width="${Math.max(0, to - from)}" height="${height}"/>`;
  });
  return lane(y, "Weight on the backup, mean of the domains", "100 %", stretched(y + titleHeight, width, html`${area}`));
};

const bands = ({ axis, view }: Drawn, height: number): readonly Html[] =>
  view.storms.map(({ id, startedAtMs, endedAtMs }) => {
    const [from, to] = [share(axis, startedAtMs), share(axis, endedAtMs ?? axis.nowMs)];
    // What is outside of the picture has no edge in it.
    const edges = [...(startedAtMs >= axis.fromMs ? [from] : []), ...(endedAtMs !== null && endedAtMs <= axis.toMs ? [to] : [])];
    return html`<g class="band"><rect class="flat" x="${percent(from)}" y="0" width="${percent(to - from)}" height="${height}"/><rect class="hatch" fill="url(#axis-hatch)" x="${percent(from)}" y="0" width="${percent(to - from)}" height="${height}"/>${edges.map((edge) => html`<line x1="${percent(edge)}" x2="${percent(edge)}" y1="0" y2="${height}"/>`)}<text x="${percent(from)}" dx="${from > 0.7 && to > 0.9 ? -4 : 4}" y="14" text-anchor="${from > 0.7 && to > 0.9 ? "end" : "start"}">storm ${id}</text></g>`;
  });

const orders = ({ axis, ordered }: Drawn, y: number): readonly Html[] =>
  ordered
    .filter(({ atMs, toMs }) => atMs < axis.toMs && (toMs ?? axis.toMs) > axis.fromMs)
    .map(({ mode, atMs, toMs }) => {
      const [from, to] = [share(axis, atMs), share(axis, toMs ?? Math.min(axis.nowMs, axis.toMs))];
      return html`<rect class="order" x="${percent(from)}" y="${y + 16}" width="${percent(Math.max(0.002, to - from))}" height="5"/><text class="order" x="${percent(from)}" y="${y + 12}" text-anchor="${from > 0.6 ? "end" : "start"}">${orderedWords[mode].toLowerCase()}</text>`;
    });

const marks = ({ axis, decided }: Drawn, y: number, height: number): readonly Html[] => {
  let last = -1;
  return decided.map(({ atMs }, index) => {
    const at = share(axis, atMs);
    const isNumbered = at - last >= numberApart;
    if (isNumbered) last = at;
    const x = percent(at);
    return html`<g class="mark"><line x1="${x}" x2="${x}" y1="${y + 11}" y2="${height}"/>${isNumbered ? html`<circle cx="${x}" cy="${y + 11}" r="9"/><text x="${x}" y="${y + 15}" text-anchor="middle">${index + 1}</text>` : ""}</g>`;
  });
};

const tick = (atMs: number, spanMs: number): string => {
  const text = isoTime(atMs);
  return spanMs > 86_400_000 ? `${text.slice(5, 10)} ${text.slice(11, 16)}` : text.slice(11, spanMs < 1_800_000 ? 19 : 16);
};

/** Where a picture begins, its middle and its end, below it. */
export const ticks = ({ fromMs, toMs }: Reach, height: number): Html => {
  const anchors = ["start", "middle", "end"] as const;
  return html`${anchors.map((anchor, index) => {
    const x = percent(index / 2);
    return html`<line class="tick" x1="${x}" x2="${x}" y1="0" y2="${height}"/><text class="scale" x="${x}" y="${height + 14}" text-anchor="${anchor}">${tick(fromMs + ((toMs - fromMs) * index) / 2, toMs - fromMs)}${index === 2 ? " UTC" : ""}</text>`;
  })}`;
};

/** The vantages of all series, in the order of their lines. */
export const vantagesOf = ({ series }: AxisView): readonly string[] =>
  [...new Set((series ?? []).map(({ vantage }) => vantage))].toSorted();

/** The picture: strips of storms, decisions and orders, a lane for each path and one for the weights, all on one axis of time. */
export const axisChart = (drawn: Drawn): Html => {
  const { axis, view, ordered } = drawn;
  const vantages = vantagesOf(view);
  const paths = (["primary", "backup", "direct"] as const).filter((path) => view.series?.some((one) => one.path === path) === true);
  const decidedAt = stripHeight;
  const orderedAt = decidedAt + stripHeight + 4;
  const lanesAt = orderedAt + (ordered.length > 0 ? stripHeight + 4 : 0);
  const each = titleHeight + laneHeight + gap;
  const height = lanesAt + each * (paths.length + 1);
  return html`<svg class="axis" role="img" aria-labelledby="axis-title axis-desc" width="100%" height="${height + footHeight}">
<title id="axis-title">What was measured and decided, on one axis of time</title><desc id="axis-desc">${drawn.summary}</desc>
<defs><pattern id="axis-hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line x1="0" y1="0" x2="0" y2="7"/></pattern></defs>
${ticks(axis, height)}
${joined(bands(drawn, height), "\n")}
${paths.map((path, index) => probeLane(drawn, path, vantages, lanesAt + each * index))}
${weightLane(drawn, lanesAt + each * paths.length)}
${ordered.length > 0 ? orders(drawn, orderedAt) : nothing}
${joined(marks(drawn, decidedAt, height), "\n")}
</svg>`;
};

/** Which line is whose. */
export const legend = (vantages: readonly string[]): Html =>
  html`<ul class="legend">${vantages.map((vantage, index) => html`<li><svg width="32" height="8" aria-hidden="true" focusable="false"><line class="line v${index % 4}" x1="0" x2="32" y1="4" y2="4"/></svg>seen from ${vantage}</li>`)}<li><svg width="32" height="10" aria-hidden="true" focusable="false"><g class="band"><rect class="flat" width="32" height="10"/><rect class="hatch" fill="url(#axis-hatch)" width="32" height="10"/></g></svg>storm</li><li><svg width="32" height="10" aria-hidden="true" focusable="false"><rect class="on-backup" width="32" height="10"/></svg>on the backup</li></ul>`;
