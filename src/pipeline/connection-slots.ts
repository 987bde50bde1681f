import type { Connection, RequestTimes, Sent } from "../adapters/ports/platform/budget.ts";
import type { Clock } from "../adapters/ports/platform/clock.ts";

/** Runs work when a slot is free. A customer's `urgent` work precedes its other work, never another customer's. */
export type Slots = <T>(customerId: number, urgent: boolean, work: () => Promise<T>) => Promise<T>;

/** The key of work for no customer, where slots are shared among customers. */
export const nobody = 0;

/** Connections of one invocation that may wait for response headers at once (Workers limits). */
export const waitingConnections = 6;

/**
 * The purpose of a connection: `change`, the switches of rounds; `dns`, their readings and polls; `message`, messages to people;
 * `background`, what no round waits for.
 */
export type Lane = "change" | "dns" | "message" | "background" | "probe";

/**
 * How many connections each lane may have: during probing, and otherwise. Probes get what the others do not use
 * then; never the other way round. Only switches have more outside of probing, as a round ends them before it ends
 * itself: readings may continue into the next. A free connection is offered in this order.
 */
type Bounds = Readonly<Record<Lane, readonly [whileProbing: number, otherwise: number]>>;
const bounds: Bounds = {
  change: [2, 5],
  dns: [2, 2],
  message: [1, 4],
  background: [1, 2],
  probe: [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
};
const lanes: readonly Lane[] = ["change", "dns", "message", "background", "probe"];
/** Switches and readings in sum. */
const dnsBounds: readonly [whileProbing: number, otherwise: number] = [2, 5];

/** How long aborted work is awaited before it counts as abandoned. Its connection is released at once. */
const settlingMs = 250;

export type Ask = {
  readonly lane: Lane;
  /** The customer: a free connection goes to the one with the fewest in the lane. */
  readonly key: number;
  /** Before other work of the same key. */
  readonly urgent?: boolean;
  /** Likely to hang, so it comes after all other work. One connection of the lane is always reserved for the rest. */
  readonly suspect?: () => boolean;
};

/** The connections of one invocation. Each is held until its work ends or its deadline, and no longer. */
export type Connections = {
  /** Work that ends by itself. */
  readonly run: <T>(ask: Ask, work: () => Promise<T>) => Promise<T>;
  /** Work with a deadline, and a limit on its duration once begun. @param stop aborts it earlier */
  readonly until: <T>(ask: Ask, times: RequestTimes, work: (signal: AbortSignal) => Promise<T>, stop?: AbortSignal) => Promise<Sent<T>>;
  /** Those of probes. */
  readonly probes: Slots;
  /** For its duration probes have their share. */
  readonly probing: <T>(work: () => Promise<T>) => Promise<T>;
  /** How much has been begun so far besides probes, which are counted where they are sent: about as many requests. */
  readonly begun: () => number;
  /** Counts work that was abandoned before its end, with or without a connection. */
  readonly abandon: (lane: Lane) => void;
  /** How much was abandoned since the last call. */
  readonly takeAbandoned: () => readonly { readonly lane: Lane; readonly count: number }[];
};

type Waiter = { readonly suspect: () => boolean; readonly start: () => void };
type Queue = { running: number; readonly urgent: Waiter[]; readonly waiting: Waiter[] };
type LaneState = { running: number; suspects: number; readonly queues: Map<number, Queue> };

const never = () => false;
const headOf = ({ urgent, waiting }: Queue): Waiter | undefined => urgent[0] ?? waiting[0];

/** Allocates the slots of all lanes. In each a free one goes to the customer with the fewest, round-robin among equals. */
const createScheduler = (size: number, others: Partial<Bounds>) => {
  const limits: Bounds = { ...bounds, ...others };
  const state: Readonly<Record<Lane, LaneState>> = {
    change: { running: 0, suspects: 0, queues: new Map() },
    dns: { running: 0, suspects: 0, queues: new Map() },
    message: { running: 0, suspects: 0, queues: new Map() },
    background: { running: 0, suspects: 0, queues: new Map() },
    probe: { running: 0, suspects: 0, queues: new Map() },
  };
  let free = size;
  let begun = 0;
  let probings = 0;

  const next = (lane: Lane): boolean => {
    const own = state[lane];
    const phase = probings > 0 ? 0 : 1;
    const bound = Math.min(size, limits[lane][phase]);
    const isDns = lane === "change" || lane === "dns";
    if (own.running >= bound || (isDns && state.change.running + state.dns.running >= dnsBounds[phase])) return false;
    const maySuspect = own.suspects < Math.max(1, bound - 1);
    let best: { readonly key: number; readonly queue: Queue; readonly suspect: boolean } | null = null;
    for (const [key, queue] of own.queues) {
      const head = headOf(queue);
      if (head === undefined) continue;
      const suspect = head.suspect();
      if (suspect && !maySuspect) continue;
      if (best === null || Number(suspect) < Number(best.suspect) || (suspect === best.suspect && queue.running < best.queue.running))
        best = { key, queue, suspect };
    }
    if (best === null) return false;
    const { key, queue } = best;
    // To the end of the round-robin order.
    own.queues.delete(key);
    own.queues.set(key, queue);
    (queue.urgent.shift() ?? queue.waiting.shift())?.start();
    return true;
  };
  const deal = (): void => {
    while (free > 0 && lanes.some(next));
  };

  /** @returns a function that releases the slot, once, or null where `gone` came first */
  const acquire = async ({ lane, key, urgent = false, suspect = never }: Ask, gone?: Promise<unknown>): Promise<(() => void) | null> => {
    const own = state[lane];
    const queue = own.queues.get(key) ?? { running: 0, urgent: [], waiting: [] };
    own.queues.set(key, queue);
    const granted = Promise.withResolvers<(() => void) | null>();
    const waiter: Waiter = {
      suspect,
      start: () => {
        const asSuspect = Number(suspect());
        free -= 1;
        begun += Number(lane !== "probe");
        own.running += 1;
        own.suspects += asSuspect;
        queue.running += 1;
        let held = true;
        granted.resolve(() => {
          if (!held) return;
          held = false;
          free += 1;
          own.running -= 1;
          own.suspects -= asSuspect;
          queue.running -= 1;
          deal();
        });
      },
    };
    const list = urgent ? queue.urgent : queue.waiting;
    list.push(waiter);
    deal();
    const leave = (): void => {
      const place = list.indexOf(waiter);
      if (place < 0) return;
      list.splice(place, 1);
      granted.resolve(null);
    };
    void gone?.then(leave);
    return await granted.promise;
  };

  const probing = async <T>(work: () => Promise<T>): Promise<T> => {
    probings += 1;
    try {
      return await work();
    } finally {
      probings -= 1;
      deal();
    }
  };
  return { acquire, probing, begun: () => begun };
};

/**
 * @param size how many at once; a platform lets six connections of an invocation wait for headers (Workers limits)
 * @param others bounds of lanes where they are not the usual ones: work that is alone in its invocation may have all
 */
export const createConnections = (clock: Clock, size = waitingConnections, others: Partial<Bounds> = {}): Connections => {
  const { acquire, probing, begun } = createScheduler(size, others);
  let abandoned = new Map<Lane, number>();
  const abandon = (lane: Lane): void => void abandoned.set(lane, (abandoned.get(lane) ?? 0) + 1);

  const run: Connections["run"] = async (ask, work) => {
    const release = await acquire(ask);
    try {
      return await work();
    } finally {
      release?.();
    }
  };

  const until: Connections["until"] = async <T>(
    ask: Ask,
    { untilMs, answerMs, leastMs = 0 }: RequestTimes,
    work: (signal: AbortSignal) => Promise<T>,
    stop?: AbortSignal,
  ): Promise<Sent<T>> => {
    const over = new AbortController();
    const timer = new AbortController();
    const end = () => over.abort();
    if (stop?.aborted === true || clock.nowMs() >= untilMs) return { status: "unsent" };
    stop?.addEventListener("abort", end);
    const ended = new Promise<void>((resolve) => over.signal.addEventListener("abort", () => resolve()));
    const isTooLate = (): boolean => clock.nowMs() + leastMs > untilMs;
    const endIn = (ms: number): void => {
      if (Number.isFinite(ms)) void clock.sleep(ms, timer.signal).then(() => (timer.signal.aborted ? undefined : end()));
    };
    endIn(untilMs - clock.nowMs());
    try {
      const release = await acquire(ask, ended);
      if (release === null) return { status: "unsent" };
      if (isTooLate()) {
        release();
        return { status: "unsent" };
      }
      endIn(answerMs);
      try {
        const working = work(over.signal).then((value): Sent<T> => ({ status: "sent", value }));
        const first = await Promise.race([working, ended.then(() => null)]);
        if (first !== null) return first;
        release();
        const late = await Promise.race([working, clock.sleep(settlingMs, timer.signal).then(() => null)]);
        if (late !== null) return late;
        working.catch(() => undefined);
        abandon(ask.lane);
        return { status: "abandoned" };
      } finally {
        release();
      }
    } finally {
      timer.abort();
      stop?.removeEventListener("abort", end);
    }
  };

  return {
    run,
    until,
    probing,
    begun,
    abandon,
    probes: async (customerId, urgent, work) => await run({ lane: "probe", key: customerId, urgent }, work),
    takeAbandoned: () => {
      const taken = abandoned;
      abandoned = new Map();
      return [...taken].map(([lane, count]) => ({ lane, count }));
    },
  };
};

/** Those of one lane for one key, as budgets carry them. */
export const connectionOf =
  (connections: Connections, ask: Ask, stop?: AbortSignal): Connection =>
  async (times, request) =>
    await connections.until(ask, times, request, stop);

const timeless: Clock = { nowMs: () => 0, sleep: () => new Promise(() => undefined) };

/** Slots alone, for work that ends by itself. */
export const createSlots = (size: number): Slots => createConnections(timeless, size).probes;
