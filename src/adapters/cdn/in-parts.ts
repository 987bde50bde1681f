/** Consecutive parts of at most `size` items. */
export const chunk = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));

/** Rotates the items, so that a reading cut short does not always miss the same. */
export const rotate = <T>(items: readonly T[], turns: number): T[] => {
  const start = items.length === 0 ? 0 : turns % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
};

/** Works through the items, so many at once. `work` must not throw: nobody would await the others. */
export const eachOf = async <T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> => {
  const waiting = [...items];
  const next = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, next));
};
