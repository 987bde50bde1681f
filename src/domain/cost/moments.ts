/**
 * Count, mean and sum of squared distances of values that are not kept (Welford). The mean is kept in two parts, so that a million
 * values around a billion lose nothing that matters.
 */
export type Moments = {
  readonly count: number;
  readonly mean: number;
  /** What the mean lost to rounding. */
  readonly rest: number;
  readonly m2: number;
};

export const noMoments: Moments = { count: 0, mean: 0, rest: 0, m2: 0 };

/** With one more value. */
export const withSample = ({ count: before, mean, rest, m2 }: Moments, value: number): Moments => {
  const count = before + 1;
  const distance = value - mean - rest;
  const step = distance / count + rest;
  const moved = mean + step;
  const lost = step - (moved - mean);
  return { count, mean: moved, rest: lost, m2: m2 + distance * (value - moved - lost) };
};

/** The standard deviation of a sample; 0 where there are fewer than two values. */
export const sampleDeviation = ({ count, m2 }: Moments): number => (count < 2 ? 0 : Math.sqrt(m2 / (count - 1)));
