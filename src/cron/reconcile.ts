import type { Clock } from "../adapters/ports/clock.ts";
import type { Fence } from "../adapters/ports/lease.ts";
import type { Log } from "../adapters/ports/log.ts";
import type { ReconciliationStore } from "../adapters/ports/reconciliation.ts";
import { packChunks } from "./bill.ts";
import type { JobReport } from "./job.ts";

export type ReconcileDeps = { readonly reconciliation: ReconciliationStore; readonly clock: Clock; readonly log: Log };

const customersPerPage = 1_000;
/** So many rows are named in the log; all of them are in `reconciliation_findings`. */
const namedRows = 50;

/**
 * Compares every customer's lines with snapshots, corrections, storms and invoices. Whatever differs, be it one cent or
 * one byte, is an alert: an error line that names the row, a row in `reconciliation_findings` and a metric.
 * @throws the last error where nothing at all could be checked
 */
export const reconcile = async ({ reconciliation, clock, log }: ReconcileDeps, fence: Fence): Promise<JobReport> => {
  const count = { customers: 0, windows: 0, differences: 0, cleared: 0, failures: 0, fenced: false };
  const nowMs = clock.nowMs();
  let lastError: unknown = null;

  const check = async (customerIds: readonly number[]): Promise<void> => {
    try {
      const result = await reconciliation.check(fence, customerIds, nowMs);
      count.fenced ||= !result.held;
      count.cleared += result.cleared;
      for (const finding of result.findings) {
        count.differences += 1;
        if (count.differences <= namedRows) log.error("reconciliation_difference", new Error("figures differ"), { ...finding });
      }
    } catch (error) {
      lastError = error;
      count.failures += customerIds.length;
      log.error("reconcile", error, { customers: customerIds.length, firstCustomerId: customerIds[0] });
    }
  };

  for (let afterCustomerId = 0; ; ) {
    const page = await reconciliation.customers({ afterCustomerId, limit: customersPerPage });
    count.customers += page.length;
    count.windows += page.reduce((sum, { windows }) => sum + windows, 0);
    for (const customerIds of packChunks(page)) {
      await check(customerIds);
      if (count.fenced) return count;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < customersPerPage) break;
    afterCustomerId = last.customerId;
  }
  if (count.failures > 0 && count.failures === count.customers) throw lastError;
  return count;
};
