import type { CostBaseline } from "../../adapters/ports/cost/series.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import { noSuchResource } from "../../auth/guards.ts";

/** Forgets what is usual of a series. The API and the console do it by the same rules. @throws AppError `not_found` */
export const resetBaseline = async (
  { costSeries }: Pick<Deps, "costSeries">,
  customerId: number,
  id: number,
  change: Change,
): Promise<CostBaseline> => {
  const baseline = await costSeries.reset(customerId, id, change);
  if (baseline === null) throw noSuchResource();
  return baseline;
};
