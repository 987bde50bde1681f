import { newBaseline } from "../src/domain/cost/baseline.ts";
import { noMemory } from "../src/domain/cost/detector.ts";
import type { Moments } from "../src/domain/cost/moments.ts";
import { noMoments, sampleDeviation, withSample } from "../src/domain/cost/moments.ts";
import { judgeHour } from "../src/domain/cost/score.ts";
import { judgeValue } from "../src/domain/cost/series.ts";
import type { LabelledSeries } from "./anomaly/labelled.ts";
import { readLabelled } from "./anomaly/labelled.ts";
import type { JudgedSeries, Verdict } from "./anomaly/nab.ts";
import { bestVerdict, verdictAt } from "./anomaly/nab.ts";
import { windowedGaussian } from "./anomaly/windowed-gaussian.ts";
import { benchCostScale } from "./cost-scale.ts";
import { printTable } from "./table.ts";

const seriesAnHour = 10_000;
/** What issue and documents promise of a run over so many. */
const limitMs = 20_000;
const hourMs = 3_600_000;

/** A daily course with noise: reproducible, and never the same. */
const costAt = (series: number, hour: number): number =>
  500 + 200 * Math.sin((hour / 12) * Math.PI) + 50 * Math.sin(series * 12.9898 + hour * 78.233);

const timed = (run: () => void): number => {
  const before = performance.now();
  run();
  return performance.now() - before;
};

/** One run over all series, in the hours after the first so many, as the mean of a day. */
const benchSpeed = (): readonly string[] => {
  const known = 40;
  const series = Array.from({ length: seriesAnHour }, () => ({ baseline: newBaseline(true), memory: noMemory }));
  const run = (hour: number): void => {
    for (const [index, one] of series.entries()) {
      const cents = costAt(index, hour);
      one.baseline = judgeHour(one.baseline, { atMs: hour * hourMs, cents, actor: null, resource: null }).baseline;
      one.memory = judgeValue(one.memory, cents, hour * hourMs).memory;
    }
  };
  for (let hour = 0; hour < known; hour += 1) run(hour);
  const ms =
    timed(() => {
      for (let hour = known; hour < known + 24; hour += 1) run(hour);
    }) / 24;
  const bytes = JSON.stringify(series[0]?.memory).length;
  if (ms > limitMs) process.exitCode = 1;
  return [
    `${seriesAnHour.toLocaleString("en-US")} series, an hour`,
    `${ms.toFixed(0)} ms`,
    `${((ms * 1_000) / seriesAnHour).toFixed(1)} µs`,
    `${bytes} B`,
  ];
};

/** The baseline beside two passes over a million values around a billion. */
const benchPrecision = (): readonly string[] => {
  const values = Array.from({ length: 1_000_000 }, (_, index) => 1e9 + Math.sin(index * 0.7) * 3 + Math.sin(index * 0.013));
  let moments: Moments = noMoments;
  const ms = timed(() => {
    for (const value of values) moments = withSample(moments, value);
  });
  const shifted = values.map((value) => value - 1e9);
  const mean = shifted.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(shifted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
  const error = Math.abs(sampleDeviation(moments) / deviation - 1);
  if (error > 1e-9) process.exitCode = 1;
  return ["1,000,000 values into a baseline", `${ms.toFixed(0)} ms`, `${(ms / 1_000).toFixed(2)} µs`, `off by ${error.toExponential(1)}`];
};

type Detector = (series: LabelledSeries) => readonly number[];

const ours: Detector = ({ rows }) => {
  let memory = noMemory;
  return rows.map(({ value, atMs }) => {
    const judged = judgeValue(memory, value, atMs);
    memory = judged.memory;
    return judged.verdict.score;
  });
};

const gaussian: Detector = ({ rows }) => windowedGaussian(rows.map(({ value }) => value));

type Judged = { readonly series: ReadonlyMap<string, JudgedSeries>; readonly microseconds: number };

const judgedBy = (labelled: readonly LabelledSeries[], detector: Detector): Judged => {
  const series = new Map<string, JudgedSeries>();
  const ms = timed(() => {
    for (const one of labelled) {
      const scores = detector(one);
      series.set(one.name, { rows: one.rows.map(({ atMs }, row) => ({ atMs, score: scores[row] ?? 0 })), windows: one.windows });
    }
  });
  return { series, microseconds: (ms * 1_000) / labelled.reduce((sum, { rows }) => sum + rows.length, 0) };
};

/** Every second series by name, so that both halves have of each kind. */
const half = (series: ReadonlyMap<string, JudgedSeries>, nth: 0 | 1): ReadonlyMap<string, JudgedSeries> =>
  new Map([...series].toSorted(([a], [b]) => (a < b ? -1 : 1)).filter((_, index) => index % 2 === nth));

const figures = ({ score, threshold, found, windows, falseAlarms }: Verdict): string[] => [
  score.toFixed(1),
  threshold.toPrecision(4),
  `${found} of ${windows}`,
  String(falseAlarms),
];

/** The benchmark's own measure: of all series, and of each half at the threshold that is best for the other. */
const benchQuality = async (folder: string): Promise<void> => {
  const labelled = await readLabelled(folder);
  const rows = (
    [
      ["detector", ours],
      ["windowed Gaussian", gaussian],
    ] as const
  ).flatMap(([name, detector]) => {
    const { series, microseconds } = judgedBy(labelled, detector);
    const leftOut = ([0, 1] as const).map((nth) => {
      const other = half(series, nth === 0 ? 1 : 0);
      return [
        `${name}, ${nth === 0 ? "one" : "other"} half left out`,
        ...figures(verdictAt(half(series, nth), bestVerdict(other).threshold)),
        "",
      ];
    });
    const fixed = name === "detector" ? [[`${name}, high and above`, ...figures(verdictAt(series, 60)), ""]] : [];
    return [[name, ...figures(bestVerdict(series)), `${microseconds.toFixed(1)} µs`], ...fixed, ...leftOut];
  });
  printTable([`${labelled.length} labelled series`, "score", "threshold", "windows found", "false alarms", "a value"], rows);
};

/** The cost watch: what a run takes, how exact a baseline is, and how good the detector, where there are labelled series. */
export const benchCostWatch = async (): Promise<void> => {
  printTable(["cost watch", "time", "each", "state, error"], [benchSpeed(), benchPrecision()]);
  process.stdout.write("\n");
  await benchCostScale();
  process.stdout.write("\n");
  const folder = process.env["COST_SERIES"] ?? "";
  if (folder !== "") await benchQuality(folder);
  else process.stdout.write("COST_SERIES is not set: no labelled series to judge the detector by\n");
};
