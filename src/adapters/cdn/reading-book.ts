import type { HostWindowBytes, Sampling, SkippedItem, UsageQuery, UsageReading, UsageSourceError } from "../ports/metering/usage.ts";

/**
 * Collects one reading's results per host. A host may be noted several times: rows stay, and of reasons the first.
 * Hosts are those of the query, verbatim.
 */
export type ReadingBook = {
  /** Bytes of the host in the window of that index, known in full. */
  readonly row: (host: string, index: number, bytes: number, sampling?: Sampling | null) => void;
  /** The account does not have the hosts, as far as is known. */
  readonly absent: (hosts: readonly string[], reason: string) => void;
  /** The CDN has answered that the hosts cannot be read. */
  readonly unreadable: (hosts: readonly string[], reason: string) => void;
  /** The query failed. */
  readonly failed: (hosts: readonly string[], reason: string, error: UsageSourceError) => void;
  /** Left to the next reading. */
  readonly deferred: (hosts: readonly string[], error: UsageSourceError) => void;
  readonly skipped: (item: string, reason: string) => void;
  /** @throws UsageSourceError, the first one noted, where every query to the account failed */
  readonly close: () => UsageReading;
};

export const createReadingBook = ({ hosts, windows }: UsageQuery): ReadingBook => {
  const rows = new Map<string, HostWindowBytes[]>();
  const reasons = new Map<string, string>();
  const waiting = new Set<string>();
  const skipped: SkippedItem[] = [];
  const answered = new Set<string>();
  let firstError: UsageSourceError | null = null;

  const note = (names: readonly string[], reason: string): void => {
    for (const host of names) if (!reasons.has(host)) reasons.set(host, reason);
  };

  return {
    row: (host, index, bytes, sampling = null) => {
      const window = windows[index];
      if (window === undefined) throw new RangeError(`there is no window ${index}`);
      const own = rows.get(host) ?? [];
      rows.set(host, own);
      const { startMs, endMs } = window;
      own.push({ host, startMs, endMs, bytes, ...(sampling !== null && { sampling }) });
    },
    absent: note,
    unreadable: (names, reason) => {
      note(names, reason);
      for (const host of names) answered.add(host);
    },
    failed: (names, reason, error) => {
      firstError ??= error;
      note(names, reason);
    },
    deferred: (names, error) => {
      firstError ??= error;
      for (const host of names) waiting.add(host);
    },
    skipped: (item, reason) => void skipped.push({ item, reason }),
    close: () => {
      const asked = [...new Set(hosts)];
      const isGood = (host: string): boolean => answered.has(host) || !(reasons.has(host) || waiting.has(host));
      if (firstError !== null && rows.size === 0 && !asked.some(isGood)) throw firstError;
      const unreadable = asked.flatMap((host) => {
        const reason = reasons.get(host);
        return reason === undefined ? [] : [{ host, reason }];
      });
      const deferredHosts = asked.filter((host) => waiting.has(host) && !reasons.has(host));
      return {
        rows: asked.flatMap((host) => (rows.get(host) ?? []).toSorted((a, b) => a.startMs - b.startMs)),
        unreadable,
        unknownHosts: unreadable.map(({ host }) => host),
        ...(deferredHosts.length > 0 && { deferredHosts }),
        ...(skipped.length > 0 && { skipped }),
      };
    },
  };
};
