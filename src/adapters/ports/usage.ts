/** Asks a CDN how many bytes it served. `windows` are half-open [startMs, endMs), epoch milliseconds. */
export type UsageQuery = {
  readonly hosts: readonly string[];
  readonly windows: readonly { readonly startMs: number; readonly endMs: number }[];
};

/**
 * How far bytes are an estimate. `interval`: on average one request in so many was counted. The bounds hold the true
 * value with 95 % confidence; null where the source does not say.
 */
export type Sampling = { readonly interval: number; readonly lowerBytes: number | null; readonly upperBytes: number | null };

/** Response bytes of one host in one window: an integer, 0 when the CDN answered and saw nothing. */
export type HostWindowBytes = {
  readonly host: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly bytes: number;
  /** Absent: every request was counted. */
  readonly sampling?: Sampling;
};

/**
 * `unknownHosts`: hosts that the account does not cover; not fatal (semantics §8). `deferredHosts`: hosts that were not
 * asked for, or not in full, to stay within the source's quota; the next reading begins elsewhere.
 */
export type UsageReading = {
  readonly rows: readonly HostWindowBytes[];
  readonly unknownHosts: readonly string[];
  readonly deferredHosts?: readonly string[];
};

/** One CDN's analytics. */
export interface UsageSource {
  /** The CDN's name as services carry it, such as "cloudflare". */
  readonly cdn: string;
  /** @throws UsageSourceError when the source could not be read; nothing of a failed reading may be stored. */
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
