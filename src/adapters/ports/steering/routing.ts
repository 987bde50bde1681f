import type { Member } from "../../../domain/steering/group.ts";
import type { VisitorAnswers } from "../../../domain/steering/backup-reach.ts";
import type { Change, Page, Paged } from "../tenants/change.ts";
import type { Observed } from "./observations.ts";

export type DomainRouting = {
  readonly domainId: number;
  readonly name: string;
  /**
   * `found`, `unprovisioned`, `error` (`lastError` says what) or `contested` (somebody else keeps changing the weights);
   * `unread` until the live records have been read once.
   */
  readonly status: string;
  readonly primaryWeight: number | null;
  readonly backupWeight: number | null;
  readonly readAtMs: number | null;
  /** Set while tranche itself has the domain on its backup. */
  readonly movedAtMs: number | null;
  readonly contestedAtMs: number | null;
  readonly lastError: string | null;
  /** What visitors are expected to be answered; null: there is no pair, or it was last read before this field existed. */
  readonly expected: VisitorAnswers | null;
};

/** Weights that somebody else changed. */
export type RoutingDrift = {
  readonly id: number;
  readonly domainId: number;
  readonly recordType: string;
  readonly previousPrimary: number;
  readonly previousBackup: number;
  /** Null: tranche wanted nothing in particular then. */
  readonly expectedPrimary: number | null;
  readonly expectedBackup: number | null;
  readonly foundPrimary: number;
  readonly foundBackup: number;
  /** Where it was other records of a steered group that were changed: the sums of their weights. */
  readonly previousOthers: number | null;
  readonly foundOthers: number | null;
  /** Why it was not to be healed; null: it was. */
  readonly leftAlone: string | null;
  readonly foundAtMs: number;
  readonly healedAtMs: number | null;
};

export type RoutingChange = {
  readonly id: number;
  readonly domainId: number;
  readonly stormId: number | null;
  readonly fromPrimary: number;
  readonly fromBackup: number;
  readonly toPrimary: number;
  readonly toBackup: number;
  /** Other weighted records of the name that it set with the pair; null: none. */
  readonly members: readonly Member[] | null;
  readonly reason: string;
  readonly actor: string;
  readonly epoch: number;
  readonly shadow: boolean;
  readonly result: "intent" | "accepted" | "insync" | "unconfirmed" | "failed" | "superseded" | "shadow";
  readonly changeId: string | null;
  readonly error: string | null;
  /** Number of attempts. */
  readonly attempts: number;
  /** When it is retried, where it failed and is still wanted. */
  readonly nextAttemptAtMs: number | null;
  readonly intendedAtMs: number;
  readonly acceptedAtMs: number | null;
  readonly insyncAtMs: number | null;
  /** What the public DNS answered afterwards; null: not queried. */
  readonly observed: Observed | null;
};

export type RoutingOverride = {
  readonly mode: "primary" | "backup" | "frozen";
  readonly reason: string;
  readonly untilMs: number | null;
  readonly actor: string;
  readonly setAtMs: number;
  /** It is the freeze of all services of the customer, and not one of this service. */
  readonly ofAll?: true;
};

/** A manual override; `untilMs` null: until it is cleared. */
export type OverrideOrder = Pick<RoutingOverride, "mode" | "reason" | "untilMs">;

export type RoutingView = {
  readonly serviceId: number;
  readonly state: string;
  readonly reason: string;
  readonly override: RoutingOverride | null;
  /** Ascending by id; as many as fit in half an answer. */
  readonly domains: readonly Paged<DomainRouting>[];
  /** Newest first (descending by id). */
  readonly changes: readonly Paged<RoutingChange>[];
  /** The newest twenty, newest first. */
  readonly drifts: readonly RoutingDrift[];
};

export interface RoutingStore {
  /**
   * State and history of a live service; null where the customer has none of that id. `page` pages the changes.
   * @param afterDomainId after which of its domains their list begins
   */
  get(customerId: number, serviceId: number, page: Page, afterDomainId?: number): Promise<RoutingView | null>;
  /** Replaces an earlier override. Takes effect with the next round. @returns null where there is no such service */
  setOverride(customerId: number, serviceId: number, order: OverrideOrder, change: Change): Promise<RoutingOverride | null>;
  /** @returns false where there is no such service; true although there was no override to clear */
  clearOverride(customerId: number, serviceId: number, change: Change): Promise<boolean>;
  /** Ends a fight over a domain's weights, and clears the drifts that led to it. @returns null where there is no such domain */
  resumeDrift(
    customerId: number,
    serviceId: number,
    domainId: number,
    change: Change,
  ): Promise<{ readonly domainId: number; readonly resumedAtMs: number } | null>;
}
