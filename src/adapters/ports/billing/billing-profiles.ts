import type { Change } from "../tenants/change.ts";

/** A tax by its name on the invoice and its rate, a decimal fraction as text: "0.19" is 19 %. */
export type TaxRate = { readonly label: string; readonly rate: string };

/** A customer's details on its invoices, apart from figures. An issued one keeps those of its time. */
export type BillingProfileInput = {
  readonly legalName: string | null;
  /** Lines; empty where unknown. */
  readonly address: readonly string[];
  readonly taxId: string | null;
  readonly poNumber: string | null;
  /** By the rule of `domain/billing/invoice-number.ts`. */
  readonly numberPattern: string;
  /** Days from issue until an invoice is due. */
  readonly paymentDays: number;
  readonly taxes: readonly TaxRate[];
  /** The customer owes the tax itself: no rate is above 0 then. */
  readonly reverseCharge: boolean;
};

/** `updatedAtMs` is null while nothing is set, and the defaults apply. */
export type BillingProfile = BillingProfileInput & { readonly updatedAtMs: number | null };

/** Who issues the invoices. */
export type IssuerInput = {
  readonly legalName: string;
  readonly address: readonly string[];
  readonly taxId: string | null;
  /** How to pay, in lines. */
  readonly paymentDetails: readonly string[];
};

export type Issuer = IssuerInput & { readonly updatedAtMs: number };

/** Sets what documents print from now on. */
export interface BillingProfileStore {
  /** Null where there is no such customer; so does `set`. */
  get(customerId: number): Promise<BillingProfile | null>;
  set(customerId: number, input: BillingProfileInput, change: Change): Promise<BillingProfile | null>;
  /** Null while no issuer is set. */
  issuer(): Promise<Issuer | null>;
  setIssuer(input: IssuerInput, change: Change): Promise<Issuer>;
}
