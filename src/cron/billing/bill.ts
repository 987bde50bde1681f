import { BillingRefused } from "../../adapters/ports/billing/billing.ts";
import type { BillingFrame, BillingStore, DueCustomer } from "../../adapters/ports/billing/billing.ts";
import type { Clock } from "../../adapters/ports/platform/clock.ts";
import type { Fence } from "../../adapters/ports/coordination/lease.ts";
import type { Log } from "../../adapters/ports/platform/log.ts";
import { dueBounds } from "../../domain/billing/billing-cycle.ts";
import type { BillingCycle } from "../../domain/billing/billing-cycle.ts";
import type { CustomerTerms } from "../../domain/billing/pricing.ts";

export type BillingJob = {
  readonly store: BillingStore;
  readonly clock: Clock;
  /** Of customers without terms of their own. */
  readonly terms: CustomerTerms;
  readonly fence: Fence;
  /** Of customers whose terms name none. */
  readonly cycle: BillingCycle;
  readonly periodMs: number;
  readonly graceMs: number;
  /** How long billing waits for an incomplete side: the look-back of metering. */
  readonly lookbackMs: number;
  readonly log: Log;
};

/**
 * The result of a run. `customers` were due, if only with a cycle to close; `failures` of them could not be
 * billed and stay due.
 */
export type BillingReport = {
  readonly customers: number;
  readonly invoices: number;
  readonly lines: number;
  readonly failures: number;
  /** The lease was lost during the run: the rest is left to its new holder. */
  readonly fenced: boolean;
};

/** A chunk is a transaction of one to two seconds: many small customers, or few with many windows. */
const customersPerChunk = 100;
const windowsPerChunk = 10_000;
/**
 * No two chunks share a customer, so none waits for another's rows. All complete before the next begin: each locks the
 * row of the lease while it runs, and in between it can be renewed.
 */
const chunksAtOnce = 2;
/** A customer with more due than one statement can do in time gets the rest on further invoices, at once. */
const windowsPerStatement = 50_000;
/** Customers whose windows are counted in one statement: with a hundred due each, within a second. */
const customersPerPage = 2_000;
/** After so many requests in a row without an answer the database is taken to be unreachable; the next run finds what is due. */
const silenceLimit = 3;

/** Consecutive customers up to both limits; a customer is never split, so one alone may exceed the second. */
export const packChunks = (due: readonly DueCustomer[]): number[][] => {
  const chunks: number[][] = [];
  let windows = Number.POSITIVE_INFINITY;
  for (const customer of due) {
    const last = chunks.at(-1);
    if (last === undefined || last.length >= customersPerChunk || windows + customer.windows > windowsPerChunk) {
      chunks.push([customer.customerId]);
      windows = customer.windows;
    } else {
      last.push(customer.customerId);
      windows += customer.windows;
    }
  }
  return chunks;
};

/**
 * Bills every unbilled window that ended by the bound of its customer's cycle (semantics §9; `domain/billing/billing-cycle.ts`),
 * and adjusts billed ones. Safe to run concurrently, to be killed anywhere and to be repeated: the store bills each window
 * once, and closes each day or month of a customer once.
 * @throws the store's error when the database is unreachable
 */
export const runBilling = async (job: BillingJob): Promise<BillingReport> => {
  const nowMs = job.clock.nowMs();
  const frame: BillingFrame = {
    terms: job.terms,
    cycle: job.cycle,
    issuedAtMs: nowMs,
    bounds: dueBounds(nowMs, job.graceMs, job.periodMs),
    withheldAfterMs: nowMs - job.lookbackMs,
    maxWindows: windowsPerStatement,
  };
  const count = { customers: 0, invoices: 0, lines: 0, failures: 0, fenced: false };
  let [silence, answered] = [0, false];
  let lastError: unknown = null;

  /** One statement for these customers. @returns the customers that need statements of their own: all for their rest, or one by one */
  const issue = async (customerIds: readonly number[]): Promise<(readonly number[])[]> => {
    try {
      const result = await job.store.issue({ ...frame, fence: job.fence, customerIds });
      answered = true;
      if (result.status === "fenced") {
        count.fenced = true;
        return [];
      }
      count.invoices += result.invoices;
      count.lines += result.lines;
      return result.more ? [customerIds] : [];
    } catch (error) {
      if (error instanceof BillingRefused) answered = true;
      else lastError = error;
      if (error instanceof BillingRefused && customerIds.length > 1) return customerIds.map((customerId) => [customerId]);
      count.failures += customerIds.length;
      job.log.error("bill", error, { customers: customerIds.length, firstCustomerId: customerIds[0] });
      return [];
    }
  };

  const issueAtOnce = async (chunks: readonly (readonly number[])[]): Promise<(readonly number[])[]> => {
    answered = false;
    const left = (await Promise.all(chunks.map(issue))).flat();
    silence = answered ? 0 : silence + 1;
    if (silence >= silenceLimit) throw lastError;
    return left;
  };

  const issueAll = async (chunks: readonly (readonly number[])[]): Promise<void> => {
    const left = await issueAtOnce(chunks);
    for (let next = left.shift(); next !== undefined && !count.fenced; next = left.shift()) left.unshift(...(await issueAtOnce([next])));
  };

  let afterCustomerId = 0;
  for (;;) {
    const page = await job.store.due(frame, { afterCustomerId, limit: customersPerPage });
    count.customers += page.length;
    const chunks = packChunks(page);
    for (let first = 0; first < chunks.length && !count.fenced; first += chunksAtOnce) {
      await issueAll(chunks.slice(first, first + chunksAtOnce));
    }
    if (count.fenced) return count;
    const last = page.at(-1);
    if (last === undefined || page.length < customersPerPage) return count;
    afterCustomerId = last.customerId;
  }
};
