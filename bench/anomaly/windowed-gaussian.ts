const windowSize = 1_000;

/** P(X > z) of the standard normal distribution (Abramowitz and Stegun 7.1.26; absolute error below 1.5e-7). */
export const upperTail = (z: number): number => {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const tail = (series * Math.exp(-x * x)) / 2;
  return z >= 0 ? tail : 1 - tail;
};

/**
 * The benchmark's windowed Gaussian, to compare with: one minus the tail probability of a value within the normal distribution of
 * the last 1,000.
 */
export const windowedGaussian = (values: readonly number[]): readonly number[] =>
  values.map((value, index) => {
    const window = values.slice(Math.max(0, index - windowSize), index);
    if (window.length === 0) return 0;
    const mean = window.reduce((sum, one) => sum + one, 0) / window.length;
    const variance = window.reduce((sum, one) => sum + (one - mean) ** 2, 0) / window.length;
    const deviation = Math.sqrt(variance) || 1e-6;
    return 1 - upperTail(Math.abs(value - mean) / deviation);
  });
