import type { ProbePath } from "../../../domain/detection/probe.ts";
import type { Whereabouts } from "../../../domain/detection/target.ts";
import type { Budget, Sent } from "../platform/budget.ts";
import type { Fence } from "../coordination/lease.ts";

/** `asks`: unverified customers want it probed, and it is in no zone of a CDN that permits it. */
export type DueTarget = { readonly host: string; readonly asks: boolean };

export type CheckedTarget = {
  readonly host: string;
  readonly addresses: Whereabouts;
  readonly consent: "txt" | "well_known" | null;
};

/** A path of a domain that has a host, with what is known of the host. */
export type KnownPath = {
  readonly path: ProbePath;
  readonly host: string;
  /** Null: not looked up yet. */
  readonly addresses: Whereabouts | null;
  readonly checkedAtMs: number | null;
  readonly consent: "txt" | "well_known" | "cdn" | null;
  /** Of an unverified domain: it is probed once in so many rounds; null: not at all. */
  readonly period: number | null;
};

/** What is known of the hosts that are probed, across customers. */
export interface TargetStore {
  /**
   * Hosts of live domains not looked up since then, round-robin over customers, alternating between those never looked up and
   * those looked up longest ago: new ones, however many, do not starve the others.
   */
  due(beforeMs: number, limit: number): Promise<readonly DueTarget[]>;
  save(fence: Fence, targets: readonly CheckedTarget[], nowMs: number): Promise<void>;
  /** Assigns probe rounds to every path of an unverified domain whose target consents, and removes others'. @returns how many have some */
  deal(fence: Fence): Promise<number>;
  /** @returns null where the customer has no such live domain */
  ofDomain(
    customerId: number,
    serviceId: number,
    domainId: number,
  ): Promise<{ readonly verified: boolean; readonly paths: readonly KnownPath[] } | null>;
  /** Deletes all of it, where targets are no longer looked up. */
  clear(fence: Fence): Promise<void>;
}

/** Queries a host itself. */
export interface ConsentReader {
  /** Its answer at the path of the consent: the text, null for anything but a 200. Never throws. */
  read(host: string, budget: Budget): Promise<Sent<string | null>>;
}
