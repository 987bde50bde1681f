/** One probe to send. `timeoutMs` runs to the response headers. */
export type ProbeRequest = {
  /** Absolute URL: scheme, target and path. */
  readonly url: string;
  readonly timeoutMs: number;
};

/**
 * What came back, before it is judged. `timeout` and `network` carry no status. `unreadable`: an answer, but one whose form
 * is beyond what every provider's runtime reads; it says nothing of the CDN, and must not depend on who probed.
 */
export type ProbeAnswer =
  | { readonly kind: "answer"; readonly status: number; readonly latencyMs: number }
  | { readonly kind: "timeout" | "network" | "unreadable"; readonly latencyMs: number };

/** Sends probes. Never throws: every failure is an answer. */
export interface Prober {
  probe(request: ProbeRequest): Promise<ProbeAnswer>;
}

/** Where on earth this vantage probes from, as far as its platform tells: a colo such as `FRA`, a region such as `fra1`. */
export interface Place {
  /** Null: not told, or not asked yet. */
  known(): string | null;
  /** Asks, where there is somebody to ask and that was long ago. Never throws, never takes long. */
  look(): Promise<void>;
}
