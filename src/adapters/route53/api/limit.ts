/**
 * Lets at most `width` tasks run at once; the others wait in order. Make one per public call: on workerd a promise must
 * not be shared between requests.
 */
export const createLimit = (width: number): (<T>(task: () => Promise<T>) => Promise<T>) => {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running >= width) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next(); // passes its slot to the next
    }
  };
};
