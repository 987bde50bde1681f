import type { Change, Page } from "../tenants/change.ts";
import type { Fence } from "../coordination/lease.ts";
import type { UsageSource } from "./usage.ts";

export type MeasurableCdn = "cloudflare" | "fastly";

/** A customer's own account at a CDN, without its token. Times are epoch milliseconds. */
export type CdnAccount = {
  readonly id: number;
  readonly cdn: MeasurableCdn;
  /** The account at the CDN, where a token may see several. */
  readonly accountRef: string | null;
  readonly createdAtMs: number;
  readonly lastReadAtMs: number | null;
  /** Why the last reading failed; null: it did not. */
  readonly lastError: string | null;
  /** Why its audit log could not be read; null: it could, or was never tried. */
  readonly auditLogError: string | null;
};

export type CdnAccountInput = { readonly cdn: MeasurableCdn; readonly accountRef: string | null; readonly apiToken: string };

/** One live account per customer and CDN. Tokens are sealed and never returned. */
export interface CdnAccountStore {
  /** @throws AppError `conflict` where there is one for that CDN, or where this deployment keeps no secrets */
  create(customerId: number, input: CdnAccountInput, change: Change): Promise<CdnAccount>;
  list(customerId: number, page: Page): Promise<CdnAccount[]>;
  /** False where there is no such account. */
  remove(customerId: number, id: number, change: Change): Promise<boolean>;
}

/** A customer's account as usage ingestion sees it. `source` throws where its token can not be unsealed. */
export type CustomerSource = {
  readonly accountId: number;
  readonly customerId: number;
  readonly cdn: string;
  readonly source: UsageSource;
};

export type SourceOutcome = { readonly accountId: number; readonly error: string | null };

/** The live accounts of all customers, ready to be read. */
export interface CustomerSources {
  open(): Promise<readonly CustomerSource[]>;
  /** Stores the results of the readings for the customer; nothing where the lease is lost. */
  note(fence: Fence, outcomes: readonly SourceOutcome[], readAtMs: number): Promise<void>;
}
