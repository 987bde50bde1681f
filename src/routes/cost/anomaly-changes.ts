import type { z } from "@hono/zod-openapi";
import type { CostAnomaly } from "../../adapters/ports/cost/anomalies.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { anomalyPatch } from "./anomaly-contract.ts";

const hourMs = 3_600_000;

/**
 * Takes a person's word about an anomaly. The API and the console do it by the same rules.
 * @throws AppError `not_found`, `conflict` where it is resolved
 */
export const changeAnomaly = async (
  deps: Pick<Deps, "clock" | "costAnomalies" | "tell">,
  customerId: number,
  id: number,
  { state, hours, note = null }: z.infer<typeof anomalyPatch>,
  change: Change,
): Promise<CostAnomaly> => {
  const to = state === "snoozed" ? { state, untilMs: deps.clock.nowMs() + (hours ?? 1) * hourMs, note } : { state, note };
  const anomaly = await deps.costAnomalies.change(customerId, id, to, change);
  if (anomaly === null) throw noSuchResource();
  deps.tell();
  return anomaly;
};
