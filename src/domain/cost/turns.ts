/**
 * Does work in turns: of every owner one piece at a time, so many owners at once, and whatever says that there is more of it goes to the end
 * of its owner's queue, and its owner behind all others. So nobody waits for somebody with much to do, or for one that hangs.
 * @param isLeft whether another piece may be begun
 * @param work returns whether there is more of it. @throws what it throws, after which nothing more is begun
 */
export const inTurns = async <T>(
  things: readonly T[],
  ownerOf: (thing: T) => number,
  abreast: number,
  isLeft: () => boolean,
  work: (thing: T) => Promise<boolean>,
): Promise<void> => {
  const queues = [...Map.groupBy(things, ownerOf).values()].map((queue) => [...queue]);
  const worker = async (): Promise<void> => {
    for (let queue = queues.shift(); queue !== undefined && isLeft(); queue = queues.shift()) {
      const [thing, ...rest] = queue;
      if (thing === undefined) continue;
      const hasMore = await work(thing);
      const left = hasMore ? [...rest, thing] : rest;
      if (left.length > 0) queues.push(left);
    }
  };
  await Promise.all(Array.from({ length: abreast }, worker));
};
