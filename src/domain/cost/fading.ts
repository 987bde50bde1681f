/** Mean and variance of a series whose past fades. */
export type Fading = { readonly count: number; readonly mean: number; readonly variance: number };

export const nothingYet: Fading = { count: 0, mean: 0, variance: 0 };

/** With one more value. @param length values after which the past fades; until then each counts the same */
export const withFading = ({ count: before, mean, variance }: Fading, value: number, length: number): Fading => {
  const count = before + 1;
  const weight = Math.max(1 / count, 1 / length);
  const difference = value - mean;
  return {
    count,
    mean: mean + weight * difference,
    variance: (1 - weight) * (variance + weight * difference * difference),
  };
};

/** The standard deviation of a fading series. */
export const deviationOf = ({ variance }: Fading): number => Math.sqrt(variance);
