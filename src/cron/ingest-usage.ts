import type { CustomerSources, SourceOutcome } from "../adapters/ports/metering/cdn-accounts.ts";
import type { Breakers } from "../adapters/ports/platform/breakers.ts";
import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { HostState, IngestStore, Measurers, MeteredHolding, SliceReading } from "../adapters/ports/metering/ingest.ts";
import type { Fence } from "../adapters/ports/coordination/lease.ts";
import type { Log } from "../adapters/ports/platform/log.ts";
import type { HostWindowBytes, UsageSource } from "../adapters/ports/metering/usage.ts";
import { asksOf, inParts, planHolding, settledMarks } from "../domain/metering/metering.ts";
import type { MeteringFrame, Slice } from "../domain/metering/metering.ts";
import { completeWindows } from "../domain/metering/window.ts";
import type { JobReport } from "./job.ts";

export type IngestDeps = {
  readonly ingest: IngestStore;
  /** Read with the operator's credentials, one per CDN. */
  readonly usageSources: readonly UsageSource[];
  /** Read with the customers' own. */
  readonly customerSources: CustomerSources;
  /** One for each account that is read: their sources heed them. */
  readonly breakers: Breakers;
  readonly clock: Clock;
  readonly log: Log;
  readonly usageWindows: { readonly windowMs: number; readonly lookbackMs: number };
};

/** Sources read in parallel: each mostly waits for its CDN. */
const parallelSources = 5;
/** One statement's worth of readings. */
const rowsPerSave = 5_000;
const domainsPerPage = 5_000;
/** Sources keep minutes for a month or so; older traffic of a domain's hosts is not queried. */
const horizonMs = 31 * 86_400_000;
/** Two days of hourly windows a run: an outage of a weekend is made up for in two runs, and each run is bounded. */
const catchUpWindows = 48;
/** A source answers each query within two minutes; queries not sent by then are deferred to the next run. */
const questionsForMs = 4 * 60_000;

type PlannedHolding = MeteredHolding & { readonly slices: readonly Slice[]; readonly settlesUntilMs: number };

/**
 * One reading to do: a source, and the holdings that it is queried for. `standIn`: those of customers whose own account
 * had no figures; what the operator's account reports for them counts, and what it lacks means nothing.
 */
type Task = {
  readonly source: UsageSource;
  readonly accountId: number | null;
  readonly holdings: readonly PlannedHolding[];
  readonly standIn: readonly PlannedHolding[];
};

const frameOf = ({ clock, usageWindows: { windowMs, lookbackMs } }: IngestDeps): MeteringFrame => ({
  windows: completeWindows(clock.nowMs(), windowMs, lookbackMs),
  windowMs,
  horizonMs: Math.ceil((clock.nowMs() - Math.max(horizonMs, lookbackMs)) / windowMs) * windowMs,
  catchUpWindows,
});

const plannedHoldings = async (store: IngestStore, cdn: string, frame: MeteringFrame): Promise<readonly PlannedHolding[]> => {
  const planned: PlannedHolding[] = [];
  for (let afterDomainId = 0; ;) {
    const page = await store.holdings({ cdn, windowMs: frame.windowMs, sinceMs: frame.horizonMs, afterDomainId, limit: domainsPerPage });
    for (const holding of page) {
      const plan = planHolding(holding, frame);
      if (plan !== null) planned.push({ ...holding, ...plan });
    }
    const last = page.at(-1);
    if (last === undefined || new Set(page.map(({ domainId }) => domainId)).size < domainsPerPage) return planned;
    afterDomainId = last.domainId;
  }
};

