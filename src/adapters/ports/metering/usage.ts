/** A half-open span of time [startMs, endMs), epoch milliseconds. */
export type UsageSpan = { readonly startMs: number; readonly endMs: number };

/**
 * Asks a CDN how many bytes it served. `windows`: ascending, disjoint spans with edges on full minutes where usage windows
 * are whole minutes, else on full seconds: whole windows or parts of them, and old ones too. A job may read one source
 * several times in a row, with other spans each time: what the source has learnt is used again, and its quota counts on.
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

/** A host of which something asked for is not known, and why, in words that tell a person what to mend. */
export type UnreadableHost = { readonly host: string; readonly reason: string };

/** A service, zone or listing of the account that was passed over, and why. */
export type SkippedItem = { readonly item: string; readonly reason: string };

/**
 * What is not certain is not 0 bytes: it has no row. A span without a row of a host that is neither unreadable nor deferred
 * is one that the source does not keep any more, or whose figures are not complete yet. An unreadable or deferred host may
 * have rows too: those spans were read in full and are good; the others asked for are not known.
 */
export type UsageReading = {
  readonly rows: readonly HostWindowBytes[];
  /** Not fatal (semantics §8), each host once. */
  readonly unreadable: readonly UnreadableHost[];
  /** The hosts of `unreadable`. */
  readonly unknownHosts: readonly string[];
  /** Not asked for, or not in full, to stay within the source's quota and the time of a reading; the next begins elsewhere. */
  readonly deferredHosts?: readonly string[];
  readonly skipped?: readonly SkippedItem[];
};

/** One CDN's analytics. */
export interface UsageSource {
  /** The CDN's name as services carry it, such as "cloudflare". */
  readonly cdn: string;
  /**
   * Never longer than two minutes, whatever the CDN does.
   * @throws UsageSourceError where the account as a whole could not be read, or nothing that was asked of it
   */
  read(query: UsageQuery): Promise<UsageReading>;
}

/** A usage source that did not answer usefully. `retryable` is false where only an operator can help. */
export class UsageSourceError extends Error {
  override readonly name = "UsageSourceError";
  readonly retryable: boolean;

  constructor(message: string, retryable: boolean, options?: ErrorOptions) {
    super(message, options);
    this.retryable = retryable;
  }
}
