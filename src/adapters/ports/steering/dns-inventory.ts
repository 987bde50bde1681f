import type { DnsBudget } from "./dns.ts";

/** A hosted zone; `isEmpty`: it has no record but its own, and is no service's of AWS. */
export type InventoryZone = { readonly id: string; readonly name: string; readonly isEmpty: boolean };

/** A health check; `options`: how many of its features are charged beside the endpoint. */
export type InventoryCheck = { readonly id: string; readonly isOnAws: boolean; readonly options: number };

/** What a DNS account has, as far as it could be read. */
export type DnsInventory = {
  readonly zones: readonly InventoryZone[] | null;
  /** Health checks that no record of the account's zones names, and that neither another one nor a service of AWS needs. */
  readonly looseChecks: readonly InventoryCheck[] | null;
  /** What could not be read, and why. */
  readonly problems: readonly { readonly source: string; readonly problem: string }[];
};

/** Lists what an account has; it writes nothing. Never throws. */
export interface DnsInventoryReader {
  inventory(budget: DnsBudget): Promise<DnsInventory>;
}
