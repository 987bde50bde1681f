/** One probe to send. `timeoutMs` runs to the response headers. */
export type ProbeRequest = {
  /** Absolute URL: scheme, target and path. */
  readonly url: string;
  readonly timeoutMs: number;
};

/**
 * The raw result of a probe. `timeout` and `network` carry no status. `unreadable`: an answer in a form that not
 * every provider's runtime can read; it says nothing about the CDN, and must not depend on who probed.
 */
export type ProbeAnswer =
  | { readonly kind: "answer"; readonly status: number; readonly latencyMs: number }
  | { readonly kind: "timeout" | "network" | "unreadable"; readonly latencyMs: number };

/** Sends probes. Never throws: every failure is a result. */
export interface Prober {
  probe(request: ProbeRequest): Promise<ProbeAnswer>;
}

/** Where this vantage probes from, where its platform reports it: a colo such as `FRA`, a region such as `fra1`. */
export interface Place {
  /** Null: not reported, or not queried yet. */
  known(): string | null;
  /** Queries it, where possible and the last reading is old. Never throws, never takes long. */
  look(): Promise<void>;
}
