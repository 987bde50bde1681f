import type { WeightedRecord } from "./dns.ts";

/** A domain as its setup in DNS is looked at: who serves it, what was last read of it. */
export type DnsSetupDomain = {
  readonly domainId: number;
  readonly name: string;
  /** Given, else discovered from the live records. */
  readonly primaryTarget: string | null;
  readonly backupTarget: string | null;
  readonly probePath: string | null;
  readonly expectStatus: string;
  readonly normal: { readonly primary: number; readonly backup: number };
  readonly verified: boolean;
  readonly zoneId: string | null;
  readonly records: readonly WeightedRecord[] | null;
};

export type DnsSetup = {
  readonly serviceId: number;
  readonly customerId: number;
  readonly domains: readonly DnsSetupDomain[];
};

/** What the routes around a service's DNS setup read. A row of another customer is a missing row. */
export interface DnsSetupStore {
  /** @returns null where the customer has no such live service */
  get(customerId: number, serviceId: number): Promise<DnsSetup | null>;
}
