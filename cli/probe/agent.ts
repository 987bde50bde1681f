import { setTimeout as sleep } from "node:timers/promises";
import type { SharedClock } from "../../src/adapters/ports/platform/clock.ts";
import type { Prober } from "../../src/adapters/ports/detection/probe.ts";
import type { Sample } from "../../src/adapters/ports/detection/round-view.ts";
import { ApiError } from "../../src/client/client.ts";
import { isoTime } from "../../src/iso-time.ts";
import { createConnections } from "../../src/pipeline/connection-slots.ts";
import { probeGiven } from "../../src/pipeline/detection/probing.ts";
import type { SlowPaths, Target } from "../../src/pipeline/detection/probing.ts";
import { CommandError, exit } from "../exit.ts";
import type { AgentApi, Assignment, Reading } from "./api.ts";
import { isHopeless } from "./api.ts";
import { createOutbox, waitMs } from "./outbox.ts";

export type AgentOptions = {
  readonly api: AgentApi;
  readonly prober: Prober;
  readonly clock: SharedClock;
  readonly version: string;
  readonly log: (line: string) => void;
  readonly stop: AbortSignal;
  /** One round, and then the end. */
  readonly once: boolean;
};

/** Targets are read anew so often, and whenever samples of some are of no use. */
const refreshMs = 60_000;
/** Probes under way at once: a process has no six connections to live within, and is no load test either. */
const connectionsAtOnce = 64;

const told = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";

/** The samples of a slot as they are told: by path, in the order of attempts. A path whose first probe says nothing has no reading. */
export const readingsOf = (samples: readonly Sample[], slotMs: number): readonly Reading[] =>
  [...Map.groupBy(samples, ({ domainId, path }) => `${domainId}/${path}`).values()].flatMap((own) => {
    const inOrder = own.toSorted((a, b) => a.attempt - b.attempt);
    const [first] = inOrder;
    if (first === undefined || first.attempt !== 0) return [];
    const probes = inOrder.map(({ probedAtMs, status, latencyMs, error }) => ({
      probed_at: isoTime(Math.max(probedAtMs, slotMs)),
      status,
      latency_ms: latencyMs,
      error,
    }));
    return [{ domain_id: first.domainId, path: first.path, setup: first.setup, slot: isoTime(slotMs), probes }];
  });

/**
 * Whether nothing at all answered of several hosts: then it is this machine's network, or all of what is insured is down, and of
 * neither is this vantage a witness.
 */
export const reachesNothing = (targets: readonly Target[], samples: readonly Sample[]): boolean =>
  samples.length > 0 && samples.every(({ status }) => status === null) && new Set(targets.map(({ url }) => new URL(url).host)).size > 1;

/** What is wrong, for who started it. @throws always */
const giveUp = (error: unknown): never => {
  if (!(error instanceof ApiError)) throw error;
  const what = error.problem?.detail ?? error.message;
  if (error.status === 401)
    throw new CommandError(exit.refused, `the secret is refused: ${what}`, {
      cause: error,
      mend: "create a probe agent anew, and give its secret",
    });
  throw new CommandError(exit.wrong, `the deployment answers ${error.status}: ${what}`, {
    cause: error,
    mend: "is the URL that of tranche, and of about this version?",
  });
};

/**
 * Probes what it is told to, slot after slot by the database's clock, and tells what it saw, until it is to stop. While the API is
 * away it goes on with the targets that it knows. @throws CommandError where going on makes no sense
 */
export const runAgent = async ({ api, prober, clock, version, log, stop, once }: AgentOptions): Promise<void> => {
  const slowPaths: SlowPaths = new Set();
  let assignment: Assignment | null = null;
  let readAtMs = Number.NEGATIVE_INFINITY;
  let isChanged = false;
  let hopeless: unknown = null;
  let refreshing: Promise<void> | null = null;
  let failures = 0;
  const outbox = createOutbox({ tell: api.tell, clock, version, log, stop, onChanged: () => void (isChanged = true) });

  const describe = ({ targets, isCut, intervalMs }: Assignment): void => {
    log(`probes ${targets.length} paths every ${intervalMs / 1_000} s`);
    if (isCut) log("there are more domains than one agent probes: the rest is left out");
    if (targets.length === 0) log("there is nothing to probe: no service has a domain that is proven");
  };

  const refresh = async (): Promise<void> => {
    isChanged = false;
    try {
      const read = await api.assignment();
      const isOther = assignment?.targets.length !== read.targets.length || assignment.intervalMs !== read.intervalMs;
      assignment = read;
      readAtMs = clock.nowMs();
      if (failures > 0) log("the targets are read again");
      failures = 0;
      if (isOther) describe(read);
    } catch (error) {
      if (isHopeless(error)) hopeless = error;
      else if (!(error instanceof ApiError || error instanceof CommandError)) throw error;
      failures += 1;
      if (failures === 1) log(`the targets can not be read: ${told(error)}`);
    }
  };
  const refreshInBackground = (): void => {
    refreshing ??= refresh()
      .catch((error: unknown) => void (hopeless ??= error))
      .finally(() => (refreshing = null));
  };

  const nap = async (ms: number): Promise<void> => await sleep(Math.max(0, ms), undefined, { signal: stop }).catch(() => undefined);
  const reason = (): unknown => hopeless ?? outbox.hopeless();

  for (await refresh(); assignment === null; await refresh()) {
    if (hopeless !== null) giveUp(hopeless);
    if (stop.aborted) return;
    if (once) throw new CommandError(exit.unreachable, "the targets can not be read: see above");
    await nap(waitMs(failures, null, Math.random()));
  }

  let wasBlind = false;
  let lastSlotMs = Number.NEGATIVE_INFINITY;
  const round = async ({ intervalMs, timeoutMs, targets }: Assignment, slotMs: number): Promise<void> => {
    const connections = createConnections(clock, connectionsAtOnce);
    const settings = { path: "/", intervalMs, timeoutMs };
    const deps = { prober, clock, vantage: "agent", slowPaths };
    const { samples, unprobed } = await connections.probing(() => probeGiven(deps, targets, slotMs, settings, connections.probes));
    if (unprobed > 0) log(`${unprobed} paths had no time in this round: this machine, or its network, is too slow for them all`);
    const isBlind = reachesNothing(targets, samples);
    if (isBlind !== wasBlind)
      log(isBlind ? "nothing answers: that is not told, it may be this machine's network" : "something answers again");
    wasBlind = isBlind;
    const readings = isBlind ? [] : readingsOf(samples, slotMs);
    if (readings.length > 0) outbox.add(slotMs, readings);
  };

  while (!stop.aborted && reason() === null) {
    const { intervalMs } = assignment;
    const slotMs = Math.max(Math.floor(clock.nowMs() / intervalMs) * intervalMs, lastSlotMs === Number.NEGATIVE_INFINITY ? 0 : lastSlotMs);
    if (slotMs === lastSlotMs) {
      await nap(Math.min(slotMs + intervalMs - clock.nowMs(), intervalMs));
      // The clock was put back by its last reading: the next slot is that of the clock.
      if (clock.nowMs() < lastSlotMs - intervalMs) lastSlotMs = Number.NEGATIVE_INFINITY;
      continue;
    }
    lastSlotMs = slotMs;
    if (isChanged || clock.nowMs() - readAtMs > refreshMs) refreshInBackground();
    await round(assignment, slotMs);
    if (once) break;
  }
  await outbox.idle();
  const why = reason();
  if (why !== null) giveUp(why);
};
