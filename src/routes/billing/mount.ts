import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import type { App } from "../../http/env.ts";
import { registerAdjustmentCauses } from "./adjustment-causes.ts";
import { registerBillingProfile } from "./billing-profile.ts";
import { registerBillingTerms } from "./billing-terms.ts";
import { registerFindings } from "./findings.ts";
import { registerInvoiceExplain } from "./invoice-explain.ts";
import { registerInvoiceLinks } from "./invoice-links.ts";
import { registerInvoicePage } from "./invoice-page.ts";
import { registerInvoicePreview } from "./invoice-preview.ts";
import { registerInvoices } from "./invoices.ts";
import { registerIssuer } from "./issuer.ts";
import { registerSharedInvoice } from "./shared-invoice.ts";

/** Billing and its documents. */
export const mountBilling = (app: App, deps: Deps, guards: Guards): void => {
  registerBillingTerms(app, deps, guards);
  registerBillingProfile(app, deps, guards);
  registerIssuer(app, deps, guards);
  // Before the route that would parse "preview" as an id.
  registerInvoicePreview(app, deps, guards);
  registerInvoices(app, deps, guards);
  registerInvoiceExplain(app, deps, guards);
  registerInvoicePage(app, deps, guards);
  registerInvoiceLinks(app, deps, guards);
  registerSharedInvoice(app, deps);
  registerFindings(app, deps, guards);
  registerAdjustmentCauses(app, deps, guards);
};
