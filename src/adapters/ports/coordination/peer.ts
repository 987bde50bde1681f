/** What one look at the other provider's public face came to; `error` is null where it was good. */
export type Sighting = { readonly provider: string; readonly error: string | null };

/** The other provider, as everybody on the internet sees it: a lease that is renewed does not prove a live edge (semantics §10). */
export interface Peer {
  /** Asks its public `/healthz`. Never throws; one look at a time, a second one is not begun. */
  look(): Promise<void>;
  /** The latest finding, once: null where there was none since. */
  take(): Sighting | null;
}
