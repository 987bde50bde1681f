/** A half-open span of time [startMs, endMs), epoch milliseconds. */
export type UsageSpan = { readonly startMs: number; readonly endMs: number };

/**
 * A query of the bytes that a CDN served. `windows`: ascending, disjoint spans with edges on full minutes where usage windows
 * are whole minutes, else on full seconds: whole windows or parts of them, and old ones too. A job may read one source
 * several times in a row, with other spans each time: the source keeps its caches and its quota count.
 */
export type UsageQuery = {
  readonly hosts: readonly string[];
  readonly windows: readonly UsageSpan[];
};

/**
 * How far bytes are an estimate. `interval`: on average one request in so many was counted. The bounds hold the true
 * value with 95 % confidence; null where the source does not say.
 */
export type Sampling = { readonly interval: number; readonly lowerBytes: number | null; readonly upperBytes: number | null };

/** Response bytes of one host in one of the spans asked for: an integer, 0 when the CDN answered and saw nothing. */
export type HostWindowBytes = {
  readonly host: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly bytes: number;
  /** Absent: every request was counted. */
  readonly sampling?: Sampling;
};

/** A host without complete figures, and why, with the remediation, for people. */
export type UnreadableHost = { readonly host: string; readonly reason: string };

/** A service, zone or listing of the account that was skipped, and why. */
export type SkippedItem = { readonly item: string; readonly reason: string };

/**
 * Unknown is not 0 bytes: it has no row. For a host that is neither unreadable nor deferred, a span without a row
 * is no longer kept by the source, or its figures are not complete yet. An unreadable or deferred host may
 * have rows too: those spans were read in full and are valid; the others are unknown.
 */
export type UsageReading = {
  readonly rows: readonly HostWindowBytes[];
  /** Not fatal (semantics §8), each host once. */
  readonly unreadable: readonly UnreadableHost[];
  /** The hosts of `unreadable`. */
  readonly unknownHosts: readonly string[];
  /** Not queried, or not in full, to stay within the source's quota and the time of a reading; the next one starts with others. */
  readonly deferredHosts?: readonly string[];
  readonly skipped?: readonly SkippedItem[];
};

/** One CDN's analytics. */
export interface UsageSource {
  /** The CDN's name as in services, such as "cloudflare". */
  readonly cdn: string;
  /**
   * Never longer than two minutes, whatever the CDN does.
   * @throws UsageSourceError where the account as a whole could not be read, or no query succeeded
   */
  read(query: UsageQuery): Promise<UsageReading>;
}

/** A usage source without a usable answer. `retryable` is false where only an operator can help. */
export class UsageSourceError extends Error {
  override readonly name = "UsageSourceError";
  readonly retryable: boolean;

  constructor(message: string, retryable: boolean, options?: ErrorOptions) {
    super(message, options);
    this.retryable = retryable;
  }
}
