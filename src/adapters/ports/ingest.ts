import type { Fence } from "./lease.ts";
import type { Sampling } from "./usage.ts";

/** A verified hostname of a service, and the side on which the service has the CDN that was asked for. */
export type MeteredHost = {
  readonly serviceId: number;
  readonly customerId: number;
  readonly side: "primary" | "backup";
  readonly host: string;
};

/** Bytes of one side of one service in one window (epoch milliseconds), as a source reported them. */
export type SideUsage = {
  readonly serviceId: number;
  readonly side: "primary" | "backup";
  readonly startMs: number;
  readonly endMs: number;
  readonly bytes: number;
  /** Absent: every request was counted. */
  readonly sampling?: Sampling;
};

/** How many windows are new or other than before; `corrected` ones were billed already and will be adjusted. */
export type SavedUsage = { readonly stored: number; readonly corrected: number };

/** The tables behind usage ingestion. */
export interface IngestStore {
  /** Hosts of live services that use this CDN, on either side. */
  hosts(cdn: string): Promise<readonly MeteredHost[]>;
  /**
   * Stores one reading: a window that is not billed has that side replaced, a billed one is corrected (semantics §8), and
   * one that ended before the service existed is none of ours. All windows are of one length.
   * @throws AppError `conflict` where windows of another length are stored, `unavailable` where others keep interfering
   */
  save(fence: Fence, source: string, usage: readonly SideUsage[]): Promise<SavedUsage>;
}
