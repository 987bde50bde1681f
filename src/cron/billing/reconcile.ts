import type { Fence } from "../../adapters/ports/coordination/lease.ts";
import type { FindingPlace, InvoicePlace } from "../../adapters/ports/billing/reconciliation.ts";
import { checkLimits } from "../../domain/metering/check-spans.ts";
import type { JobReport } from "../job.ts";
import { openRun } from "./reconcile-run.ts";
import type { ReconcileDeps, ReconcileRun, SweepEnd } from "./reconcile-run.ts";
import { firstPlace, sweepWindows } from "./reconcile-windows.ts";
import type { WindowPlace } from "./reconcile-windows.ts";

export type { ReconcileDeps } from "./reconcile-run.ts";

const dayMs = 86_400_000;

/** Windows of so many days are checked every night; older ones, and invoices, in rotation. */
const recentMs = 35 * dayMs;

/** A run stops here, and the next continues. An invocation may last 15 minutes on Cloudflare, 300 s on Vercel. */
const longestRunMs = (provider: string): number => (provider === "cloudflare" ? 8 : 4) * 60_000;

/** The share of a run's time by which each sweep ends. What one leaves unused is the next one's. */
const shares = { gone: 0.05, recent: 0.5, invoices: 0.75, history: 1 } as const;

/**
 * The sweep over what is older than the recent windows. `beforeMs`: its end this time; `coveredMs`: up to where
 * the last complete sweep checked every service. Recent windows begin there, so that no window is in neither.
 */
type HistoryPosition = { readonly place: WindowPlace; readonly beforeMs: number; readonly coveredMs: number | null };

const firstInvoice: InvoicePlace = { customerId: 0, number: 0, count: 0 };

const sweepInvoices = async (run: ReconcileRun, untilMs: number): Promise<SweepEnd> => {
  const sweep = "reconcile:invoices";
  let place = ((await run.reconciliation.position(sweep)) as InvoicePlace | null) ?? firstInvoice;
  for (let { lines } = run.limits; ;) {
    const result = await run.reconciliation.checkInvoices(run.fence, place, lines, run.nowMs);
    if (result.status !== "checked") {
      if (result.status === "fenced") return "fenced";
      if (lines === 1) throw new Error(`the invoice behind number ${place.number} of customer ${place.customerId} takes too long to check`);
      lines = Math.ceil(lines / 4);
      continue;
    }
    run.count.chunks += 1;
    run.count.invoices += result.invoices;
    run.note(result);
    if (!(await run.reconciliation.keepPosition(run.fence, sweep, result.next ?? firstInvoice))) return "fenced";
    if (result.next === null) return "done";
    place = result.next;
    if (run.clock.nowMs() >= untilMs) return "later";
  }
};

const forgetGone = async (run: ReconcileRun, untilMs: number): Promise<void> => {
  let after: FindingPlace | null = null;
  do {
    const result: Awaited<ReturnType<typeof run.reconciliation.forgetGone>> = await run.reconciliation.forgetGone(
      run.fence,
      after,
      run.nowMs,
    );
    run.count.cleared += result.cleared;
    after = result.next;
  } while (after !== null && run.clock.nowMs() < untilMs);
};

/**
 * Compares windows with their facts and with what was issued for them, and invoices with their lines. Any
 * difference, be it one cent or one byte, is an alert: an error line that names the row, a row in `reconciliation_findings`
 * and a metric. Recent windows come first every night; older ones and invoices continue where the last run stopped, so that
 * each is checked again in rotation, however many there are.
 * @param budgetMs after which no further chunk is begun
 * @throws the last error where nothing at all could be checked
 */
export const reconcile = async (
  deps: ReconcileDeps,
  fence: Fence,
  budgetMs = longestRunMs(deps.provider),
  limits = checkLimits,
): Promise<JobReport> => {
  const run = openRun(deps, fence, limits);
  const { reconciliation, nowMs, count } = run;
  const { windowMs } = deps.usageWindows;
  const untilMs = (share: number): number => nowMs + share * budgetMs;
  const recentFromMs = Math.floor((nowMs - recentMs) / windowMs) * windowMs;

  const recentPlace = (await reconciliation.position("reconcile:recent")) as WindowPlace | null;
  const stored = (await reconciliation.position("reconcile:history")) as HistoryPosition | null;
  const isNewTurn = stored === null || stored.place.serviceId === 0;
  const history: HistoryPosition = isNewTurn ? { place: firstPlace, beforeMs: recentFromMs, coveredMs: stored?.coveredMs ?? null } : stored;

  const sweepRecent = (): Promise<SweepEnd> =>
    sweepWindows(run, {
      count: "recentWindows",
      suffix: "",
      untilMs: untilMs(shares.recent),
      place: recentPlace ?? firstPlace,
      frame: { windowMs, fromMs: Math.min(recentFromMs, history.coveredMs ?? history.beforeMs), toMs: Number.POSITIVE_INFINITY },
      keep: (place) => reconciliation.keepPosition(fence, "reconcile:recent", place),
    });
  const sweepHistory = (): Promise<SweepEnd> =>
    sweepWindows(run, {
      count: "olderWindows",
      suffix: ":older",
      untilMs: untilMs(shares.history),
      place: history.place,
      frame: { windowMs, fromMs: null, toMs: history.beforeMs },
      keep: (place) =>
        reconciliation.keepPosition(fence, "reconcile:history", {
          ...history,
          place,
          coveredMs: place.serviceId === 0 ? history.beforeMs : history.coveredMs,
        }),
    });

  await forgetGone(run, untilMs(shares.gone));
  const ends: SweepEnd[] = [];
  for (const [name, sweep] of Object.entries({
    recent: sweepRecent,
    invoices: () => sweepInvoices(run, untilMs(shares.invoices)),
    history: sweepHistory,
  })) {
    const end = await sweep().catch((error: unknown): SweepEnd => {
      run.fail(error, { sweep: name });
      return "later";
    });
    ends.push(end);
    if (end === "fenced") break;
  }
  const fenced = ends.includes("fenced");
  if (count.failures > 0 && count.chunks === 0) throw run.lastError();
  return { ...count, fenced, finished: !fenced && !ends.includes("later") };
};
