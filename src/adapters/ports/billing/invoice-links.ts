import type { Change, Page } from "../tenants/change.ts";
import type { LinkClaim } from "./invoices.ts";

/** A link by which an invoice is read without a credential; epoch milliseconds. */
export type InvoiceLink = {
  readonly id: number;
  readonly createdBy: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly revokedAtMs: number | null;
  /** To the minute. */
  readonly lastOpenedAtMs: number | null;
};

export interface InvoiceLinkStore {
  /** Null where the customer has no such invoice. */
  create(
    customerId: number,
    invoiceId: number,
    span: { readonly nowMs: number; readonly expiresAtMs: number },
    change: Change,
  ): Promise<InvoiceLink | null>;
  /** Revoked and expired ones too. Null where the customer has no such invoice. */
  list(customerId: number, invoiceId: number, page: Page): Promise<InvoiceLink[] | null>;
  /** Takes effect with the next request; idempotent. @returns false where there is no such link */
  revoke(customerId: number, invoiceId: number, linkId: number, nowMs: number, change: Change): Promise<boolean>;
  /** Notes that a link was opened, where that was last noted a minute ago or more. */
  noteOpened(linkId: number, nowMs: number): Promise<void>;
}

/** Makes and verifies the secret part of a link: invoice and expiry, signed. No look-up. */
export interface LinkTokens {
  sign(claim: LinkClaim): Promise<string>;
  /** Null where the token is invalid or has expired. */
  read(token: string, nowMs: number): Promise<LinkClaim | null>;
}
