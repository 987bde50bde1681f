/** One probe to send. `timeoutMs` runs to the response headers. */
export type ProbeRequest = {
  /** Absolute URL: scheme, target and path. */
  readonly url: string;
  readonly timeoutMs: number;
};

/** What came back, before it is judged. `timeout` and `network` carry no status. */
export type ProbeAnswer =
  | { readonly kind: "answer"; readonly status: number; readonly latencyMs: number }
  | { readonly kind: "timeout" | "network"; readonly latencyMs: number };

/** Sends probes. Never throws: every failure is an answer. */
export interface Prober {
  probe(request: ProbeRequest): Promise<ProbeAnswer>;
}
