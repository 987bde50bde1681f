/** Exponential backoff within bounds. Milliseconds. */
export type Backoff = { readonly firstMs: number; readonly mostMs: number };

/** The finaliser of MurmurHash3, an integer hash: different seeds give uncorrelated numbers. */
const mixed = (seed: number): number => {
  let hash = Math.trunc(seed) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
};

/**
 * How long to wait after the nth failure in a row (1-based): exponential, and up to a fifth shorter by a jitter derived
 * from the seed, so that simultaneous failures are not retried simultaneously. Deterministic.
 * @param seed a whole number, such as the id of what failed
 */
export const backoffAfter = (failures: number, { firstMs, mostMs }: Backoff, seed: number): number => {
  const wholeMs = Math.min(mostMs, firstMs * 2 ** Math.max(0, Math.min(30, failures - 1)));
  return Math.round(wholeMs * (1 - 0.2 * mixed(seed * 31 + failures)));
};
