import { setTimeout as sleep } from "node:timers/promises";
import { ApiError } from "../../src/client/client.ts";
import type { SharedClock } from "../../src/adapters/ports/platform/clock.ts";
import { CommandError } from "../exit.ts";
import type { AgentApi, Reading } from "./api.ts";
import { isHopeless } from "./api.ts";

/** A slot of which something is still to be told. */
type Waiting = { readonly slotMs: number; readonly readings: readonly Reading[]; tries: number };

/** The API takes what is a minute old at most; a request takes a while. */
export const worthMs = 50_000;
/** Readings of one request. */
const mostReadings = 1_000;
const [firstMs, mostMs] = [500, 10_000];

/** How long to wait after so many failures in a row: twice as long each time, up to a limit, and never all agents at once. */
export const waitMs = (failures: number, retryAfterSeconds: number | null, chance: number): number => {
  const bound = Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 20));
  const wanted = bound / 2 + (chance * bound) / 2;
  return retryAfterSeconds === null ? wanted : Math.max(wanted, Math.min(retryAfterSeconds * 1_000, worthMs));
};

export type OutboxDeps = {
  readonly tell: AgentApi["tell"];
  readonly clock: Pick<SharedClock, "nowMs">;
  readonly version: string;
  readonly log: (line: string) => void;
  readonly stop: AbortSignal;
  /** Some readings were of targets that are not as they were. */
  readonly onChanged: () => void;
};

const told = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";

/**
 * What is to be told: the newest slot first, each for as long as it is worth anything, and nothing on disk. So it never holds more
 * than the slots of a minute.
 */
export const createOutbox = ({ tell, clock, version, log, stop, onChanged }: OutboxDeps) => {
  let waiting: Waiting[] = [];
  let sending: Promise<void> | null = null;
  let hopeless: unknown = null;
  let failures = 0;
  let dropped = 0;
  let isRivalTold = false;

  const prune = (): void => {
    const before = waiting.length;
    waiting = waiting.filter(({ slotMs }) => slotMs > clock.nowMs() - worthMs);
    dropped += before - waiting.length;
  };

  const sendOne = async (one: Waiting): Promise<void> => {
    one.tries += 1;
    const { accepted, ignored, rejected, rejections } = await tell(version, one.readings);
    waiting = waiting.filter((other) => other !== one);
    if (ignored.stale + ignored.gone > 0) onChanged();
    if (rejected > 0) log(`${rejected} readings are refused: ${rejections[0]?.pointer} ${rejections[0]?.detail}`);
    // What was tried before may have been received the first time.
    if (ignored.known > accepted && one.tries === 1 && !isRivalTold) {
      isRivalTold = true;
      log("another process tells with this secret: one of the two is of no use, and which one is up to chance");
    }
  };

  const waitAfter = async (thrown: unknown): Promise<void> => {
    failures += 1;
    const ms = waitMs(failures, thrown instanceof ApiError ? thrown.retryAfterSeconds : null, Math.random());
    if (failures === 1) log(`not received: ${told(thrown)}; it goes on probing, and tries again`);
    await sleep(ms, undefined, { signal: stop }).catch(() => undefined);
  };

  const drain = async (): Promise<void> => {
    for (prune(); waiting.length > 0 && !stop.aborted && hopeless === null; prune()) {
      const newest = waiting.at(-1);
      if (newest === undefined) return;
      try {
        await sendOne(newest);
        if (failures > 0) log(`received again, after ${failures} failures; ${dropped} slots and parts of slots were too old by then`);
        failures = dropped = 0;
      } catch (error) {
        if (isHopeless(error)) hopeless = error;
        else if (error instanceof ApiError || error instanceof CommandError) await waitAfter(error);
        else throw error;
      }
    }
  };

  return {
    /** Adds a slot, and begins to send unless that is under way. */
    add: (slotMs: number, readings: readonly Reading[]): void => {
      prune();
      for (let at = 0; at < readings.length; at += mostReadings)
        waiting.push({ slotMs, readings: readings.slice(at, at + mostReadings), tries: 0 });
      sending ??= drain()
        .catch((error: unknown) => void (hopeless ??= error))
        .finally(() => (sending = null));
    },
    /** Resolves once nothing waits, or it is to stop. */
    idle: async (): Promise<void> => await (sending ?? Promise.resolve()),
    waiting: () => waiting.length,
    /** Why it makes no sense to go on; null: nothing is in the way. */
    hopeless: () => hopeless,
  };
};
