/** Background work that continues after its answer, counted per isolate. */
export type Backlog = {
  /**
   * Counts work until it settles.
   * @returns whether there is so much that the caller should await it
   */
  add(work: Promise<unknown>, nowMs: number): boolean;
};

/** Work of an invocation that was cut off may never settle (workerd): after so long it no longer counts. */
const forgottenAfterMs = 30_000;

/** @param atMost how much may run without being awaited, 1 or more */
export const createBacklog = (atMost: number): Backlog => {
  const underWay = new Set<{ readonly sinceMs: number }>();
  return {
    add: (work, nowMs) => {
      for (const one of underWay) if (nowMs - one.sinceMs > forgottenAfterMs) underWay.delete(one);
      const own = { sinceMs: nowMs };
      underWay.add(own);
      const leave = () => void underWay.delete(own);
      work.then(leave, leave);
      return underWay.size > atMost;
    },
  };
};
