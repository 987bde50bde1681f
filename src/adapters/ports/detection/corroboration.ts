import type { SeenDomain, Watched } from "../../../domain/detection/corroboration.ts";
import type { ChainHead } from "../../../domain/evidence/evidence-claim.ts";
import type { Fence } from "../coordination/lease.ts";
import type { ChainedProof } from "./round.ts";

/** An active storm that waits for a witness, or counts by one. `cdn`: that of the primary when it began. */
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

/** A domain on a CDN, by its name; the registrable domain is computed outside of the database. */
export type SeenOnCdn = Omit<SeenDomain, "site"> & { readonly cdn: string; readonly name: string };

/** A sighting for a storm; `body`: the canonical JSON of its evidence; `proof` absent: it is not signed. */
export type Sighting = { readonly stormId: number; readonly creditedUntilMs: number; readonly body: string; readonly proof?: ChainedProof };

/** Observations of the CDNs of storms. */
export interface CorroborationStore {
  /** The storms to examine, round-robin over customers, oldest first; no more than a run has time for. */
  watched(nowMs: number): Promise<WatchedStorm[]>;
  /**
   * Verified, once healthy domains of these CDNs with samples of the last minutes, of each CDN the first by id: old domains
   * are not displaced by new ones. A CDN's vantage does not count about itself, and a fault of a customer's own
   * configuration (404 and the like) is no failure of its CDN.
   * @param settledMs domains edited within so long are left out
   */
  seen(cdns: readonly string[], nowMs: number, settledMs: number): Promise<SeenOnCdn[]>;
  /** Stores sightings with their evidence, fenced; nothing for a storm that is no longer eligible. @returns how many were stored */
  save(fence: Fence, sightings: readonly Sighting[]): Promise<number>;
}
