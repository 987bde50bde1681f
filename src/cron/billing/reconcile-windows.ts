import type { ServiceFinding, ServiceRule, SweptRule } from "../../adapters/ports/billing/reconciliation.ts";
import { checkChunks, halves } from "../../domain/metering/check-spans.ts";
import type { CheckFrame, CheckSpan } from "../../domain/metering/check-spans.ts";
import { joinTallies, tallyText } from "../../domain/metering/window-tally.ts";
import type { WindowTally } from "../../domain/metering/window-tally.ts";
import { completeWindows } from "../../domain/metering/window.ts";
import { isoTime } from "../../iso-time.ts";
import type { ReconcileRun, SweepEnd } from "./reconcile-run.ts";

/** The cursor of a sweep over windows; for a service that it left in the middle, the counts so far. */
export type WindowPlace = {
  readonly serviceId: number;
  /** Null: at the service's beginning. */
  readonly fromMs: number | null;
  readonly tallies: readonly WindowTally[];
  /** A part of that service could not be checked: no conclusion about all of it. */
  readonly isBroken: boolean;
};

export const firstPlace: WindowPlace = { serviceId: 0, fromMs: null, tallies: [], isBroken: false };

export type WindowSweep = {
  readonly count: "recentWindows" | "olderWindows";
  /** The suffix of rules about services: each sweep has its own findings. */
  readonly suffix: "" | ":older";
  readonly frame: CheckFrame;
  readonly place: WindowPlace;
  readonly untilMs: number;
  /** Stores the cursor for the next run. @returns false where the lease is lost */
  keep(place: WindowPlace): Promise<boolean>;
};

const servicesPerPage = 500;

/** The expectation, in words, by the broken rule. */
const expectations: Readonly<Record<ServiceRule, string>> = {
  "window_missing:primary": "usage of the primary side in every window that it served",
  "window_missing:backup": "usage of the backup side in every window that it served",
  side_incomplete: "a reading of every host, once the look-back is over",
  reading_stranger: "readings of hosts while the service held them, of CDNs while it used them",
};
const serviceRules = Object.keys(expectations) as readonly ServiceRule[];

type Parts = { readonly tallies: readonly WindowTally[]; readonly broken: readonly number[] };

/** Checks spans in one statement, or where that takes too long in as many as it needs. Null: the lease is lost. */
const checkSpans = async (run: ReconcileRun, sweep: WindowSweep, spans: readonly CheckSpan[]): Promise<Parts | null> => {
  const { windowMs, lookbackMs } = run.usageWindows;
  const [first] = completeWindows(run.nowMs, windowMs, lookbackMs);
  if (spans.every(({ fromMs, toMs }) => fromMs === toMs)) return { tallies: [], broken: [] };
  const unchecked: Parts = { tallies: [], broken: spans.map(({ serviceId }) => serviceId) };
  const what = { services: spans.length, firstServiceId: spans[0]?.serviceId };
  try {
    const result = await run.reconciliation.checkWindows(run.fence, spans, {
      windowMs,
      measuredCdns: run.usageSources.map(({ cdn }) => cdn),
      completeByMs: first?.startMs ?? run.nowMs,
      nowMs: run.nowMs,
    });
    if (result.status === "fenced") return null;
    if (result.status === "checked") {
      run.count.chunks += 1;
      run.count[sweep.count] += result.windows;
      run.note(result);
      return { tallies: result.tallies, broken: [] };
    }
  } catch (error) {
    run.fail(error, what);
    return unchecked;
  }
  const parts = halves(spans, windowMs);
  if (parts === null) {
    run.fail(new Error("a single window takes too long to check"), what);
    return unchecked;
  }
  const earlier = await checkSpans(run, sweep, parts[0]);
  const later = earlier === null ? null : await checkSpans(run, sweep, parts[1]);
  if (earlier === null || later === null) return null;
  return { tallies: joinTallies(earlier.tallies, later.tallies), broken: [...earlier.broken, ...later.broken] };
};

const findingOf = (suffix: WindowSweep["suffix"], tally: WindowTally): ServiceFinding => {
  const rule = tally.rule as ServiceRule;
  return { serviceId: tally.serviceId, rule: `${rule}${suffix}`, expected: expectations[rule], actual: tallyText(tally, isoTime) };
};

/** @returns the sweep's next cursor; null: the lease is lost */
const checkChunk = async (
  run: ReconcileRun,
  sweep: WindowSweep,
  place: WindowPlace,
  spans: readonly CheckSpan[],
): Promise<WindowPlace | null> => {
  const parts = await checkSpans(run, sweep, spans);
  if (parts === null) return null;
  const tallies = joinTallies(place.tallies, parts.tallies);
  const broken = new Set([...parts.broken, ...(place.isBroken ? [place.serviceId] : [])]);
  const whole = new Set(spans.flatMap(({ serviceId, isLast }) => (isLast && !broken.has(serviceId) ? [serviceId] : [])));
  const noted = await run.reconciliation.noteServices(run.fence, {
    serviceIds: [...whole],
    rules: serviceRules.map((rule): SweptRule => `${rule}${sweep.suffix}`),
    findings: tallies.filter(({ serviceId }) => whole.has(serviceId)).map((tally) => findingOf(sweep.suffix, tally)),
    nowMs: run.nowMs,
  });
  if (noted === null) return null;
  run.note(noted);
  const last = spans.at(-1);
  if (last === undefined) return place;
  if (last.isLast) return { ...firstPlace, serviceId: last.serviceId + 1 };
  const { serviceId, toMs: fromMs } = last;
  return { serviceId, fromMs, tallies: tallies.filter((tally) => tally.serviceId === serviceId), isBroken: broken.has(serviceId) };
};

/**
 * Checks the windows of all services within the frame, chunk by chunk from where the last run left off, one chunk at
 * least. Memory holds a page of services and the tallies of one of them.
 */
export const sweepWindows = async (run: ReconcileRun, sweep: WindowSweep): Promise<SweepEnd> => {
  let { place } = sweep;
  for (;;) {
    const page = await run.reconciliation.services({ fromServiceId: place.serviceId, limit: servicesPerPage, nowMs: run.nowMs });
    const [first] = page;
    if (first !== undefined && first.serviceId !== place.serviceId) place = { ...firstPlace, serviceId: first.serviceId };
    for (const spans of checkChunks(page, sweep.frame, place.fromMs, run.limits)) {
      const next = await checkChunk(run, sweep, place, spans);
      if (next === null || !(await sweep.keep(next))) return "fenced";
      place = next;
      const isEnd = page.length < servicesPerPage && next.serviceId > (page.at(-1)?.serviceId ?? 0);
      if (!isEnd && run.clock.nowMs() >= sweep.untilMs) return "later";
    }
    if (page.length < servicesPerPage) break;
  }
  return (await sweep.keep(firstPlace)) ? "done" : "fenced";
};
