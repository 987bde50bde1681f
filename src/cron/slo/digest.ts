import type { Fence } from "../../adapters/ports/coordination/lease.ts";
import type { Clock } from "../../adapters/ports/platform/clock.ts";
import type { DigestBook, DueCustomer, Week, WeekObjective } from "../../adapters/ports/slo/digest.ts";
import type { DigestObjective } from "../../domain/slo/digest.ts";
import { digestOf, weekBefore } from "../../domain/slo/digest.ts";
import { windowBefore } from "../../domain/slo/objective.ts";
import { statusIn } from "../../domain/slo/status.ts";
import type { JobReport } from "../job.ts";

export type DigestDeps = {
  readonly digestBook: DigestBook;
  readonly clock: Clock;
  /** Starts to deliver messages about what was just stored, in the background. Never throws. */
  readonly tell?: () => void;
};

/** Monday 09:00 UTC: by then every state of the week is settled, and people are at work. */
const sentAfterUs = 9 * 3_600_000_000;
const customersPerPage = 50;
const objectivesPerPage = 1_000;
/** A run begins no page after so long, and the next continues. */
const runMs = 120_000;
/** After so many customers that failed it is not the customer. */
const mostFailures = 10;

const lineOf = ({ terms, tallies, ofWeek, ...one }: WeekObjective, { toUs }: Week): DigestObjective => ({
  objectiveId: one.objectiveId,
  name: one.name,
  serviceId: one.serviceId,
  service: one.service,
  target: terms.target,
  status: statusIn(terms, tallies, windowBefore(terms, toUs)),
  weekDownUs: ofWeek.downUs,
  weekConsumedUs: ofWeek.consumedUs,
});

/** The lines of these customers' digests, page after page. */
const linesOf = async (
  { digestBook, clock }: DigestDeps,
  customers: readonly DueCustomer[],
  week: Week,
): Promise<ReadonlyMap<number, DigestObjective[]>> => {
  const lines = new Map<number, DigestObjective[]>(customers.map(({ customerId }) => [customerId, []]));
  for (let after = 0; ;) {
    const page = await digestBook.objectives([...lines.keys()], week, after, objectivesPerPage, clock.nowMs());
    for (const one of page) lines.get(one.customerId)?.push(lineOf(one, week));
    after = page.at(-1)?.objectiveId ?? after;
    if (page.length < objectivesPerPage) return lines;
  }
};

/** Stores the digests of these customers. @returns how many are new; null: the lease is lost */
const store = async (deps: DigestDeps, fence: Fence, customers: readonly DueCustomer[], week: Week): Promise<number | null> => {
  const lines = await linesOf(deps, customers, week);
  return await deps.digestBook.save(
    fence,
    customers.map(({ customerId, ...facts }) => ({
      customerId,
      digest: digestOf({ ...facts, week: week.week, objectives: lines.get(customerId) ?? [] }),
    })),
  );
};

/**
 * Writes the digests of the last ISO week that is over, from Monday 09:00 UTC on: each customer's once, whoever runs and however
 * often. The figures are those at the end of the week, whenever that is done. Where it fails for some customers, each of them
 * comes by itself.
 * @throws what the first customer failed for, after all that could be done
 */
export const sendDigests = async (deps: DigestDeps, fence: Fence): Promise<JobReport> => {
  const { digestBook, clock, tell } = deps;
  const nowUs = clock.nowMs() * 1_000;
  const week = weekBefore(nowUs);
  const report = { week: week.week, digests: 0 };
  if (nowUs < week.toUs + sentAfterUs) return { ...report, unfinished: false };
  const untilMs = clock.nowMs() + runMs;
  const failures: unknown[] = [];
  let unfinished = true;
  for (let after = 0; unfinished && clock.nowMs() < untilMs && failures.length < mostFailures;) {
    const customers = await digestBook.due(week, after, customersPerPage, clock.nowMs());
    const groups: (readonly DueCustomer[])[] = customers.length === 0 ? [] : [customers];
    for (let group = groups.shift(); group !== undefined && clock.nowMs() < untilMs; group = groups.shift()) {
      try {
        const stored = await store(deps, fence, group, week);
        if (stored === null) return { ...report, unfinished: true };
        report.digests += stored;
        if (stored > 0) tell?.();
      } catch (error) {
        if (group.length === 1) failures.push(error);
        if (failures.length >= mostFailures) break;
        if (group.length > 1) groups.push(...group.map((one) => [one]));
      }
    }
    after = customers.at(-1)?.customerId ?? after;
    unfinished = customers.length >= customersPerPage;
  }
  if (failures.length > 0) throw failures[0];
  return { ...report, unfinished };
};
