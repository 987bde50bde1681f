import type { z } from "@hono/zod-openapi";
import type { FoundZombie } from "../../adapters/ports/cost/zombies.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { zombiePatch } from "./zombie-contract.ts";

/**
 * Takes a person's word about what idles. The API and the console do it by the same rules.
 * @throws AppError `not_found`, `conflict` where it is remediated
 */
export const changeZombie = async (
  deps: Pick<Deps, "zombies" | "tell">,
  customerId: number,
  id: number,
  { state, note = null }: z.infer<typeof zombiePatch>,
  change: Change,
): Promise<FoundZombie> => {
  const zombie = await deps.zombies.change(customerId, id, { state, note }, change);
  if (zombie === null) throw noSuchResource();
  deps.tell();
  return zombie;
};
