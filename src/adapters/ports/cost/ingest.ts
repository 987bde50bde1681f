import type { CostEvent } from "../../../domain/cost/cost-event.ts";
import type { Severity } from "../../../domain/cost/score.ts";
import type { Paged } from "../tenants/change.ts";

/** By which way events came. */
export type EventSource = "push" | "s3" | "agent" | "cloudflare";

/** How far the files under a prefix of a cost account's bucket were read, once these events are stored. */
export type FileCursor = { readonly accountId: number; readonly prefix: string; readonly lastKey: string };

/** Up to when (epoch milliseconds) the audit log of an account at Cloudflare (of `cdn_accounts`) is read, once these events are stored. */
export type AuditCursor = { readonly cdnAccountId: number; readonly readToMs: number };

/** Events that came together, to be stored together. */
export type EventBatch = {
  readonly customerId: number;
  readonly source: EventSource;
  /** Where it lies as it came; null: it was not archived. */
  readonly archiveKey: string | null;
  readonly events: readonly CostEvent[];
  /** Null: the batch is not of a file, or not the last of it. */
  readonly cursor: FileCursor | AuditCursor | null;
};

/** An event as it is stored. Times are epoch milliseconds. */
export type StoredEvent = {
  /** A UUID. */
  readonly id: string;
  readonly eventId: string;
  readonly accountId: string;
  readonly resourceType: string;
  readonly resourceId: string | null;
  readonly actor: string | null;
  readonly hourlyCostCents: number | null;
  readonly occurredAtMs: number;
  /** Null: not scored yet, or not scored by itself, as its cost is not known. */
  readonly severity: Severity | null;
  readonly raw: unknown;
  readonly createdAtMs: number;
};

export type EventFilter = {
  readonly accountId?: string | undefined;
  readonly resourceType?: string | undefined;
  readonly actor?: string | undefined;
  readonly severity?: Severity | undefined;
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
};

/** A place in the list, by the event that stands there. */
export type EventPlace = { readonly occurredAtMs: number; readonly id: string };

/** Events of cost: one row an event, however often and by whichever way it came. */
export interface CostEventStore {
  /**
   * Stores a batch, has what is new of it scored, and moves the cursor: all of it or nothing. A cursor moves forward only.
   * @returns how many were new
   */
  add(batch: EventBatch): Promise<number>;
  /** The newest first, by when they happened. @param after the place behind which the page begins; null: the first page */
  list(
    customerId: number,
    filter: EventFilter,
    page: { readonly limit: number; readonly after: EventPlace | null },
  ): Promise<Paged<StoredEvent>[]>;
}
