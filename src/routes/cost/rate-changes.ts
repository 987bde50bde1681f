import { z } from "@hono/zod-openapi";
import type { CostRate } from "../../adapters/ports/cost/rates.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { like } from "../../http/contract.ts";

/** As text, so that it is exact whoever reads it. */
const centsPerGb = z
  .string()
  .regex(/^(?:0|[1-9]\d{0,7})(?:\.\d{1,4})?$/, 'must be a decimal of at most 8 digits and 4 decimals, such as "2.5000"')
  .nullable();

export const rateInput = z
  .strictObject({
    cents_per_gb: like(centsPerGb, "2.5000").optional().openapi({ description: "of 10^9 bytes; null, or not given: not known" }),
    monthly_cents: like(z.int().min(0).max(1_000_000_000_000).nullable(), 20_000)
      .optional()
      .openapi({ description: "what the contract costs a month, used or not; null, or not given: not known" }),
  })
  .refine((rate) => rate.cents_per_gb != null || rate.monthly_cents != null, {
    path: ["cents_per_gb"],
    error: "must be given, or else monthly_cents",
  })
  .openapi("CostRateInput", { example: { cents_per_gb: "2.5000", monthly_cents: 20_000 } });

/** Says what a CDN charges. The API and the console do it by the same rules. @throws AppError `not_found`, `conflict` where there are too many */
export const setRate = async (
  { costRates }: Pick<Deps, "costRates">,
  customerId: number,
  cdn: string,
  { cents_per_gb: perGb = null, monthly_cents: monthlyCents = null }: z.infer<typeof rateInput>,
  change: Change,
): Promise<CostRate> => {
  const rate = await costRates.put(customerId, { cdn, centsPerGb: perGb, monthlyCents }, change);
  if (rate === null) throw noSuchResource();
  return rate;
};

/** From then on its bytes are bytes, and no money. @throws AppError `not_found` */
export const removeRate = async (
  { costRates }: Pick<Deps, "costRates">,
  customerId: number,
  cdn: string,
  change: Change,
): Promise<void> => {
  if (!(await costRates.remove(customerId, cdn, change))) throw noSuchResource();
};
