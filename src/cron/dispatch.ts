import type { Clock } from "../adapters/ports/clock.ts";
import type { Dispatcher, Shard } from "../adapters/ports/dispatcher.ts";
import type { Random } from "../adapters/ports/random.ts";
import type { SettingsStore } from "../adapters/ports/settings.ts";
import { patiently } from "../pipeline/patience.ts";
import { createConnections, nobody } from "../pipeline/slots.ts";
import type { TickDeps } from "./tick.ts";
import { runTick } from "./tick.ts";

export type DispatchDeps = TickDeps & {
  readonly settings: SettingsStore;
  /** Null: this deployment has no way to invocations beside this one. */
  readonly dispatcher: Dispatcher | null;
};

/** A shard that has not answered by then is run here. */
const dispatchTimeoutMs = 10_000;

/** Names one run of a job: with the provider, it is the holder of a lease. */
export const newRunId = (random: Random): string =>
  Array.from(random.bytes(8), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The rounds of one shard for one minute, in this invocation. */
export const runShard = async (deps: Omit<TickDeps, "runId"> & { readonly random: Random }, shard: Shard, scheduledAtMs: number): Promise<void> => {
  await deps.sharedClock?.sync();
  await runTick({ ...deps, runId: newRunId(deps.random) }, shard, scheduledAtMs);
};

const inTime = async (clock: Clock, work: Promise<void>): Promise<void> => {
  const isAnswered = await patiently(clock, work.then(() => true), dispatchTimeoutMs, false);
  if (!isAnswered) throw new Error(`no answer within ${dispatchTimeoutMs} ms`);
};

/** Shards in this very invocation: they share its connections. One shard's failure does not stop another. */
const runSideBySide = async (deps: DispatchDeps, shards: readonly Shard[], scheduledAtMs: number): Promise<void> => {
  const connections = deps.connections ?? createConnections(deps.clock);
  const results = await Promise.allSettled(shards.map((shard) => runTick({ ...deps, connections, shardsHere: shards.length }, shard, scheduledAtMs)));
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
};

/**
 * Rounds for one minute, of every shard. A single shard runs here; of more, each is handed to an invocation of its own, and
 * one that can not be reached runs here too: detection must not depend on what hands out the work.
 * @throws the first failure of a shard that ran here
 */
export const dispatchShards = async (deps: DispatchDeps, scheduledAtMs: number): Promise<void> => {
  const { clock, dispatcher, log } = deps;
  const count = await deps.settings.shards();
  const shards = Array.from({ length: count }, (_, index) => ({ index, count }));
  if (count === 1) return await runSideBySide(deps, shards, scheduledAtMs);
  if (dispatcher === null) {
    log.warn("shards_side_by_side", { shards: count, reason: "neither the binding SHARDS nor SELF_URL with CRON_SECRET is configured" });
    return await runSideBySide(deps, shards, scheduledAtMs);
  }
  // Handing rounds out stands for the probes that are made there.
  const { probes } = deps.connections ?? createConnections(clock);
  const results = await Promise.allSettled(
    shards.map((shard) => probes(nobody, false, () => inTime(clock, dispatcher.dispatch(shard, scheduledAtMs)))),
  );
  const unreached = shards.filter((_, at) => results[at]?.status === "rejected");
  log.info("dispatch", { shards: count, unreached: unreached.length });
  if (unreached.length === 0) return;
  log.error("dispatch_failed", results.find((result) => result.status === "rejected")?.reason, { shards: unreached.map(({ index }) => index).join() });
  await runSideBySide(deps, unreached, scheduledAtMs);
};
