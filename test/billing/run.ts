import { createBillingStore } from "../../src/adapters/db/billing/billing.ts";
import type { Database } from "../../src/adapters/db/platform/client.ts";
import type { Log } from "../../src/adapters/ports/platform/log.ts";
import { runBilling } from "../../src/cron/billing/bill.ts";
import type { BillingJob, BillingReport } from "../../src/cron/billing/bill.ts";
import type { BillingTerms } from "../../src/domain/billing/pricing.ts";
import { billingFence } from "./worlds.ts";

export const dayMs = 24 * 3_600_000;

/** A log that keeps what went wrong. */
export const recordingLog = (): Log & { readonly errors: string[] } => {
  const errors: string[] = [];
  const nothing = () => undefined;
  return { errors, info: nothing, warn: nothing, error: (_event, thrown) => errors.push(String(thrown)) };
};

/** Bills as the job does, by the run, with a period of a day and no grace unless said otherwise. */
export const bill = (
  db: Database,
  nowMs: number,
  options: Partial<Omit<BillingJob, "clock" | "terms">> & { readonly terms?: BillingTerms } = {},
): Promise<BillingReport> =>
  runBilling({
    store: createBillingStore(db),
    clock: { nowMs: () => nowMs, sleep: () => Promise.resolve() },
    fence: billingFence,
    cycle: "run",
    periodMs: dayMs,
    graceMs: 0,
    lookbackMs: 6 * 3_600_000,
    log: recordingLog(),
    ...options,
    terms: { rateCentsPerGb: "12", discountRate: "0.5", currency: "USD", ...options.terms },
  });
