import { z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { RoutingOverride } from "../../adapters/ports/steering/routing.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { AppError } from "../../errors.ts";
import { label } from "../../http/contract.ts";
import { createConnections } from "../../pipeline/connection-slots.ts";
import { requestBudget } from "../../pipeline/request-budget.ts";
import { refusalToOrder } from "../../pipeline/tenants/ownership.ts";
import { overrideMode } from "./routing-contract.ts";
import { refuseUntil, until } from "./until.ts";

/** What is to be ordered. The API and the console take the same, by the same rules. */
export const overrideInput = z
  .strictObject({
    mode: overrideMode,
    reason: label(500).openapi({ example: "the backup is being drained, see INC-42" }),
    until: until("cleared"),
  })
  .openapi("RoutingOverrideInput");

/**
 * Orders a service to one side, or freezes it.
 * @throws AppError `bad_request` for an end that is none, `conflict` without a proof that is there now, `not_found`
 */
export const orderOverride = async (
  deps: Deps,
  customerId: number,
  serviceId: number,
  { mode, reason, until: untilMs }: z.infer<typeof overrideInput>,
  change: Change,
): Promise<RoutingOverride> => {
  refuseUntil(untilMs, deps.clock.nowMs());
  if (mode !== "frozen" && deps.config.domainVerification) {
    const connections = createConnections(deps.clock);
    const budgetOf = (endMs: number) => ({ ...requestBudget(deps.clock, connections), untilMs: endMs });
    const refusal = await refusalToOrder(deps, customerId, serviceId, change, budgetOf);
    if (refusal !== null) throw new AppError("conflict", refusal);
  }
  const override = await deps.routing.setOverride(customerId, serviceId, { mode, reason, untilMs }, change);
  if (override === null) throw noSuchResource();
  deps.tell();
  return override;
};

/** Leaves a service to tranche again. @throws AppError `not_found` */
export const clearOverride = async (
  deps: Pick<Deps, "routing" | "tell">,
  customerId: number,
  serviceId: number,
  change: Change,
): Promise<void> => {
  if (!(await deps.routing.clearOverride(customerId, serviceId, change))) throw noSuchResource();
  deps.tell();
};
