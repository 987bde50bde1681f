/**
 * The upper end of a distribution, in constant memory: where its highest hundredth begins, and how far that goes on average.
 * Beyond it the distribution is taken to fall off exponentially.
 */
export type Tail = {
  /** Values so far. */
  readonly count: number;
  /** The 99th percentile, as far as it is known. */
  readonly edge: number;
  /** The mean distance of values from the edge, by which the edge is moved. */
  readonly spread: number;
  /** Values that were beyond the edge. */
  readonly beyond: number;
  /** Half the mean square of how far: of an exponential tail the square of its mean; of a few bursts among noise it is the bursts'. */
  readonly excess: number;
};

export const emptyTail: Tail = { count: 0, edge: 0, spread: 0, beyond: 0, excess: 0 };

/** The share of values beyond the edge. */
const share = 0.01;
/** Values after which the past begins to fade: at 5-minute steps a week, at hourly ones three months. */
const memory = 2_000;
/** Values beyond the edge after which their past fades. */
const excessesKept = 30;
/** Fewer values say nothing of what is rare. */
const leastCount = 50;
const leastBeyond = 3;
/** A tail that seems to end at once was not seen for long enough. */
const leastExcess = 0.02;

/**
 * How rare it is that a value is as high as this one, in powers of ten: 3 is once in 1,000 values. 0 where it is within the usual 99 of
 * 100, or too little is known. Asked before the value is taken in.
 */
export const rarity = ({ count, edge, beyond, excess }: Tail, value: number): number => {
  if (count < leastCount || value <= edge) return 0;
  // As yet hardly anything was beyond the edge: how far it may go is not known.
  if (beyond < leastBeyond) return -Math.log10(share);
  return (value - edge) / (Math.max(Math.sqrt(excess), leastExcess) * Math.LN10) - Math.log10(share);
};

/** With one more value. The edge moves up by 99 parts where a value is beyond it, and down by one where it is not. */
export const withValue = (tail: Tail, value: number): Tail => {
  const count = tail.count + 1;
  const spread = tail.spread + (Math.abs(value - tail.edge) - tail.spread) * Math.max(1 / count, 1 / memory);
  const step = spread * Math.max(2 / Math.sqrt(count), 0.05);
  if (value <= tail.edge) return { ...tail, count, spread, edge: tail.edge - step * share };
  const beyond = tail.beyond + 1;
  const excess = tail.excess + ((value - tail.edge) ** 2 / 2 - tail.excess) / Math.min(beyond, excessesKept);
  return { count, spread, beyond, excess, edge: tail.edge + step * (1 - share) };
};