/** A customer with an account of its own at a CDN is read with that one, all others with the operator's. */
const planReadings = async (
  deps: IngestDeps,
  frame: MeteringFrame,
): Promise<{ readonly tasks: readonly Task[]; readonly measurers: Measurers }> => {
  const own = await deps.customerSources.open();
  const cdns = [...new Set([...deps.usageSources, ...own].map(({ cdn }) => cdn))];
  const tasks: Task[] = [];
  for (const cdn of cdns) {
    const accounts = own.filter((account) => account.cdn === cdn);
    const holdings = Map.groupBy(
      await plannedHoldings(deps.ingest, cdn, frame),
      ({ customerId }) => accounts.find((account) => account.customerId === customerId) ?? null,
    );
    for (const source of deps.usageSources.filter((one) => one.cdn === cdn))
      tasks.push({ source, accountId: null, holdings: holdings.get(null) ?? [], standIn: [] });
    for (const account of accounts)
      tasks.push({ source: account.source, accountId: account.accountId, holdings: holdings.get(account) ?? [], standIn: [] });
  }
  const measurers = { cdns: deps.usageSources.map(({ cdn }) => cdn), accounts: own.map(({ customerId, cdn }) => ({ customerId, cdn })) };
  return { tasks, measurers };
};

/** The combined answers of a source for all hosts of a task. */
type Heard = {
  readonly rows: ReadonlyMap<string, HostWindowBytes>;
  readonly unreadable: ReadonlyMap<string, string>;
  readonly deferred: ReadonlySet<string>;
};

const keyOf = ({ host, startMs, endMs }: { readonly host: string; readonly startMs: number; readonly endMs: number }): string =>
  `${host} ${startMs} ${endMs}`;

/**
 * Queries first what most hosts share. Where that fails, the source fails: the next run retries. Where only a later
 * query fails, its hosts are deferred.
 * @throws the source's error
 */
const hear = async ({ source, holdings, standIn }: Task, { clock, log }: Pick<IngestDeps, "clock" | "log">): Promise<Heard> => {
  const startedAtMs = clock.nowMs();
  const heard = { rows: new Map<string, HostWindowBytes>(), unreadable: new Map<string, string>(), deferred: new Set<string>() };
  for (const [place, ask] of asksOf([...holdings, ...standIn].flatMap(({ slices }) => slices)).entries()) {
    if (clock.nowMs() - startedAtMs > questionsForMs) {
      for (const host of ask.hosts) heard.deferred.add(host);
      continue;
    }
    try {
      const reading = await source.read(ask);
      for (const { host, reason } of reading.unreadable) heard.unreadable.set(host, reason);
      for (const host of reading.deferredHosts ?? []) heard.deferred.add(host);
      for (const row of reading.rows) heard.rows.set(keyOf(row), row);
      for (const { item, reason } of reading.skipped ?? []) log.warn("usage_skipped", { source: source.cdn, item, reason });
    } catch (error) {
      if (place === 0) throw error;
      log.warn("usage_put_off", { source: source.cdn, hosts: ask.hosts.length, error: error instanceof Error ? error.message : "failed" });
      for (const host of ask.hosts) heard.deferred.add(host);
    }
  }
  return heard;
};

const readingOf = (slice: Slice, row: HostWindowBytes): SliceReading => ({
  domainId: slice.domainId,
  serviceId: slice.serviceId,
  cdn: slice.cdn,
  windowStartMs: slice.windowStartMs,
  startMs: slice.startMs,
  endMs: slice.endMs,
  bytes: row.bytes,
  ...(row.sampling !== undefined && { sampling: row.sampling }),
});

/**
 * Reads every source for the windows of the look-back, and for older ones that could not be read so far, and stores the
 * figures per host: side and customer follow from the holdings in that window, not from today's. A
 * source that fails stores nothing and does not affect the others.
 * @throws the last error where every queried source failed
 */
export const ingestUsage = async (deps: IngestDeps, fence: Fence): Promise<JobReport> =>
  await deps.breakers.during(["cdn"], async () => await ingestAll(deps, fence));

