/** Asks a CDN how many bytes it served. `windows` are half-open [startMs, endMs), epoch milliseconds. */
export type UsageQuery = {
  readonly hosts: readonly string[];
  readonly windows: readonly { readonly startMs: number; readonly endMs: number }[];
};

/** Response bytes of one host in one window: an integer, 0 when the CDN answered and saw nothing. */
export type HostWindowBytes = {
  readonly host: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly bytes: number;
};

/** `unknownHosts`: hosts that no zone of the account covers; not fatal (semantics §8). */
export type UsageReading = { readonly rows: readonly HostWindowBytes[]; readonly unknownHosts: readonly string[] };

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
