import type { z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import type { Customer } from "../../adapters/ports/tenants/customers.ts";
import type { AdminScope } from "../../domain/tenants/access.ts";
import type { customerInput } from "./customer-contract.ts";

/** Which admins create customers, by the API and in the console. */
export const customerCreators: AdminScope = "write";

/** A creation belongs to none of the customers that are there: so its key of idempotency is kept. */
export const ofNoCustomer = 0;

/** Creates a customer. The API and the console do it by the same rules. @throws AppError `conflict` for a name that is taken */
export const createCustomer = async (
  { customers }: Pick<Deps, "customers">,
  { name, max_coverage_cap: maxCoverageCap }: z.infer<typeof customerInput>,
  change: Change,
): Promise<Customer> => await customers.create({ name, maxCoverageCap }, change);
