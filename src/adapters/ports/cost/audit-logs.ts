import type { Fence } from "../coordination/lease.ts";
import type { Budget } from "../platform/budget.ts";

/** A customer's account at a CDN whose audit log is to be read. Times are epoch milliseconds. */
export type AuditAccount = {
  /** Of `cdn_accounts`. */
  readonly id: number;
  readonly customerId: number;
  /** The account at Cloudflare. */
  readonly accountRef: string;
  readonly sealedToken: string;
  readonly createdAtMs: number;
  /** Up to when all is stored; null: nothing is. */
  readonly cursorMs: number | null;
};

/** A page of a log: entries from `sinceMs` to `beforeMs`, the oldest first. @param page from 1 */
export type AuditAsk = { readonly sinceMs: number; readonly beforeMs: number; readonly page: number; readonly perPage: number };

/**
 * Why a page was not read. `refused`: asking again soon would not help, as the token may not. `too-large`: a smaller page may do. `late`: there
 * was no time left to ask. `away`: anything else. `words`: for the customer.
 */
export type AuditProblem = { readonly kind: "refused" | "too-large" | "late" | "away"; readonly words: string };

export type AuditAnswer =
  | { readonly ok: true; readonly entries: readonly unknown[] }
  | { readonly ok: false; readonly problem: AuditProblem };

/** Audit logs at Cloudflare. */
export interface AuditLogs {
  /** One request at most. Never throws. */
  page(account: AuditAccount, ask: AuditAsk, budget: Budget): Promise<AuditAnswer>;
}

/** Whose turn it is to be read, and what is stored of it. */
export interface AuditReadings {
  /** Live accounts at Cloudflare that are due, of those who have waited longest first. */
  due(limit: number): Promise<readonly AuditAccount[]>;
  /** Which of these events (by the sender's id) are stored. */
  known(customerId: number, eventIds: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * Notes that a log was looked at; nothing where the lease is another's.
   * @param error null: nothing is wrong
   * @param isRefused it is not asked for some hours
   */
  note(fence: Fence, accountId: number, error: string | null, isRefused: boolean): Promise<void>;
}
