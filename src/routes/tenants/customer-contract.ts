import { z } from "@hono/zod-openapi";
import type { Customer } from "../../adapters/ports/tenants/customers.ts";
import { id, label, like, timeText } from "../../http/contract.ts";
import { isoTime } from "../../iso-time.ts";
import { factor, nonEmpty } from "../schemas.ts";

export const customerSchema = z
  .object({ id, name: like(z.string(), "ACME"), max_coverage_cap: like(z.number(), 1.5), created_at: timeText })
  .openapi("Customer");

const fields = { name: label(200).openapi({ example: "ACME" }), max_coverage_cap: factor(10) };

export const customerInput = z.strictObject({ ...fields, max_coverage_cap: fields.max_coverage_cap.default(1.5) }).openapi("CustomerInput");

export const customerPatch = nonEmpty(z.strictObject(fields).partial()).openapi("CustomerPatch");

export const representCustomer = (customer: Customer): z.infer<typeof customerSchema> => ({
  id: customer.id,
  name: customer.name,
  max_coverage_cap: customer.maxCoverageCap,
  created_at: isoTime(customer.createdAtMs),
});
