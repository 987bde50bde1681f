import type { Zombie, ZombieRule } from "../../../domain/cost/zombie.ts";
import type { Facts } from "../../../domain/cost/zombie-hunt.ts";
import type { BackupFacts } from "../../../domain/cost/zombie-steering.ts";
import type { Fence } from "../coordination/lease.ts";
import type { UnreadSource } from "./zombies.ts";

/** What the database knows of a customer: of each rule the facts that may make it hold. */
export type KnownFacts = Pick<
  Facts,
  "backups" | "cdns" | "unverifiedDomains" | "unusedAccounts" | "tokens" | "services" | "customersWithoutService"
> & {
  /** Records beside steered pairs, by names as last read. */
  readonly beside: readonly { readonly name: string; readonly setIdentifier: string }[];
  /** Names of domains that were deleted and that nobody has added again: their pairs may still be there. */
  readonly abandoned: readonly string[];
  /** How many there were more than are read at once, by what they are; none is forgotten in silence. */
  readonly cut: readonly string[];
};

/** Something that is seen to idle where nobody says since when. */
export type Sighting = { readonly rule: ZombieRule; readonly resource: string; readonly account: string | null };

/** What was not read of an account (null: of all): what is not known is not over. */
export type Unknown = { readonly rule: ZombieRule; readonly account: string | null };

/** What a hunt came to. */
export type Hunted = { readonly found: readonly Zombie[]; readonly unknown: readonly Unknown[]; readonly unread: readonly UnreadSource[] };

/** Where a hunt reads, and keeps what it finds. Epoch milliseconds. */
export interface HuntStore {
  /** Customers that were not hunted for since `beforeMs`, those first that have waited for longest. */
  due(beforeMs: number, most: number): Promise<number[]>;
  facts(customerId: number, nowMs: number): Promise<KnownFacts>;
  /** Backups of services after `afterId` without a good probe within a day, of all customers: the first rule alone. */
  silentBackups(
    afterId: number,
    most: number,
    nowMs: number,
  ): Promise<{ readonly backups: readonly (BackupFacts & { readonly customerId: number })[]; readonly nextId: number | null }>;
  /** Customers of whom something is open by this rule. */
  customersWith(rule: ZombieRule): Promise<number[]>;
  /**
   * Since when each is seen: from now on, where it was not before. Sightings of `rules` that are not among them are over, but for those of
   * `unknown`. @returns by position
   */
  sighted(customerId: number, rules: readonly ZombieRule[], sightings: readonly Sighting[], unknown: readonly Unknown[]): Promise<number[]>;
  /** Stores what was found, and ends what is no longer there of `rules`. @returns null where the lease is lost */
  record(
    fence: Fence,
    customerId: number,
    rules: readonly ZombieRule[],
    hunted: Hunted,
    isWhole: boolean,
  ): Promise<{ readonly opened: number; readonly ended: number } | null>;
}
