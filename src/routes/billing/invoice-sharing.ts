import { z } from "@hono/zod-openapi";
import type { InvoiceLink } from "../../adapters/ports/billing/invoice-links.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { AppError } from "../../errors.ts";

const dayMs = 86_400_000;

export const linkInput = z.strictObject({ expires_in_days: z.int().min(1).max(90).default(30) }).openapi("InvoiceLinkInput");

/**
 * Makes a link by which an invoice is read without a credential. The API and the console do it by the same rules.
 * @param of.origin where the request came to: part of the link where the deployment has no address of its own
 * @param once runs what stores it, once per request
 * @returns the link and its URL, which is not kept
 * @throws AppError `conflict` where this deployment signs none, `not_found`
 */
export const shareInvoice = async (
  { linkTokens, invoiceLinks, clock, config }: Pick<Deps, "linkTokens" | "invoiceLinks" | "clock" | "config">,
  of: { readonly customerId: number; readonly invoiceId: number; readonly origin: string },
  { expires_in_days: days }: z.infer<typeof linkInput>,
  once: (store: (change: Change) => Promise<InvoiceLink | null>) => Promise<InvoiceLink | null>,
): Promise<{ readonly link: InvoiceLink; readonly url: string }> => {
  if (linkTokens === null) throw new AppError("conflict", "this deployment signs no links (SECRETS_KEY is not set)");
  const { customerId, invoiceId, origin } = of;
  const nowMs = clock.nowMs();
  const link = await once((change) => invoiceLinks.create(customerId, invoiceId, { nowMs, expiresAtMs: nowMs + days * dayMs }, change));
  if (link === null) throw noSuchResource();
  const token = await linkTokens.sign({ linkId: link.id, invoiceId, expiresAtMs: link.expiresAtMs });
  return { link, url: `${config.selfUrl ?? origin}/i/${token}` };
};

/** Withdraws a link, which opens nothing from the next request on. Idempotent. @throws AppError `not_found` */
export const withdrawLink = async (
  { invoiceLinks, clock }: Pick<Deps, "invoiceLinks" | "clock">,
  of: { readonly customerId: number; readonly invoiceId: number; readonly linkId: number },
  change: Change,
): Promise<void> => {
  if (!(await invoiceLinks.revoke(of.customerId, of.invoiceId, of.linkId, clock.nowMs(), change))) throw noSuchResource();
};
