/** One record set of a weighted pair exactly as Route 53 holds it, so that a DELETE can name it to the letter. */
export type WeightedRecord = {
  /** Unescaped, lower-case, without the trailing dot. */
  readonly name: string;
  readonly type: string;
  /** As stored: `primary` or `backup` in any case. */
  readonly setIdentifier: string;
  /** 0..255 */
  readonly weight: number;
  /** Seconds; absent on alias records. */
  readonly ttl?: number;
  readonly values?: readonly string[];
  readonly alias?: { readonly hostedZoneId: string; readonly dnsName: string; readonly evaluateTargetHealth: boolean };
  readonly healthCheckId?: string;
};

export type Weights = { readonly primary: number; readonly backup: number };

/** The live pair of a name; several types of one name move together (semantics §7). */
export type PairReading =
  | { readonly status: "found"; readonly zoneId: string; readonly records: readonly WeightedRecord[] }
  | { readonly status: "unprovisioned"; readonly zoneId: string | null; readonly detail: string }
  | { readonly status: "error"; readonly detail: string; readonly retryable: boolean };

/** A compare-and-set: `records` is what was read, and fails as `stale` when it is no longer so. */
export type WeightChange = {
  readonly domain: string;
  readonly zoneId: string;
  readonly records: readonly WeightedRecord[];
  readonly to: Weights;
};

export type WeightChangeResult =
  | { readonly domain: string; readonly status: "accepted"; readonly changeId: string; readonly acceptedAtMs: number }
  | { readonly domain: string; readonly status: "stale"; readonly detail: string }
  | { readonly domain: string; readonly status: "failed"; readonly detail: string; readonly retryable: boolean };

/** Whether a submitted change is on all of Route 53's servers. `unknown`: the provider no longer knows the id. */
export type ChangeStatus = "pending" | "insync" | "unknown";

/** The DNS provider behind steering. One failing name or zone never hinders the others. */
export interface Dns {
  readonly provider: "route53" | "log";
  /**
   * Reads the weighted pairs of many names; every name asked for is in the answer. Never throws.
   * @param untilMs no request is begun after this: nobody waits for its answer any more
   */
  read(domains: readonly string[], untilMs?: number): Promise<ReadonlyMap<string, PairReading>>;
  /**
   * Applies changes batched per zone; one result per change, in the order given. Never throws.
   * @param untilMs no request is begun after this: whoever takes over relies on it
   */
  apply(changes: readonly WeightChange[], untilMs?: number): Promise<readonly WeightChangeResult[]>;
  /** Asks after submitted changes; ids that could not be asked now are left out. Never throws. */
  status(changeIds: readonly string[], untilMs?: number): Promise<ReadonlyMap<string, ChangeStatus>>;
}
