import type { ProbePath } from "../../../domain/detection/probe.ts";
import type { Whereabouts } from "../../../domain/detection/target.ts";
import type { Budget, Sent } from "../platform/budget.ts";
import type { Fence } from "../coordination/lease.ts";

/** `asks`: strangers want it probed, and no zone of a CDN's says that they may. */
export type DueTarget = { readonly host: string; readonly asks: boolean };

export type CheckedTarget = {
  readonly host: string;
  readonly addresses: Whereabouts;
  readonly consent: "txt" | "well_known" | null;
};

/** A path of a domain that has a host, with what is known of that. */
export type KnownPath = {
  readonly path: ProbePath;
  readonly host: string;
  /** Null: nobody has looked yet. */
  readonly addresses: Whereabouts | null;
  readonly checkedAtMs: number | null;
  readonly consent: "txt" | "well_known" | "cdn" | null;
  /** Of an unverified domain, in how many rounds its turn comes once; null: it has none. */
  readonly period: number | null;
};

/** What is known of the hosts that are probed, whoever wants them probed. */
export interface TargetStore {
  /**
   * Hosts of live domains that were not looked at since then. Each customer has its turns, one of those that never were and one of
   * those that were longest ago: new ones, however many, keep no host from being looked at again.
   */
  due(beforeMs: number, limit: number): Promise<readonly DueTarget[]>;
  save(fence: Fence, targets: readonly CheckedTarget[], nowMs: number): Promise<void>;
  /** Gives every path of an unverified domain whose target agrees its turn, and takes it from others. @returns how many have one */
  deal(fence: Fence): Promise<number>;
  /** @returns null where the customer has no such live domain */
  ofDomain(customerId: number, serviceId: number, domainId: number): Promise<{ readonly verified: boolean; readonly paths: readonly KnownPath[] } | null>;
  /** Forgets all of it, where no target is looked at any more. */
  clear(fence: Fence): Promise<void>;
}

/** Asks a host itself. */
export interface ConsentReader {
  /** What it answers at the path of the agreement: its text, null for anything but a 200. Never throws. */
  read(host: string, budget: Budget): Promise<Sent<string | null>>;
}
