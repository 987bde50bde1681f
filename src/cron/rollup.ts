import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { Fence } from "../adapters/ports/coordination/lease.ts";
import type { RollupStore } from "../adapters/ports/detection/rollups.ts";
import type { JobReport } from "./job.ts";

export type RollupDeps = { readonly rollups: RollupStore; readonly clock: Clock; readonly sampleRetentionMs: number };

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Minutes are summed up again for so long: a sample is stored at most this long after the slot of its round. */
const lateMs = 10 * minuteMs;

/** A minute is summed up once the round that began in it must have ended. */
const settleMs = minuteMs;

/** Minutes in one statement: more while the database is fast, else fewer. */
const [fewest, first, most] = [1, 5, 60];
const [quickMs, slowMs] = [1_000, 4_000];

/** Domains in one statement for an hour. */
const domainsPerPage = 500;

/** Minutes are folded once they can no longer change. */
const foldAfterMs = 2 * hourMs;

/** Hours that one run folds: after an upgrade there are weeks of them, over several runs. */
const foldsPerRun = 12;

const floorTo = (ms: number, unitMs: number): number => Math.floor(ms / unitMs) * unitMs;

const rollMinutes = async (deps: RollupDeps, fence: Fence, fromMs: number, toMs: number): Promise<number> => {
  const { rollups, clock } = deps;
  let statements = 0;
  let size = first;
  for (let startMs = fromMs; startMs < toMs;) {
    const endMs = Math.min(toMs, startMs + size * minuteMs);
    const begunAtMs = clock.nowMs();
    if (!(await rollups.rollMinutes(fence, startMs, endMs))) break;
    const tookMs = clock.nowMs() - begunAtMs;
    if (tookMs < quickMs) size = Math.min(most, size * 2);
    if (tookMs > slowMs) size = Math.max(fewest, Math.floor(size / 2));
    statements += 1;
    startMs = endMs;
  }
  return statements;
};

const rollHours = async (deps: RollupDeps, fence: Fence, fromMs: number, toMs: number): Promise<number> => {
  let hours = 0;
  for (let startMs = fromMs; startMs < toMs; startMs += hourMs) {
    let after: number | null = 0;
    while (after !== null) after = await deps.rollups.rollHour(fence, startMs, after, domainsPerPage);
    if (!(await deps.rollups.markHours(fence, startMs + hourMs))) break;
    hours += 1;
  }
  return hours;
};

const fold = async ({ rollups }: RollupDeps, fence: Fence, foldedMs: number | null, hoursDoneMs: number): Promise<number> => {
  const firstMs = foldedMs ?? (await rollups.firstMinute());
  if (firstMs === null) return 0;
  const fromMs = floorTo(firstMs, hourMs);
  const toMs = Math.min(hoursDoneMs - foldAfterMs, fromMs + foldsPerRun * hourMs);
  let folded = 0;
  for (let startMs = fromMs; startMs < toMs; startMs += hourMs) {
    let after: number | null = 0;
    while (after !== null) after = await rollups.fold(fence, startMs, after, domainsPerPage);
    if (!(await rollups.markFolded(fence, startMs + hourMs))) break;
    folded += 1;
  }
  return folded;
};

/**
 * Sums up samples by minute and minutes by hour, from where the last run stopped, with some overlap: late
 * samples are included. Idempotent; a missed run is made up for. Minutes that can
 * no longer change are folded: the hour in one row.
 */
export const rollUp = async (deps: RollupDeps, fence: Fence): Promise<JobReport> => {
  const nowMs = deps.clock.nowMs();
  const { rollups } = deps;
  const marks = await rollups.marks();
  const oldestMs = floorTo(nowMs - deps.sampleRetentionMs, hourMs);
  const fromMs = Math.max(oldestMs, (marks.minuteMs ?? oldestMs) - lateMs);
  const toMs = floorTo(nowMs - settleMs, minuteMs);
  const statements = await rollMinutes(deps, fence, fromMs, toMs);
  const doneMs = (await rollups.marks()).minuteMs ?? oldestMs;
  const hours = await rollHours(deps, fence, floorTo(Math.min(fromMs, marks.hourMs ?? fromMs), hourMs), floorTo(doneMs, hourMs));
  const folded = await fold(deps, fence, marks.foldMs, (await rollups.marks()).hourMs ?? 0);
  return { minutes: Math.max(0, toMs - fromMs) / minuteMs, statements, hours, folded };
};
