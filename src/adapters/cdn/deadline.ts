/**
 * Runs work under a signal that aborts after `ms` of real time, whatever clock its caller uses. The work is expected
 * to end then; its timer is cleared once it has.
 */
export const withDeadline = async <T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), ms);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
  }
};

/** An attempt's own limit within that of the reading. `AbortSignal.any` is not there on every runtime. */
export const withinLimits = async <T>(ms: number, outer: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
  await withDeadline(ms, async (inner) => {
    const both = new AbortController();
    const abort = (): void => both.abort();
    if (outer.aborted) abort();
    inner.addEventListener("abort", abort);
    outer.addEventListener("abort", abort);
    try {
      return await work(both.signal);
    } finally {
      outer.removeEventListener("abort", abort);
    }
  });

/** Waits for work that others wait for too, so it is not stopped; @throws what `late` makes where the signal aborts first. */
export const unlessAborted = async <T>(work: Promise<T>, signal: AbortSignal, late: () => Error): Promise<T> => {
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(late());
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
};
