import type { Change, Page } from "./change.ts";

/** A customer's own AWS account, without its secret. */
export type DnsAccount = {
  readonly id: number;
  /** Any region of the partition. */
  readonly region: string;
  readonly accessKeyId: string;
  readonly createdAtMs: number;
};

export type DnsAccountInput = { readonly region: string; readonly accessKeyId: string; readonly secretAccessKey: string };

/** A live account as only the way to DNS reads it. */
export type SealedDnsAccount = DnsAccount & { readonly customerId: number; readonly sealedSecret: string };

/** One live account per customer. Secrets are sealed; nothing the API reads gives them back. */
export interface DnsAccountStore {
  /** @throws AppError `conflict` where there is one, or where this deployment keeps no secrets */
  create(customerId: number, input: DnsAccountInput, change: Change): Promise<DnsAccount>;
  list(customerId: number, page: Page): Promise<DnsAccount[]>;
  /** Erases the secret. @returns false where there is no such account */
  remove(customerId: number, id: number, change: Change): Promise<boolean>;
}
