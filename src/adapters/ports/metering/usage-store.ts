import type { Change, Page } from "../tenants/change.ts";
import type { Sampling } from "./usage.ts";

/** A pushed window, epoch milliseconds; a side that is absent stays as it is. */
export type UsagePush = {
  readonly windowStartMs: number;
  readonly windowEndMs: number;
  readonly primaryBytes?: number | undefined;
  readonly backupBytes?: number | undefined;
};

/** A window with today's figures. */
export type UsageWindow = {
  readonly id: number;
  readonly windowStartMs: number;
  readonly windowEndMs: number;
  readonly primaryBytes: number;
  readonly backupBytes: number;
  /** Who reported the side, such as `cloudflare` or `push`; null: not reported yet. */
  readonly primarySource: string | null;
  readonly backupSource: string | null;
  /** Null: counted in full, as far as is known. */
  readonly primarySampling: Sampling | null;
  readonly backupSampling: Sampling | null;
  /** A host of the side could not be read, or not finally: the bytes are those of the others. */
  readonly primaryIncomplete: boolean;
  readonly backupIncomplete: boolean;
  readonly invoiceId: number | null;
  /** When the window was last corrected after billing; null: it is as billed, or not billed. */
  readonly correctedAtMs: number | null;
  /** A push in its customer's favour after billing, pending an admin's decision; null sides were not pushed. */
  readonly pendingCorrection: { readonly id: number; readonly primaryBytes: number | null; readonly backupBytes: number | null } | null;
};

export type UsageFilter = { readonly fromMs?: number | undefined; readonly toMs?: number | undefined };

/** A span of windows of the configured length; epoch milliseconds, the end excluded. */
export type GapSpan = { readonly fromMs: number; readonly toMs: number; readonly windowMs: number };

export type PushOptions = {
  /** CDNs that an adapter measures: their sides refuse pushes unless `mayOverride` (semantics §8). */
  readonly measuredCdns: readonly string[];
  readonly mayOverride: boolean;
  /** The pending correction that this push approves: it is stored at once, and only while that is pending. */
  readonly approves?: { readonly id: number; readonly reason: string };
};

/** Usage windows of a service, deleted ones included: metered and billed up to the deletion. A row of another customer is a missing row. */
export interface UsageStore {
  /** Ascending by id; windows with window_start in [fromMs, toMs). Null where there is no such service. */
  list(customerId: number, serviceId: number, filter: UsageFilter, page: Page): Promise<UsageWindow[] | null>;
  /**
   * Complete windows within the span, from the service's first one on, of which a side was not reported or is incomplete; ascending
   * by start, with the start in seconds as the id. Null where there is no such service.
   */
  gaps(customerId: number, serviceId: number, span: GapSpan, page: Page): Promise<UsageWindow[] | null>;
  /**
   * All windows or none; a billed one is corrected, and adjusted by the next invoice.
   * What may lower the cost of a billed window has no effect unless `mayOverride`: it becomes a pending correction.
   * @returns the windows as known now, ascending by start; null where there is no such service
   * To a side that is measured in part a push adds the rest; an admin's figure replaces
   * the whole of a measured side, and no reading replaces it.
   * @throws AppError `bad_request` for a window that began after the service was deleted; `conflict` for a side that is
   *   measured throughout, or windows of another length than the stored ones; `unavailable` where
   *   others keep interfering
   */
  push(
    customerId: number,
    serviceId: number,
    windows: readonly UsagePush[],
    options: PushOptions,
    change: Change,
  ): Promise<UsageWindow[] | null>;
}
