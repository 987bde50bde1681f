import { createReconciliationStore } from "../../src/adapters/db/billing/reconciliation.ts";
import type { Noted } from "../../src/adapters/ports/billing/reconciliation.ts";
import { checkChunks } from "../../src/domain/metering/check-spans.ts";
import type { WindowTally } from "../../src/domain/metering/window-tally.ts";
import type { TestDatabase } from "../support/database.ts";
import { billingFence } from "./worlds.ts";

const windowMs = 3_600_000;

/** All that the reconciliation finds of these customers (consecutive ids) and of their services, and of nobody else. */
export const reconcileCustomers = async (database: TestDatabase, customerIds: readonly number[], nowMs: number) => {
  const store = createReconciliationStore(database.db);
  const noted: Noted[] = [];
  const tallies: WindowTally[] = [];
  const [firstId, lastId] = [Math.min(...customerIds), Math.max(...customerIds)];
  const [range] = await database.sql<{ first: string | null; last: string | null }>(
    "select min(id) as first, max(id) as last from services where customer_id = any($1::bigint[])",
    [customerIds],
  );
  if (range?.first != null) {
    const page = await store.services({ fromServiceId: Number(range.first), limit: 100_000, nowMs });
    const own = page.filter(({ serviceId }) => serviceId <= Number(range.last));
    for (const spans of checkChunks(own, { windowMs, fromMs: null, toMs: Number.POSITIVE_INFINITY })) {
      const result = await store.checkWindows(billingFence, spans, { windowMs, measuredCdns: [], completeByMs: nowMs, nowMs });
      if (result.status !== "checked") throw new Error(`the windows were not checked: ${result.status}`);
      noted.push(result);
      tallies.push(...result.tallies);
    }
  }
  for (let place = { customerId: firstId - 1, number: 0, count: 0 }; place.customerId <= lastId;) {
    const result = await store.checkInvoices(billingFence, place, 20_000, nowMs);
    if (result.status !== "checked") throw new Error(`the invoices were not checked: ${result.status}`);
    noted.push(result);
    if (result.next === null) break;
    place = result.next;
  }
  return {
    findings: noted.flatMap(({ named }) => named),
    differences: noted.reduce((sum, { differences }) => sum + differences, 0),
    cleared: noted.reduce((sum, { cleared }) => sum + cleared, 0),
    tallies,
  };
};

/** What `reconcileCustomers` says where all is well. */
export const nothingFound = { findings: [], differences: 0, cleared: 0, tallies: [] };
