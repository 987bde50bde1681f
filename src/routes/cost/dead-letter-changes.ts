import type { Deps } from "../../adapters/ports/deps.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import { noSuchResource } from "../../auth/guards.ts";

/** Has a dead letter scored once more. The API and the console do it by the same rules. @throws AppError `not_found` */
export const retryDeadLetter = async (
  { costDeadLetters }: Pick<Deps, "costDeadLetters">,
  customerId: number,
  id: number,
  change: Change,
): Promise<void> => {
  if (!(await costDeadLetters.retry(customerId, id, change))) throw noSuchResource();
};

/** Gives a dead letter up. @throws AppError `not_found` */
export const dropDeadLetter = async (
  { costDeadLetters }: Pick<Deps, "costDeadLetters">,
  customerId: number,
  id: number,
  change: Change,
): Promise<void> => {
  if (!(await costDeadLetters.drop(customerId, id, change))) throw noSuchResource();
};
