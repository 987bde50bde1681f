import type { CheckSpan, ServiceExtent } from "../../../domain/metering/check-spans.ts";
import type { WindowTally } from "../../../domain/metering/window-tally.ts";
import type { Fence } from "../coordination/lease.ts";

/** Findings about one window, which belong to its snapshot. */
export type WindowRule =
  | "line_bytes"
  | "window_bytes"
  | "window_cents"
  | "window_facts"
  | "window_invoice"
  | "window_line"
  | "window_stranger";

/** Findings about many windows of a service: one finding per service, however many windows. */
export type ServiceRule = "reading_stranger" | "side_incomplete" | "window_missing:backup" | "window_missing:primary";

/** `older`: of windows too old to be checked every night. Each sweep owns its own findings, and clears no other. */
export type SweptRule = ServiceRule | `${ServiceRule}:older`;

/**
 * Two figures that should be equal and are not. `rule` names what they are, `object` the row; `isNew` is false where an
 * earlier night found it already. `host_unreadable:<cdn>`, about a domain, is found and cleared by ingestion alone.
 */
export type Finding = {
  readonly customerId: number;
  readonly rule: "invoice_numbers" | "invoice_sums" | SweptRule | WindowRule;
  readonly objectType: "customer" | "invoice" | "service" | "usage_snapshot";
  readonly objectId: number;
  readonly expected: string;
  readonly actual: string;
  readonly isNew: boolean;
};

/** `differences`: findings noted; `cleared`: findings cleared; `named`: the first of the former. */
export type Noted = { readonly differences: number; readonly cleared: number; readonly named: readonly Finding[] };

export type CheckWindows = {
  readonly windowMs: number;
  /** CDNs whose bytes the operator measures for everybody; customers' own accounts are known to the database. */
  readonly measuredCdns: readonly string[];
  /** A window that ended by then should exist and be complete: it has left the look-back. */
  readonly completeByMs: number;
  readonly nowMs: number;
};

/** `fenced`: the lease is lost, and nothing was noted; `too_slow`: nothing was noted either, retry with fewer windows. */
export type WindowsChecked =
  | { readonly status: "fenced" | "too_slow" }
  | (Noted & { readonly status: "checked"; readonly windows: number; readonly tallies: readonly WindowTally[] });

/** The cursor of the sweep over invoices: after this number of this customer, with `count` seen so far. */
export type InvoicePlace = { readonly customerId: number; readonly number: number; readonly count: number };

/** `next` null: all invoices were seen. */
export type InvoicesChecked =
  | { readonly status: "fenced" | "too_slow" }
  | (Noted & { readonly status: "checked"; readonly invoices: number; readonly next: InvoicePlace | null });

export type ServiceFinding = { readonly serviceId: number; readonly rule: SweptRule; readonly expected: string; readonly actual: string };

/** Open findings are in this order. */
export type FindingPlace = { readonly rule: string; readonly objectId: number };

/** The tables of the nightly reconciliation. Every write is fenced, and every statement bounded. */
export interface ReconciliationStore {
  /** The cursor of a sweep; null: its start. */
  position(sweep: string): Promise<unknown>;
  /** @returns false where the lease is lost */
  keepPosition(fence: Fence, sweep: string, position: unknown): Promise<boolean>;
  /** Services, deleted ones too, ascending by id from `fromServiceId` on. */
  services(page: { readonly fromServiceId: number; readonly limit: number; readonly nowMs: number }): Promise<readonly ServiceExtent[]>;
  /** Compares windows with their lines and facts; counts missing ones. */
  checkWindows(fence: Fence, spans: readonly CheckSpan[], check: CheckWindows): Promise<WindowsChecked>;
  /** Notes findings about services, and clears those of `rules` that no longer apply. Null: the lease is lost. */
  noteServices(
    fence: Fence,
    note: {
      readonly serviceIds: readonly number[];
      readonly rules: readonly SweptRule[];
      readonly findings: readonly ServiceFinding[];
      readonly nowMs: number;
    },
  ): Promise<Noted | null>;
  /** Compares invoices with their lines and numbers from `place` on, so many lines, or one invoice with more. */
  checkInvoices(fence: Fence, place: InvoicePlace, lines: number, nowMs: number): Promise<InvoicesChecked>;
  /** Clears findings of windows that are gone, some thousands beyond `after`. `next` null: no more findings. */
  forgetGone(
    fence: Fence,
    after: FindingPlace | null,
    nowMs: number,
  ): Promise<{ readonly cleared: number; readonly next: FindingPlace | null }>;
}
