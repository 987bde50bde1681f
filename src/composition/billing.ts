import { createAdjustmentStore } from "../adapters/db/billing/adjustments.ts";
import { createBillingProfileStore } from "../adapters/db/billing/billing-profiles.ts";
import { createBillingTermsStore } from "../adapters/db/billing/billing-terms.ts";
import { createBillingStore } from "../adapters/db/billing/billing.ts";
import { createFindingStore } from "../adapters/db/billing/findings.ts";
import { createInvoiceDocumentStore } from "../adapters/db/billing/invoice-documents.ts";
import { createInvoiceLinkStore } from "../adapters/db/billing/invoice-links.ts";
import { createInvoicePreviewStore } from "../adapters/db/billing/invoice-preview.ts";
import { createInvoiceStore } from "../adapters/db/billing/invoices.ts";
import { createLineFactsStore } from "../adapters/db/billing/line-facts.ts";
import { createReconciliationStore } from "../adapters/db/billing/reconciliation.ts";
import type { Database } from "../adapters/db/platform/client.ts";
import { createLinkTokens } from "../adapters/platform/link-tokens.ts";
import type { LinkTokens } from "../adapters/ports/billing/invoice-links.ts";
import type { BillingDeps } from "../adapters/ports/deps.ts";
import type { Config } from "../config.ts";
import type { JobDeps } from "../cron/schedule.ts";

const linkTokens = ({ secretsKeys: [first, ...older] }: Config): LinkTokens | null =>
  first === undefined ? null : createLinkTokens([first, ...older]);

type Jobs = Pick<JobDeps, "billing" | "credit" | "billingStore" | "reconciliation">;

/** Billing and its documents. */
export const buildBilling = ({ config, db }: { readonly config: Config; readonly db: Database }): BillingDeps & Jobs => ({
  billing: config.billing,
  credit: config.credit,
  billingStore: createBillingStore(db),
  reconciliation: createReconciliationStore(db),
  billingTerms: createBillingTermsStore(db),
  billingProfiles: createBillingProfileStore(db),
  invoices: createInvoiceStore(db),
  invoicePreview: createInvoicePreviewStore(db),
  invoiceDocuments: createInvoiceDocumentStore(db),
  invoiceLinks: createInvoiceLinkStore(db),
  linkTokens: linkTokens(config),
  lineFacts: createLineFactsStore(db),
  findings: createFindingStore(db),
  adjustments: createAdjustmentStore(db),
});
