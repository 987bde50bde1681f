/** What reading any CDN takes, beside its account. */
export type UsageOptions = {
  readonly fetch: typeof fetch;
  /** Ends early where the signal aborts. */
  readonly sleep: (ms: number, until?: AbortSignal) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
  /** Epoch milliseconds, for the age of what is cached and of what may be asked; the system clock unless told. */
  readonly now?: () => number;
  /** One attempt of one request, body included. */
  readonly timeoutMs?: number;
  /** One reading as a whole. */
  readonly readTimeoutMs?: number;
};
