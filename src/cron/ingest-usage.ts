import type { Clock } from "../adapters/ports/clock.ts";
import type { IngestStore, MeteredHost, SideUsage } from "../adapters/ports/ingest.ts";
import type { Fence } from "../adapters/ports/lease.ts";
import type { Log } from "../adapters/ports/log.ts";
import type { HostWindowBytes, UsageSource } from "../adapters/ports/usage.ts";
import { completeWindows } from "../domain/window.ts";
import type { JobReport } from "./job.ts";

export type IngestDeps = {
  readonly ingest: IngestStore;
  readonly usageSources: readonly UsageSource[];
  readonly clock: Clock;
  readonly log: Log;
  readonly usageWindows: { readonly windowMs: number; readonly lookbackMs: number };
};

/** Adds up a service's hosts. A window of which any host has no reading is left out: half a sum would be a wrong one. */
const sumByService = (hosts: readonly MeteredHost[], rows: readonly HostWindowBytes[]): readonly SideUsage[] => {
  const byHost = Map.groupBy(rows, (row) => row.host);
  return [...Map.groupBy(hosts, (host) => host.serviceId).values()].flatMap((own) => {
    const [first] = own;
    const windows = Map.groupBy(own.flatMap(({ host }) => byHost.get(host) ?? []), (row) => row.startMs);
    return [...windows.values()].flatMap((same) => {
      const [row] = same;
      if (first === undefined || row === undefined || same.length < own.length) return [];
      const bytes = same.reduce((sum, one) => sum + one.bytes, 0);
      return [{ serviceId: first.serviceId, side: first.side, startMs: row.startMs, endMs: row.endMs, bytes }];
    });
  });
};

/**
 * Reads every source for the complete windows of the look-back and stores what it says. A source that fails stores
 * nothing and does not hinder the others.
 * @throws the last error where every source that had to be asked failed
 */
export const ingestUsage = async (deps: IngestDeps, fence: Fence): Promise<JobReport> => {
  const { ingest, usageSources, clock, log } = deps;
  const windows = completeWindows(clock.nowMs(), deps.usageWindows.windowMs, deps.usageWindows.lookbackMs);
  let [asked, stored, unknownHosts, failures] = [0, 0, 0, 0];
  let lastError: unknown = null;
  for (const source of usageSources) {
    asked += 1;
    try {
      const hosts = await ingest.hosts(source.cdn);
      if (hosts.length === 0) {
        asked -= 1;
        continue;
      }
      const reading = await source.read({ hosts: [...new Set(hosts.map(({ host }) => host))], windows });
      const metered = hosts.filter(({ host }) => !reading.unknownHosts.includes(host));
      unknownHosts += reading.unknownHosts.length;
      if (reading.unknownHosts.length > 0) {
        log.warn("usage_unknown_hosts", { source: source.cdn, count: reading.unknownHosts.length, first: reading.unknownHosts[0] });
      }
      stored += await ingest.save(fence, source.cdn, sumByService(metered, reading.rows));
    } catch (error) {
      failures += 1;
      lastError = error;
      log.error("usage", error, { source: source.cdn });
    }
  }
  if (failures > 0 && failures === asked) throw lastError;
  return { sources: usageSources.length, windows: stored, unknownHosts, failures };
};
