/** Work that goes on after its answer, and how much of it there is in this isolate. */
export type Backlog = {
  /**
   * Puts work on the list until it settles.
   * @returns whether there is so much that whoever asked for it should wait until it is done
   */
  add(work: Promise<unknown>, nowMs: number): boolean;
};

/** What an invocation began that was cut off may never settle (workerd): after so long it is off the list. */
const forgottenAfterMs = 30_000;

/** @param atMost how much may go on unwaited for, 1 or more */
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
