/** Random numbers that are the same in every run (mulberry32). */
export type Chance = {
  /** An integer from 0 to below `n`. */
  readonly below: (n: number) => number;
  readonly between: (least: number, most: number) => number;
  readonly is: (percent: number) => boolean;
  readonly one: <T>(of: readonly T[]) => T;
};

export const chance = (seed: number): Chance => {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (n: number): number => Math.floor(next() * n);
  return {
    below,
    between: (least, most) => least + below(most - least + 1),
    is: (percent) => below(100) < percent,
    one: (of) => {
      const chosen = of[below(of.length)];
      if (chosen === undefined) throw new Error("nothing to choose from");
      return chosen;
    },
  };
};
