import type { Change, Page } from "../tenants/change.ts";

/** A customer's own AWS account, without its secret: an access key, or a role with its external id. */
export type DnsAccount = {
  readonly id: number;
  /** Any region of the partition; a role is assumed there. */
  readonly region: string;
  readonly accessKeyId: string | null;
  readonly roleArn: string | null;
  readonly externalId: string | null;
  readonly createdAtMs: number;
  /** Why its latest calls failed, or why GetChange is refused; null: no failure is known. */
  readonly lastError: string | null;
  /** Until when it is paused after that. */
  readonly pausedUntilMs: number | null;
};

export type DnsAccountInput = { readonly region: string } & (
  | { readonly accessKeyId: string; readonly secretAccessKey: string }
  | { readonly roleArn: string }
);

/** A live account with its secret, for the DNS adapter only. */
export type SealedDnsAccount = Omit<DnsAccount, "lastError" | "pausedUntilMs"> & {
  readonly customerId: number;
  readonly sealedSecret: string | null;
};

/** One live account per customer. Secrets are sealed; no method of the API returns them. */
export interface DnsAccountStore {
  /**
   * A role's external id is always generated here: whoever could choose it could have another customer's role assumed.
   * @throws AppError `conflict` where there is one, or where this deployment keeps no secrets
   */
  create(customerId: number, input: DnsAccountInput, change: Change): Promise<DnsAccount>;
  list(customerId: number, page: Page): Promise<DnsAccount[]>;
  /** @returns null where there is no such account */
  find(customerId: number, id: number): Promise<DnsAccount | null>;
  /** Erases the secret. @returns false where there is no such account */
  remove(customerId: number, id: number, change: Change): Promise<boolean>;
}
