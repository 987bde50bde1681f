import type { UsageSpan } from "../../ports/metering/usage.ts";
import { FastlyError } from "./error.ts";

/** `keptMs`: how far back Fastly answers in this unit. `mostPoints`: how many points one query requests. */
export type Unit = { readonly name: "minute" | "hour"; readonly ms: number; readonly keptMs: number; readonly mostPoints: number };

/** Spans, by their index, that one query covers; what lies between them is not used. */
export type Range = { readonly unit: Unit; readonly fromMs: number; readonly toMs: number; readonly spans: readonly number[] };

const DAY_MS = 86_400_000;
/** The clock at Fastly may be ahead of ours, and a query takes its time. */
const MARGIN_MS = 600_000;
/** "You cannot retrieve minutely historical statistics data older than 35 days, hourly older than 375" (Historical Stats). */
const MINUTE: Unit = { name: "minute", ms: 60_000, keptMs: 35 * DAY_MS - MARGIN_MS, mostPoints: 1_440 };
const HOUR: Unit = { name: "hour", ms: 3_600_000, keptMs: 375 * DAY_MS - MARGIN_MS, mostPoints: 744 };
/** Fastly's data is complete a quarter of an hour after a minute or hour has ended ("Data latency"). */
const SETTLED_MS = 15 * 60_000;

const isOf = (unit: Unit, { startMs, endMs }: UsageSpan): boolean => startMs % unit.ms === 0 && endMs % unit.ms === 0;

/**
 * The spans that Fastly has complete figures of and still keeps, whole hours by the hour and others by the minute, in as few
 * queries as its limits allow. Adjacent spans share a query.
 * @throws FastlyError `refused` where a span is not of whole minutes
 */
export const rangesOf = (spans: readonly UsageSpan[], nowMs: number): Range[] => {
  if (!spans.every((span) => isOf(MINUTE, span))) {
    throw new FastlyError("refused", "Fastly counts by the minute: USAGE_WINDOW must be whole minutes");
  }
  return [HOUR, MINUTE].flatMap((unit) => {
    const ranges: (Range & { toMs: number; spans: number[] })[] = [];
    for (const [index, span] of spans.entries()) {
      if ((isOf(HOUR, span) ? HOUR : MINUTE) !== unit) continue;
      if (span.endMs > nowMs - SETTLED_MS || span.startMs < nowMs - unit.keptMs) continue;
      const last = ranges.at(-1);
      if (last !== undefined && (span.endMs - last.fromMs) / unit.ms <= unit.mostPoints) {
        last.toMs = span.endMs;
        last.spans.push(index);
      } else {
        ranges.push({ unit, fromMs: span.startMs, toMs: span.endMs, spans: [index] });
      }
    }
    return ranges;
  });
};
