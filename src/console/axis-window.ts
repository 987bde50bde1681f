import type { AxisQuery } from "../adapters/ports/detection/service-axis.ts";

const [secondMs, minuteMs, hourMs, dayMs] = [1_000, 60_000, 3_600_000, 86_400_000];

/** The spans that a press chooses, each until now. */
export const axisSpans = { "1h": hourMs, "6h": 6 * hourMs, "24h": dayMs, "7d": 7 * dayMs } as const;

export type AxisSpanName = keyof typeof axisSpans;

export const shortestSpanMs = 5 * minuteMs;
export const longestSpanMs = 30 * dayMs;

/** What an axis shows of a service, of the addresses that lead to it. */
export type Axis = AxisQuery & {
  /** The path of its page, whose query chooses the span. */
  readonly path: string;
  /** The chosen one of the spans until now; null: a window with an end of its own. */
  readonly name: AxisSpanName | null;
  readonly nowMs: number;
};

/** The address of the same page with another span. */
export const spanPath = ({ path, figure }: Pick<Axis, "path" | "figure">, name: AxisSpanName): string =>
  `${path}?span=${name}${figure === "success" ? "" : `&figure=${figure}`}`;

/** The address of the same page with a window: within what is known, of a permitted length. */
export const windowPath = ({ path, figure, nowMs }: Pick<Axis, "path" | "figure" | "nowMs">, beginMs: number, endMs: number): string => {
  const lengthMs = Math.min(longestSpanMs, Math.max(shortestSpanMs, endMs - beginMs));
  const middleMs = (beginMs + endMs) / 2;
  const toMs = Math.min(nowMs, middleMs + lengthMs / 2);
  const [from, to] = [toMs - lengthMs, toMs].map((ms) => Math.floor(ms / secondMs));
  return `${path}?from=${from}&to=${to}${figure === "success" ? "" : `&figure=${figure}`}`;
};

/** The address of the same span with the other figure. */
export const figurePath = (axis: Axis, figure: Axis["figure"]): string =>
  axis.name === null ? windowPath({ ...axis, figure }, axis.fromMs, axis.toMs) : spanPath({ ...axis, figure }, axis.name);

/** How long what is drawn is as good as new: a quarter of a step; 0: it is of the past, and stays. */
export const freshForMs = ({ name, toMs, nowMs, stepMs }: Axis): number =>
  name === null && toMs < nowMs ? 0 : Math.max(15 * secondMs, stepMs / 4);
