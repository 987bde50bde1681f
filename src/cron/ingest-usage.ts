import type { CustomerSources, SourceOutcome } from "../adapters/ports/cdn-accounts.ts";
import type { Clock } from "../adapters/ports/clock.ts";
import type { IngestStore, MeteredHost, SideUsage } from "../adapters/ports/ingest.ts";
import type { Fence } from "../adapters/ports/lease.ts";
import type { Log } from "../adapters/ports/log.ts";
import type { UsageQuery, UsageSource } from "../adapters/ports/usage.ts";
import { sumByService } from "../domain/usage-sum.ts";
import { completeWindows } from "../domain/window.ts";
import type { JobReport } from "./job.ts";

export type IngestDeps = {
  readonly ingest: IngestStore;
  /** Read with the operator's credentials, one per CDN. */
  readonly usageSources: readonly UsageSource[];
  /** Read with the customers' own. */
  readonly customerSources: CustomerSources;
  readonly clock: Clock;
  readonly log: Log;
  readonly usageWindows: { readonly windowMs: number; readonly lookbackMs: number };
};

/** Sources side by side: each one waits for its CDN most of the time. */
const parallelSources = 5;
/** One statement's worth of windows. */
const rowsPerSave = 5_000;

/** One reading to do: a source, and whose hosts it may be asked for. */
type Task = { readonly source: UsageSource; readonly accountId: number | null; readonly hosts: readonly MeteredHost[] };

/** A customer with an account of its own at a CDN is read with that one, all others with the operator's. */
const planReadings = async ({ ingest, usageSources, customerSources }: IngestDeps): Promise<readonly Task[]> => {
  const own = await customerSources.open();
  const cdns = [...new Set([...usageSources, ...own].map(({ cdn }) => cdn))];
  const tasks: Task[] = [];
  for (const cdn of cdns) {
    const accounts = own.filter((account) => account.cdn === cdn);
    const hosts = Map.groupBy(await ingest.hosts(cdn), ({ customerId }) => accounts.find((account) => account.customerId === customerId) ?? null);
    for (const source of usageSources.filter((one) => one.cdn === cdn)) tasks.push({ source, accountId: null, hosts: hosts.get(null) ?? [] });
    for (const account of accounts) tasks.push({ source: account.source, accountId: account.accountId, hosts: hosts.get(account) ?? [] });
  }
  return tasks.filter((task) => task.hosts.length > 0);
};

/**
 * Reads every source for the complete windows of the look-back and stores what it says. A source that fails stores
 * nothing and does not hinder the others.
 * @throws the last error where every source that had to be asked failed
 */
export const ingestUsage = async (deps: IngestDeps, fence: Fence): Promise<JobReport> => {
  const { ingest, clock, log } = deps;
  const windows = completeWindows(clock.nowMs(), deps.usageWindows.windowMs, deps.usageWindows.lookbackMs);
  const tasks = await planReadings(deps);
  const count = { windows: 0, corrections: 0, unknownHosts: 0, deferredHosts: 0, failures: 0 };
  const outcomes: SourceOutcome[] = [];
  let lastError: unknown = null;

  const save = async (cdn: string, usage: readonly SideUsage[]): Promise<void> => {
    for (let from = 0; from < usage.length; from += rowsPerSave) {
      const saved = await ingest.save(fence, cdn, usage.slice(from, from + rowsPerSave));
      count.windows += saved.stored;
      count.corrections += saved.corrected;
    }
  };

  const read = async ({ source, hosts }: Task, query: UsageQuery): Promise<void> => {
    const reading = await source.read(query);
    const unread = new Set([...reading.unknownHosts, ...(reading.deferredHosts ?? [])]);
    count.unknownHosts += reading.unknownHosts.length;
    count.deferredHosts += reading.deferredHosts?.length ?? 0;
    if (reading.unknownHosts.length > 0) {
      log.warn("usage_unknown_hosts", { source: source.cdn, count: reading.unknownHosts.length, first: reading.unknownHosts[0] });
    }
    // A host that was put off belongs to its service all the same: without it the sum would be a wrong one.
    const unknown = new Set(reading.unknownHosts);
    const metered = hosts.filter(({ host }) => !unknown.has(host));
    await save(source.cdn, sumByService(metered, reading.rows.filter(({ host }) => !unread.has(host))));
  };

  const run = async (task: Task): Promise<void> => {
    const hosts = [...new Set(task.hosts.map(({ host }) => host))];
    let error: unknown = null;
    try {
      await read(task, { hosts, windows });
    } catch (thrown) {
      error = thrown;
      lastError = thrown;
      count.failures += 1;
      log.error("usage", thrown, { source: task.source.cdn, ...(task.accountId !== null && { accountId: task.accountId }) });
    }
    if (task.accountId !== null) {
      outcomes.push({ accountId: task.accountId, error: error === null ? null : error instanceof Error ? error.message : "failed" });
    }
  };

  const waiting = [...tasks];
  const work = async (): Promise<void> => {
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) await run(task);
  };
  await Promise.all(Array.from({ length: parallelSources }, work));
  if (outcomes.length > 0) await deps.customerSources.note(fence, outcomes, clock.nowMs());
  if (count.failures > 0 && count.failures === tasks.length) throw lastError;
  return { sources: tasks.length, ...count };
};
