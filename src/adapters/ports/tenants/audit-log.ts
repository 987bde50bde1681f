import type { Page, Paged } from "./change.ts";

/**
 * One change, as recorded with it. `before` and `after` are the stored rows; secrets are not in them. One of more
 * than 1 MiB is `{left_out: {bytes, entries, sha256}}`.
 */
export type AuditEntry = {
  readonly id: number;
  readonly atMs: number;
  readonly actor: string;
  readonly action: string;
  readonly objectType: string;
  readonly objectId: number | null;
  readonly before: unknown;
  readonly after: unknown;
  /** Null where it was not caused by a request, as when an invoice is issued. */
  readonly requestId: string | null;
};

export type AuditFilter = { readonly action?: string | undefined; readonly objectType?: string | undefined };

export interface AuditLogStore {
  /** Changes of one customer's rows, newest first (descending by id). */
  list(customerId: number, filter: AuditFilter, page: Page): Promise<Paged<AuditEntry>[]>;
}
