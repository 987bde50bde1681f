import type { Change, Page } from "../tenants/change.ts";

/** What of an AWS account is watched. */
export type CostScope = {
  readonly name: string;
  /** Of the bucket; a role is assumed, and a key asked after, at its STS. */
  readonly region: string;
  /** Of the trail's files; null: none are read, and only what idles is looked for. */
  readonly bucket: string | null;
  /** What precedes `AWSLogs/` in their keys: empty, or ends with a slash. */
  readonly prefix: string;
  readonly awsAccounts: readonly string[];
  readonly regions: readonly string[];
};

/** A customer's own way to an AWS account whose costs are watched, without its secret: an access key, or a role with its external id. */
export type CostAccount = CostScope & {
  readonly id: number;
  readonly accessKeyId: string | null;
  readonly roleArn: string | null;
  readonly externalId: string | null;
  readonly createdAtMs: number;
  /** When files were last looked for without an error; null: never. */
  readonly lastReadAtMs: number | null;
  /** What went wrong since then; null: nothing is known. */
  readonly lastError: string | null;
};

export type CostAccountInput = CostScope &
  ({ readonly accessKeyId: string; readonly secretAccessKey: string } | { readonly roleArn: string });

export type CostAccountPatch = { readonly [Field in keyof CostScope]?: CostScope[Field] | undefined };

/** A live account with its secret, for what signs with it only. */
export type SealedCostAccount = CostScope & {
  readonly id: number;
  readonly customerId: number;
  readonly accessKeyId: string | null;
  readonly sealedSecret: string | null;
  readonly roleArn: string | null;
  readonly externalId: string | null;
  readonly createdAtMs: number;
};

/** Secrets are sealed; no method of the API returns them. */
export interface CostAccountStore {
  /**
   * A role's external id is always generated here: whoever could choose it could have another customer's role assumed.
   * @throws AppError `conflict` for a name that is taken, or where this deployment keeps no secrets; `quota`; `not_found`
   */
  create(customerId: number, input: CostAccountInput, change: Change): Promise<CostAccount>;
  list(customerId: number, page: Page): Promise<CostAccount[]>;
  /** @returns null where there is no such account */
  find(customerId: number, id: number): Promise<CostAccount | null>;
  /** What it signs with stays as it is. @returns null where there is no such account. @throws AppError `conflict` for a name that is taken */
  update(customerId: number, id: number, patch: CostAccountPatch, change: Change): Promise<CostAccount | null>;
  /** Erases the secret. @returns false where there is no such account */
  remove(customerId: number, id: number, change: Change): Promise<boolean>;
}