const ingestAll = async (deps: IngestDeps, fence: Fence): Promise<JobReport> => {
  const { ingest, clock, log } = deps;
  const frame = frameOf(deps);
  const { tasks, measurers } = await planReadings(deps, frame);
  const count = { windows: 0, corrections: 0, unknownHosts: 0, deferredHosts: 0, failures: 0 };
  const outcomes: SourceOutcome[] = [];
  let lastError: unknown = null;

  const noteHosts = async (task: Task, { unreadable, deferred }: Heard): Promise<void> => {
    const states = task.holdings.flatMap(({ domainId, customerId, cdn, host, isUnreadable }): HostState[] => {
      const reason = unreadable.get(host) ?? null;
      return reason !== null || (isUnreadable && !deferred.has(host)) ? [{ domainId, customerId, cdn, host, reason }] : [];
    });
    const byDomain = new Map(states.map((state) => [state.domainId, state]));
    if (byDomain.size > 0) await ingest.noteHosts(fence, [...byDomain.values()], clock.nowMs());
  };

  const save = async (task: Task, { rows, unreadable }: Heard): Promise<void> => {
    const own = task.holdings
      .flatMap(({ slices }) => slices)
      .map((slice) => ({ ...slice, row: rows.get(keyOf(slice)) ?? (unreadable.has(slice.host) ? null : undefined) }));
    const others = task.standIn.flatMap(({ slices }) => slices).map((slice) => ({ ...slice, row: rows.get(keyOf(slice)) }));
    const counted = [...own, ...others]
      // Neither a figure nor unreadable: not complete yet at the source, deferred, or no longer kept there.
      .filter(({ row }) => row !== undefined)
      .toSorted((a, b) => a.serviceId - b.serviceId || a.windowStartMs - b.windowStartMs);
    for (const part of inParts(counted, rowsPerSave)) {
      const saved = await ingest.save(fence, {
        readings: part.flatMap(({ row, ...slice }) => (row == null ? [] : [readingOf(slice, row)])),
        touched: part.flatMap(({ row, serviceId, windowStartMs }) => (row === null ? [{ serviceId, windowStartMs }] : [])),
        windowMs: frame.windowMs,
        accountId: task.accountId,
        measurers,
        readAtMs: clock.nowMs(),
      });
      count.windows += saved.stored;
      count.corrections += saved.corrected;
    }
  };

  const settle = async (task: Task, { unreadable, deferred }: Heard): Promise<void> => {
    const marks = settledMarks(task.holdings.filter(({ host }) => !unreadable.has(host) && !deferred.has(host)));
    if (marks.length > 0) await ingest.settle(fence, marks);
  };

  const missed: PlannedHolding[] = [];

  const read = async (task: Task): Promise<void> => {
    const heard = await hear(task, deps);
    const unseen = task.holdings.filter(({ host }) => heard.unreadable.has(host));
    if (task.accountId !== null) missed.push(...unseen);
    count.unknownHosts += new Set(unseen.map(({ host }) => host)).size;
    count.deferredHosts += heard.deferred.size;
    const [first] = unseen;
    if (first !== undefined) {
      log.warn("usage_unknown_hosts", {
        source: task.source.cdn,
        count: unseen.length,
        first: first.host,
        reason: heard.unreadable.get(first.host) ?? "",
      });
    }
    await noteHosts(task, heard);
    await save(task, heard);
    await settle(task, heard);
  };

  const run = async (task: Task): Promise<void> => {
    let error: unknown = null;
    try {
      await read(task);
    } catch (thrown) {
      error = thrown;
      lastError = thrown;
      count.failures += 1;
      if (task.accountId !== null) missed.push(...task.holdings);
      log.error("usage", thrown, { source: task.source.cdn, ...(task.accountId !== null && { accountId: task.accountId }) });
    }
    if (task.accountId !== null) {
      outcomes.push({ accountId: task.accountId, error: error === null ? null : error instanceof Error ? error.message : "failed" });
    }
  };

  let asked = 0;
  const runAll = async (some: readonly Task[]): Promise<void> => {
    const waiting = some.filter(({ holdings, standIn }) => holdings.length + standIn.length > 0);
    asked += waiting.length;
    const work = async (): Promise<void> => {
      for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) await run(task);
    };
    await Promise.all(Array.from({ length: parallelSources }, work));
  };
  // The customers' own accounts first: where they fail, the operator's credentials may work.
  await runAll(tasks.filter(({ accountId }) => accountId !== null));
  await runAll(
    tasks
      .filter(({ accountId }) => accountId === null)
      .map((task) => ({ ...task, standIn: missed.filter(({ cdn }) => cdn === task.source.cdn) })),
  );
  if (outcomes.length > 0) await deps.customerSources.note(fence, outcomes, clock.nowMs());
  if (count.failures > 0 && count.failures === asked) throw lastError;
  return { sources: asked, ...count };
};
