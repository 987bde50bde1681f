/** The result of one check of the other provider's public endpoint; `error` is null where it was good. */
export type Sighting = { readonly provider: string; readonly error: string | null };

/** The other provider, as seen from the internet: a renewed lease does not prove that the edge serves (semantics §10). */
export interface Peer {
  /** Requests its public `/healthz`. Never throws; one request at a time, a concurrent call does nothing. */
  look(): Promise<void>;
  /** The latest result, once: null where there was none since the last call. */
  take(): Sighting | null;
}
