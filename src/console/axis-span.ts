import type { AxisQuery } from "../adapters/ports/detection/service-axis.ts";
import { AppError } from "../errors.ts";
import type { AppContext } from "../http/env.ts";

const [secondMs, minuteMs, hourMs, dayMs] = [1_000, 60_000, 3_600_000, 86_400_000];

/** The spans that a press chooses, each until now. */
export const axisSpans = { "1h": hourMs, "6h": 6 * hourMs, "24h": dayMs, "7d": 7 * dayMs } as const;

export type AxisSpanName = keyof typeof axisSpans;

export const shortestSpanMs = 5 * minuteMs;
export const longestSpanMs = 30 * dayMs;

/** Of a screen of a phone's width, and of a table that people read. */
const wantedSteps = 120;

const steps = [10 * secondMs, minuteMs, 5 * minuteMs, 15 * minuteMs, hourMs, 2 * hourMs, 6 * hourMs];

/** What an axis shows of a service, of the addresses that lead to it. */
export type Axis = AxisQuery & {
  /** The path of its page, whose query chooses the span. */
  readonly path: string;
  /** The chosen one of the spans until now; null: a window with an end of its own. */
  readonly name: AxisSpanName | null;
  readonly figure: "success" | "latency";
  readonly nowMs: number;
};

type Window = { readonly beginMs: number; readonly endMs: number };

const refuse = (pointer: string, detail: string): AppError =>
  new AppError("bad_request", "the query is not valid", { fields: [{ pointer, detail }] });

/** Seconds since 1970, as the links of a page have them. */
const secondsOf = (c: AppContext, pointer: "from" | "to"): number => {
  const text = c.req.query(pointer) ?? "";
  if (!/^\d{1,11}$/.test(text)) throw refuse(pointer, "must be seconds since 1970, beside the other end");
  return Number(text) * secondMs;
};

const isSpan = (text: string): text is AxisSpanName => Object.hasOwn(axisSpans, text);

const windowOf = (c: AppContext, nowMs: number): Window & { readonly name: AxisSpanName | null } => {
  const { span = "1h", from, to } = c.req.query();
  if (from === undefined && to === undefined) {
    if (!isSpan(span)) throw refuse("span", `must be one of ${Object.keys(axisSpans).join(", ")}`);
    return { name: span, beginMs: nowMs - axisSpans[span], endMs: nowMs };
  }
  const [beginMs, endMs] = [secondsOf(c, "from"), secondsOf(c, "to")];
  if (endMs > nowMs + longestSpanMs) throw refuse("to", "must not be that far ahead");
  if (endMs - beginMs < shortestSpanMs) throw refuse("to", "must be at least 5 minutes after from");
  if (endMs - beginMs > longestSpanMs) throw refuse("from", "must be at most 30 days before to");
  return { name: null, beginMs, endMs };
};

/** The shortest step that leaves few enough of them; shorter ones than a minute are not kept for long. */
const stepOf = ({ beginMs, endMs }: Window, rawSinceMs: number): number =>
  steps.find((ms) => (endMs - beginMs) / ms <= wantedSteps && (ms >= minuteMs || beginMs >= rawSinceMs)) ?? 6 * hourMs;

/** When an axis is made, of whose page, and since when there are samples one by one. */
type Around = { readonly path: string; readonly nowMs: number; readonly rawSinceMs: number };

/**
 * The axis that a request asks for.
 * @param window what is shown unless it asks; null: the last hour
 * @throws AppError `bad_request`
 */
export const axisOf = (c: AppContext, { path, nowMs, rawSinceMs }: Around, window: Window | null): Axis => {
  const figure = c.req.query("figure") ?? "success";
  if (figure !== "success" && figure !== "latency") throw refuse("figure", "must be success or latency");
  const isAsked = ["span", "from", "to"].some((name) => c.req.query(name) !== undefined);
  const chosen = window !== null && !isAsked ? { ...window, name: null } : windowOf(c, nowMs);
  const stepMs = stepOf(chosen, rawSinceMs);
  return {
    path,
    figure,
    nowMs,
    name: chosen.name,
    stepMs,
    fromMs: Math.floor(chosen.beginMs / stepMs) * stepMs,
    toMs: Math.ceil(chosen.endMs / stepMs) * stepMs,
  };
};

/** The address of the same page with another span. */
export const spanPath = ({ path, figure }: Axis, name: AxisSpanName): string =>
  `${path}?span=${name}${figure === "success" ? "" : `&figure=${figure}`}`;

/** The address of the same page with a window: within what is known, of a permitted length. */
export const windowPath = ({ path, figure, nowMs }: Axis, beginMs: number, endMs: number): string => {
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
