import type { Clock } from "../../../src/adapters/ports/platform/clock.ts";

type Sleeper = { readonly atMs: number; readonly order: number; readonly wake: () => void; isGone: boolean };

export type SoakClock = Clock & {
  /** Real work, such as a query: time stands while it lasts. */
  during<T>(work: () => Promise<T>): Promise<T>;
  /** Moves time on, from one sleeper to the next, until the work is done. @throws Error where nobody sleeps and the work is not done */
  run<T>(work: Promise<T>): Promise<T>;
};

const immediate = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Sleepers by their time, then by when they went to sleep: a heap, for a day has tens of millions of them. */
const createQueue = () => {
  const heap: Sleeper[] = [];
  const isBefore = (a: Sleeper, b: Sleeper): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  const at = (place: number): Sleeper => heap[place] as Sleeper;
  const rise = (from: number, sleeper: Sleeper): void => {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(sleeper, at(parent))) break;
      heap[place] = at(parent);
      place = parent;
    }
    heap[place] = sleeper;
  };
  const sink = (sleeper: Sleeper): void => {
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(at(child + 1), at(child))) child += 1;
      if (!isBefore(at(child), sleeper)) break;
      heap[place] = at(child);
      place = child;
    }
    heap[place] = sleeper;
  };
  return {
    add: (sleeper: Sleeper): void => rise(heap.push(sleeper) - 1, sleeper),
    first: (): Sleeper | undefined => heap[0],
    take: (): Sleeper | undefined => {
      const first = heap[0];
      const last = heap.pop();
      if (heap.length > 0 && last !== undefined) sink(last);
      return first;
    },
  };
};

/** `test/support/fake-clock.ts` for days instead of minutes: it waits for real work instead of asking after it. */
export const createSoakClock = (startMs: number): SoakClock => {
  const queue = createQueue();
  let nowMs = startMs;
  let order = 0;
  let working = 0;
  let whenIdle: (() => void) | null = null;

  const wakeNext = (): boolean => {
    for (let next = queue.take(); next !== undefined; next = queue.take()) {
      if (next.isGone) continue;
      nowMs = Math.max(nowMs, next.atMs);
      next.wake();
      // All of one moment together: none of them can tell who was first.
      for (let also = queue.first(); also !== undefined && (also.isGone || also.atMs <= nowMs); also = queue.first()) {
        queue.take();
        if (!also.isGone) also.wake();
      }
      return true;
    }
    return false;
  };

  return {
    nowMs: () => nowMs,
    sleep: (ms, until) => {
      if (ms <= 0 || until?.aborted === true) return Promise.resolve();
      return new Promise((resolve) => {
        order += 1;
        const wakeUp = () => {
          sleeper.isGone = true;
          until?.removeEventListener("abort", wakeUp);
          resolve();
        };
        const sleeper: Sleeper = { atMs: nowMs + ms, order, wake: wakeUp, isGone: false };
        if (Number.isFinite(ms)) queue.add(sleeper);
        until?.addEventListener("abort", wakeUp);
      });
    },
    during: async (work) => {
      working += 1;
      try {
        return await work();
      } finally {
        working -= 1;
        if (working === 0) whenIdle?.();
      }
    },
    run: async <T>(work: Promise<T>) => {
      let isSettled = false;
      const note = () => {
        isSettled = true;
      };
      work.then(note, note);
      for (;;) {
        await immediate();
        if (isSettled) return await work;
        if (working > 0) {
          await new Promise<void>((resolve) => {
            whenIdle = resolve;
          });
          whenIdle = null;
        } else if (!wakeNext()) {
          throw new Error("the work waits for something that will never come");
        }
      }
    },
  };
};
