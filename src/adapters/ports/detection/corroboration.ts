import type { SeenDomain, Watched } from "../../../domain/detection/corroboration.ts";
import type { ChainHead } from "../../../domain/evidence/evidence-claim.ts";
import type { Fence } from "../coordination/lease.ts";
import type { ChainedProof } from "./round.ts";

/** A storm that is on and waits for a witness, or counts by one. `cdn`: the one that it had for its primary when it began. */
export type WatchedStorm = Watched & {
  readonly stormId: number;
  readonly serviceId: number;
  readonly customerId: number;
  /** Where the chain of evidence of its service ends; null: it has none. */
  readonly chain: ChainHead | null;
  readonly cdn: string;
  /** Names and primary targets of its service's live domains. */
  readonly names: readonly string[];
  readonly targets: readonly string[];
};

/** A domain on a CDN by its name; its registrable domain is not the database's to know. */
export type SeenOnCdn = Omit<SeenDomain, "site"> & { readonly cdn: string; readonly name: string };

/** What was seen for a storm; `body`: the canonical JSON of its evidence; `proof` absent: it is not signed. */
export type Sighting = { readonly stormId: number; readonly creditedUntilMs: number; readonly body: string; readonly proof?: ChainedProof };

/** What there is to see of CDNs that storms name. */
export interface CorroborationStore {
  /** The storms to look after, of each customer the oldest first; no more than a run has time for. */
  watched(nowMs: number): Promise<WatchedStorm[]>;
  /**
   * Verified, once healthy domains of these CDNs with samples of the last minutes, of each CDN the first by id: who has been
   * there for long is not crowded out by who has not. A CDN's word about itself is not heard, and what a set-up of a customer's
   * own brings about (404 and the like) is no failure of its CDN.
   * @param settledMs a domain that was edited within so long is none of them
   */
  seen(cdns: readonly string[], nowMs: number, settledMs: number): Promise<SeenOnCdn[]>;
  /** Stores sightings with their evidence, fenced; of a storm that is not watched any more, nothing. @returns how many were stored */
  save(fence: Fence, sightings: readonly Sighting[]): Promise<number>;
}
