import { AppError } from "../errors.ts";
import type { AppContext } from "../http/env.ts";
import { axisSpans, longestSpanMs, shortestSpanMs } from "./axis-window.ts";
import type { Axis, AxisSpanName } from "./axis-window.ts";

const [secondMs, minuteMs, hourMs] = [1_000, 60_000, 3_600_000];

/** Of a screen of a phone's width, and of a table that people read. */
const wantedSteps = 120;

const steps = [10 * secondMs, minuteMs, 5 * minuteMs, 15 * minuteMs, hourMs, 2 * hourMs, 6 * hourMs];

/** What an axis shows, before it is widened to whole steps. */
export type Window = { readonly beginMs: number; readonly endMs: number };

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
