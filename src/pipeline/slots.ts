/** Runs work when a slot is free. `urgent` work of a customer goes before its other work, never before another customer. */
export type Slots = <T>(customerId: number, urgent: boolean, work: () => Promise<T>) => Promise<T>;

type Queue = { running: number; readonly urgent: (() => void)[]; readonly waiting: (() => void)[] };

/** Stands for what is done for no customer, where slots are shared out among customers. */
export const nobody = 0;

/** Connections of one invocation that may wait for response headers at once (Workers limits). */
export const waitingConnections = 6;

/**
 * A bound on how many things run at once. A slot that falls free goes to the customer who has the fewest of them, in
 * turn where several have as few, so that one whose work hangs does not starve the others (semantics §4).
 * @param size how many at once; a platform lets six connections of an invocation wait for headers (Workers limits)
 */
export const createSlots = (size: number): Slots => {
  let free = size;
  // In the order in which they were served last.
  const queues = new Map<number, Queue>();

  const next = (): void => {
    let best: [number, Queue] | null = null;
    for (const [customerId, queue] of queues) {
      if (queue.urgent.length + queue.waiting.length === 0) continue;
      if (best === null || queue.running < best[1].running) best = [customerId, queue];
    }
    if (best === null || free === 0) return;
    const [customerId, queue] = best;
    queues.delete(customerId);
    queues.set(customerId, queue);
    free -= 1;
    queue.running += 1;
    (queue.urgent.shift() ?? queue.waiting.shift())?.();
  };

  return async (customerId, urgent, work) => {
    const queue = queues.get(customerId) ?? { running: 0, urgent: [], waiting: [] };
    queues.set(customerId, queue);
    await new Promise<void>((resolve) => {
      (urgent ? queue.urgent : queue.waiting).push(resolve);
      next();
    });
    try {
      return await work();
    } finally {
      queue.running -= 1;
      free += 1;
      next();
    }
  };
};
