import type { Holding } from "../../../domain/metering/metering.ts";
import type { Fence } from "../coordination/lease.ts";
import type { Sampling } from "./usage.ts";

/** A holding with how far it was read, and whether the source last had no figures for its host. */
export type MeteredHolding = Holding & { readonly settledUntilMs: number | null; readonly isUnreadable: boolean };

/** What a CDN carried for a host in a slice of a window (epoch milliseconds). */
export type SliceReading = {
  readonly domainId: number;
  readonly serviceId: number;
  readonly cdn: string;
  readonly windowStartMs: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly bytes: number;
  /** Absent: every request was counted. */
  readonly sampling?: Sampling;
};

/** Whether a source has figures for a domain's host; `reason` null: it has. */
export type HostState = {
  readonly domainId: number;
  readonly customerId: number;
  readonly cdn: string;
  readonly host: string;
  readonly reason: string | null;
};

/** What is read of the domain at the CDN until then is final. */
export type MeteringMark = { readonly domainId: number; readonly cdn: string; readonly settledUntilMs: number };

/** Who measures: the operator these CDNs for all customers; customers with accounts of their own their services. */
export type Measurers = {
  readonly cdns: readonly string[];
  readonly accounts: readonly { readonly customerId: number; readonly cdn: string }[];
};

export type SaveUsage = {
  readonly readings: readonly SliceReading[];
  /** Windows for which a host's query failed: their sides are incomplete now. */
  readonly touched: readonly { readonly serviceId: number; readonly windowStartMs: number }[];
  readonly windowMs: number;
  /** With whose credentials it was read; null: the operator's. */
  readonly accountId: number | null;
  readonly measurers: Measurers;
  readonly readAtMs: number;
};

/** How many windows are new or other than before; `corrected` ones were billed already and will be adjusted. */
export type SavedUsage = { readonly stored: number; readonly corrected: number };

/** The tables behind usage ingestion. Every write is fenced. */
export interface IngestStore {
  /**
   * Holdings at this CDN that lasted beyond `sinceMs`, deleted domains and services included, ascending by domain; those of
   * domains after `afterDomainId`, of `limit` domains at most.
   */
  holdings(query: {
    readonly cdn: string;
    readonly windowMs: number;
    readonly sinceMs: number;
    readonly afterDomainId: number;
    readonly limit: number;
  }): Promise<readonly MeteredHolding[]>;
  /** Notes hosts that can not be read any more, each with a finding, and those that can again. */
  noteHosts(fence: Fence, states: readonly HostState[], nowMs: number): Promise<void>;
  /**
   * Stores readings, and recomputes their windows from all readings and pushes (semantics §8): a
   * window that is not billed is replaced, a billed one corrected. A reading is replaced by a greater one, whoever read it; a
   * lesser one is rejected, as a finding. A side of which a host is missing never falls. All windows are of one length.
   * @throws AppError `conflict` where windows of another length are stored, `unavailable` where others keep interfering
   */
  save(fence: Fence, usage: SaveUsage): Promise<SavedUsage>;
  settle(fence: Fence, marks: readonly MeteringMark[]): Promise<void>;
}
