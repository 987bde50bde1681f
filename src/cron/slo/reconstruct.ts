import type { Clock } from "../../adapters/ports/platform/clock.ts";
import type { Fence } from "../../adapters/ports/coordination/lease.ts";
import type { DueService, ReconstructionStore } from "../../adapters/ports/slo/reconstruct.ts";
import { keptMs } from "../../domain/coordination/retention.ts";
import type { PastMinute } from "../../domain/slo/reconstruct.ts";
import { minuteMs, pastMinutes, pastSpans } from "../../domain/slo/reconstruct.ts";
import type { JobReport } from "../job.ts";

export type ReconstructDeps = { readonly reconstruction: ReconstructionStore; readonly clock: Clock };

/** A run stops here, and the next continues. */
const longestRunMs = 120_000;
const servicesPerPage = 50;
/** What one statement reads: of services with few domains a day, else an hour. */
const [dayMinutes, hourMinutes] = [1_440, 60];
const fewDomains = 20;
/** An outage that is longer than this is cut in two. */
const longestOutageMinutes = 3 * dayMinutes;

const floorTo = (ms: number, unitMs: number): number => Math.floor(ms / unitMs) * unitMs;

/**
 * From where on minutes are complete: an outage that they begin with may have begun before. Null: nowhere yet.
 * @param isAll whether nothing before is read any more
 */
const cutOf = (minutes: readonly PastMinute[], isAll: boolean): number | null => {
  if (isAll || minutes.length >= longestOutageMinutes) return 0;
  const up = minutes.findIndex(({ condition }) => condition.state === "up");
  return up < 0 ? null : up;
};

/** Nothing is known before the first samples. */
const sinceKnown = (minutes: readonly PastMinute[]): readonly PastMinute[] => {
  const first = minutes.findIndex(({ condition }) => condition.state !== "unknown");
  return first < 0 ? [] : minutes.slice(first);
};

/** Goes back from what is known, part by part. @returns how many minutes were computed; null: it can not go on */
const goBack = async (
  { reconstruction, clock }: ReconstructDeps,
  fence: Fence,
  due: DueService,
  untilMs: number,
): Promise<number | null> => {
  const { serviceId, recordedFromMs, neededFromMs, firstMs, domains } = due;
  const floorMs = Math.max(floorTo(neededFromMs, minuteMs), firstMs ?? Infinity);
  let { doneFromMs } = due;
  const save = async (minutes: readonly PastMinute[], fromMs: number): Promise<boolean> => {
    const spans = pastSpans(minutes, doneFromMs ?? recordedFromMs);
    if (!(await reconstruction.save(fence, { serviceId, recordedFromMs, doneFromMs }, spans, fromMs))) return false;
    doneFromMs = fromMs;
    return true;
  };
  let computed = 0;
  let pending: readonly PastMinute[] = [];
  for (let atMs = doneFromMs ?? recordedFromMs; floorMs < atMs;) {
    const isLast = clock.nowMs() >= untilMs;
    if (isLast && computed > 0) return computed;
    const endMs = floorTo(atMs + minuteMs - 1, minuteMs);
    const fromMs = Math.max(floorMs, endMs - (domains <= fewDomains ? dayMinutes : hourMinutes) * minuteMs);
    const past = await reconstruction.past(serviceId, fromMs, (endMs - fromMs) / minuteMs);
    if (past === null) return computed;
    pending = [...pastMinutes(past), ...pending];
    if (fromMs === firstMs) pending = sinceKnown(pending);
    atMs = fromMs;
    const cut = cutOf(pending, isLast || fromMs <= floorMs);
    const done = cut === null ? [] : pending.slice(cut);
    if (cut === null || done.length === 0) continue;
    if (!(await save(done, done[0]?.startMs ?? fromMs))) return null;
    pending = pending.slice(0, cut);
    computed += done.length;
  }
  // Before the first minute there is nothing: that is known now, too.
  return (await save([], Math.min(doneFromMs ?? recordedFromMs, neededFromMs))) ? computed : null;
};

/**
 * Computes what the visitors of services with objectives got before that was recorded, from rollups of minutes: backwards, so that
 * the latest is known first. Idempotent; a run that is out of time is continued by the next.
 */
export const reconstruct = async (deps: ReconstructDeps, fence: Fence): Promise<JobReport> => {
  const { reconstruction, clock } = deps;
  const nowMs = clock.nowMs();
  const untilMs = nowMs + longestRunMs;
  const report = { services: 0, minutes: 0, refused: 0 };
  let after = 0;
  for (;;) {
    const page = await reconstruction.due(after, nowMs - keptMs("probe_rollups_minute"), nowMs, servicesPerPage);
    for (const due of page) {
      if (clock.nowMs() >= untilMs) return { ...report, unfinished: true };
      const minutes = await goBack(deps, fence, due, untilMs);
      report.services += 1;
      report.minutes += minutes ?? 0;
      if (minutes === null) report.refused += 1;
      after = due.serviceId;
    }
    if (page.length < servicesPerPage) return { ...report, unfinished: false };
  }
};
