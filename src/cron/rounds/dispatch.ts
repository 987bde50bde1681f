import type { Clock } from "../../adapters/ports/platform/clock.ts";
import type { Dispatcher, SettingsStore, Shard } from "../../adapters/ports/coordination/shards.ts";
import type { Random } from "../../adapters/ports/platform/random.ts";
import { patiently } from "../../pipeline/with-timeout.ts";
import { createRequestPool } from "../../pipeline/requests.ts";
import { createConnections, nobody } from "../../pipeline/connection-slots.ts";
import { retryMs } from "./shard-role.ts";
import type { TickDeps } from "./tick.ts";
import { runMs, runTick } from "./tick.ts";
import { toHex } from "../../domain/platform/hex.ts";

export type DispatchDeps = TickDeps & {
  readonly settings: SettingsStore;
  /** Null: this deployment can not start other invocations. */
  readonly dispatcher: Dispatcher | null;
};

/** A shard that has not answered by then is run here. */
const dispatchTimeoutMs = 10_000;
/** Deadline of all: where nothing answers, the time-outs do not add up. */
const dispatchAllMs = 20_000;

/** Id of one run of a job: with the provider, it is the holder of a lease. */
export const newRunId = (random: Random): string => toHex(random.bytes(8));

/** Everything in this invocation shares its connections and its request limit. */
const together = <Deps extends Omit<DispatchDeps, "runId">>(deps: Deps) => {
  const connections = deps.connections ?? createConnections(deps.clock);
  return { ...deps, connections, requestPool: createRequestPool(deps.requestLimit ?? Number.POSITIVE_INFINITY, connections) };
};

type Together = ReturnType<typeof together<DispatchDeps>>;

/** The rounds of one shard for one minute, in this invocation; where the number of shards changes, those of all shards. */
export const runShard = async (
  deps: Omit<DispatchDeps, "runId"> & { readonly random: Random },
  shard: Shard,
  scheduledAtMs: number,
): Promise<void> => {
  await deps.sharedClock?.sync();
  const run = { ...together(deps), runId: newRunId(deps.random) };
  const leftUntilMs = await runTick(run, shard, scheduledAtMs);
  // One run dispatches the new shards: that of shard 0, which always exists.
  if (leftUntilMs !== null && shard.index === 0) await dispatchUntil(run, scheduledAtMs, leftUntilMs);
};

/** The number of shards. A brief outage of the database must not cost the minute. @throws its last error where it lasts */
const shardsNow = async ({ settings, clock, log, probe }: DispatchDeps): Promise<number> => {
  const [untilMs, againMs] = [clock.nowMs() + runMs, retryMs(probe.intervalMs)];
  for (let isTold = false; ; isTold = true) {
    try {
      return await settings.shards();
    } catch (error) {
      if (clock.nowMs() + againMs >= untilMs) throw error;
      if (!isTold) log.error("shards_unanswered", error);
      await clock.sleep(againMs);
    }
  }
};

/** @throws Error where there is no answer in time */
const inTime = async (clock: Clock, ask: () => Promise<void>, untilMs: number): Promise<void> => {
  const mostMs = Math.min(dispatchTimeoutMs, untilMs - clock.nowMs());
  if (mostMs <= 0) throw new Error(`not asked within ${dispatchAllMs} ms: others did not answer`);
  const isAnswered = await patiently(
    clock,
    ask().then(() => true),
    mostMs,
    false,
  );
  if (!isAnswered) throw new Error(`no answer within ${mostMs} ms`);
};

/** Shards in this very invocation: they share its connections. One shard's failure does not stop another. */
const runSideBySide = async (deps: Together, shards: readonly Shard[], scheduledAtMs: number, untilMs?: number): Promise<number | null> => {
  const results = await Promise.allSettled(
    shards.map((shard) => runTick({ ...deps, shardsHere: shards.length }, shard, scheduledAtMs, untilMs)),
  );
  const left = results.flatMap((result) => (result.status === "fulfilled" && result.value !== null ? [result.value] : []));
  if (left.length > 0) return Math.max(...left);
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return null;
};

/** As `dispatchShards`, for the present number of shards. @returns until when rounds are left to do after a change of it */
const dispatchOnce = async (deps: Together, count: number, scheduledAtMs: number, untilMs?: number): Promise<number | null> => {
  const { clock, dispatcher, log } = deps;
  const shards = Array.from({ length: count }, (_, index) => ({ index, count }));
  if (count === 1) return await runSideBySide(deps, shards, scheduledAtMs, untilMs);
  if (dispatcher === null) {
    log.warn("shards_side_by_side", { shards: count, reason: "neither the binding SHARDS nor SELF_URL with CRON_SECRET is configured" });
    return await runSideBySide(deps, shards, scheduledAtMs, untilMs);
  }
  // Dispatch requests use the probes' connections: the probes are made elsewhere.
  const { probes } = deps.connections;
  const allUntilMs = clock.nowMs() + dispatchAllMs;
  const results = await Promise.allSettled(
    shards.map((shard) => probes(nobody, false, () => inTime(clock, () => dispatcher.dispatch(shard, scheduledAtMs), allUntilMs))),
  );
  const unreached = shards.filter((_, at) => results[at]?.status === "rejected");
  log.info("dispatch", { shards: count, unreached: unreached.length });
  if (unreached.length === 0) return null;
  log.error("dispatch_failed", results.find((result) => result.status === "rejected")?.reason, {
    shards: unreached.map(({ index }) => index).join(),
  });
  return await runSideBySide(deps, unreached, scheduledAtMs, untilMs);
};

/** The shortest interval between readings of the number of shards. */
const leastWaitMs = 250;

const dispatchUntil = async (deps: Together, scheduledAtMs: number, untilMs?: number): Promise<void> => {
  for (let leftUntilMs = untilMs; ;) {
    const count = await shardsNow(deps);
    // The database may have been unreachable until now, and the clock not be synchronised.
    await deps.sharedClock?.sync();
    const left = await dispatchOnce(deps, count, scheduledAtMs, leftUntilMs);
    if (left === null || left <= deps.clock.nowMs()) return;
    leftUntilMs = left;
    await deps.clock.sleep(leastWaitMs);
  }
};

/**
 * Rounds for one minute, of every shard. A single shard runs here; of several, each is dispatched to an invocation of its own, and
 * one that can not be reached runs here too: detection must not depend on the dispatcher. Where the number of shards
 * changes meanwhile, the rest of the minute runs with the new one.
 * @throws the first failure of a shard that ran here; the database's, where it is unreachable for a minute
 */
export const dispatchShards = async (deps: DispatchDeps, scheduledAtMs: number): Promise<void> =>
  await dispatchUntil(together(deps), scheduledAtMs);
