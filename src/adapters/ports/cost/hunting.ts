import type { Zombie, ZombieRule } from "../../../domain/cost/zombie.ts";
import type { Facts } from "../../../domain/cost/zombie-hunt.ts";
import type { BackupFacts } from "../../../domain/cost/zombie-steering.ts";
import type { Fence } from "../coordination/lease.ts";
import type { UnreadSource } from "./zombies.ts";

/**
 * What the database knows of a customer: of each rule the facts that may make it hold. `unknown`: what nobody measures or asks at present,
 * so that nobody knows whether it idles.
 */
export type KnownFacts = Pick<
  Facts,
  "backups" | "cdns" | "unverifiedDomains" | "unusedAccounts" | "tokens" | "services" | "customersWithoutService"
> & {
  /** Records beside steered pairs, by names as last read. */
  readonly beside: readonly { readonly serviceId: number; readonly name: string; readonly setIdentifier: string }[];
  readonly unknown: readonly Unknown[];
  /** How many there were more than are read at once, by what they are; none is forgotten in silence. */
  readonly cut: readonly string[];
};

/** Something that is seen to idle where nobody says since when; `resource` is its key. */
export type Sighting = { readonly rule: ZombieRule; readonly resource: string; readonly account: string | null };

/**
 * What was not read of a rule: one thing, by its key, or all of an account (null: of all accounts). What is not known is not over.
 */
export type Unknown = { readonly rule: ZombieRule; readonly account: string | null; readonly key?: string };

/** What a hunt came to. */
export type Hunted = { readonly found: readonly Zombie[]; readonly unknown: readonly Unknown[]; readonly unread: readonly UnreadSource[] };

/** A service of a page, and the CDN that is its backup. */
export type PagedService = Pick<BackupFacts, "serviceId" | "cdn"> & { readonly customerId: number };

/** A backup without a good probe within a day. `isKnown`: it is asked at present, or carried something within a day. */
export type SilentBackup = BackupFacts & { readonly customerId: number; readonly isKnown: boolean };

/** Where a hunt reads, and keeps what it finds. Epoch milliseconds. */
export interface HuntStore {
  /**
   * Customers that were not hunted for since `beforeMs` and not tried since `triedBeforeMs`, those first that were tried longest ago: one whose
   * hunt fails is behind all others.
   */
  due(beforeMs: number, triedBeforeMs: number, most: number): Promise<number[]>;
  /** That a hunt begins, however it ends. @returns whether the lease is held */
  begin(fence: Fence, customerId: number): Promise<boolean>;
  facts(customerId: number, nowMs: number): Promise<KnownFacts>;
  /** Names that were given up and that nobody has added again: their pairs may still be there. In another order every day. */
  abandoned(customerId: number, nowMs: number): Promise<readonly string[]>;
  /** Live services after `afterId`, of all customers; as many as asked for, where there are as many. */
  services(afterId: number, most: number): Promise<readonly PagedService[]>;
  /** The backups of these services without a good probe within a day: the first rule alone. */
  silentBackups(serviceIds: readonly number[], nowMs: number): Promise<readonly SilentBackup[]>;
  /** Customers of whom something is open by this rule. */
  customersWith(rule: ZombieRule): Promise<number[]>;
  /**
   * Since when each is seen: from now on, where it was not before. Sightings of `rules` that are not among them are over, but for those of
   * `unknown`. @returns by position; null where the lease is lost
   */
  sighted(
    fence: Fence,
    customerId: number,
    rules: readonly ZombieRule[],
    sightings: readonly Sighting[],
    unknown: readonly Unknown[],
  ): Promise<number[] | null>;
  /** Stores what was found, and ends what is no longer there of `rules`. @returns null where the lease is lost */
  record(
    fence: Fence,
    customerId: number,
    rules: readonly ZombieRule[],
    hunted: Hunted,
    isWhole: boolean,
  ): Promise<{ readonly opened: number; readonly ended: number } | null>;
}
