import type { CostModeView } from "../../adapters/ports/cost/modes.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { refuseMode } from "../../domain/cost/mode.ts";
import type { CostMode } from "../../domain/cost/mode.ts";
import { AppError } from "../../errors.ts";

/** How a customer is told, and by what a promotion is judged. @throws AppError `not_found` */
export const readMode = async ({ costModes }: Pick<Deps, "costModes">, customerId: number): Promise<CostModeView> => {
  const mode = await costModes.read(customerId);
  if (mode === null) throw noSuchResource();
  return mode;
};

/**
 * Changes how a customer is told. The API and the console do it by the same rules.
 * @param mayAny whether no record is asked for: of admins
 * @throws AppError `conflict` with the figures where the mode has not earned it, or was changed meanwhile; `not_found`
 */
export const changeMode = async (
  deps: Pick<Deps, "costModes">,
  customerId: number,
  to: CostMode,
  mayAny: boolean,
  change: Change,
): Promise<CostModeView> => {
  const standing = await readMode(deps, customerId);
  // The same mode again begins no new time.
  if (standing.mode === to) return standing;
  const refusal = mayAny ? null : refuseMode(standing, to, standing.nowMs);
  if (refusal !== null) throw new AppError("conflict", refusal, { fields: [{ pointer: "/mode", detail: refusal }] });
  if (!(await deps.costModes.set(customerId, standing.mode, to, change))) throw new AppError("conflict", "the mode was changed meanwhile");
  return await readMode(deps, customerId);
};
