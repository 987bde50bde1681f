export type ByteCounter = {
  readonly add: (host: string, bytes: number, atMs: number) => void;
  /** Bytes of the buckets that begin in [fromMs, toMs): adjoining ranges never count a byte twice. */
  readonly sum: (host: string, fromMs: number, toMs: number) => number;
};

/** Response bytes per host in time buckets; ranges that are multiples of `bucketMs` are exact. */
export function createByteCounter(bucketMs = 100): ByteCounter {
  const bucketsByHost = new Map<string, Map<number, number>>();
  return {
    add(host, bytes, atMs) {
      const buckets = bucketsByHost.get(host) ?? new Map<number, number>();
      bucketsByHost.set(host, buckets);
      const startMs = Math.floor(atMs / bucketMs) * bucketMs;
      buckets.set(startMs, (buckets.get(startMs) ?? 0) + bytes);
    },
    sum(host, fromMs, toMs) {
      let total = 0;
      for (const [startMs, bytes] of bucketsByHost.get(host.toLowerCase()) ?? []) {
        if (startMs >= fromMs && startMs < toMs) total += bytes;
      }
      return total;
    },
  };
}
