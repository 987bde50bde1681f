import { z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Freeze } from "../../adapters/ports/steering/freeze.ts";
import type { Panic } from "../../adapters/ports/steering/panic.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { label } from "../../http/contract.ts";
import { refuseUntil, until } from "./until.ts";

/*
 * Orders of more than one service. The API and the console take the same, by the same rules.
 */

const reasonOf = (example: string) => label(500).openapi({ example });

export const freezeInput = z
  .strictObject({ reason: reasonOf("Route 53 reports elevated error rates"), until: until("lifted") })
  .openapi("FreezeInput");

export const panicInput = z.strictObject({ reason: reasonOf("weights are written that nobody wanted, see INC-43") }).openapi("PanicInput");

type FreezeOrder = z.infer<typeof freezeInput>;

/** Freezes everything of everybody. @throws AppError `bad_request` for an end that is none */
export const freezeEverything = async (
  deps: Pick<Deps, "clock" | "freeze" | "tell">,
  { reason, until: untilMs }: FreezeOrder,
  change: Change,
): Promise<Freeze> => {
  refuseUntil(untilMs, deps.clock.nowMs());
  const freeze = await deps.freeze.set({ reason, untilMs }, change);
  deps.tell();
  return freeze;
};

export const liftFreeze = async (deps: Pick<Deps, "freeze" | "tell">, change: Change): Promise<void> => {
  await deps.freeze.lift(change);
  deps.tell();
};

/** Freezes all services of a customer. @throws AppError `bad_request` for an end that is none, `not_found` for an unknown customer */
export const freezeAllServices = async (
  deps: Pick<Deps, "clock" | "customerFreeze" | "tell">,
  customerId: number,
  { reason, until: untilMs }: FreezeOrder,
  change: Change,
): Promise<Freeze> => {
  refuseUntil(untilMs, deps.clock.nowMs());
  const freeze = await deps.customerFreeze.set(customerId, { reason, untilMs }, change);
  if (freeze === null) throw noSuchResource();
  deps.tell();
  return freeze;
};

export const liftFreezeOfAll = async (deps: Pick<Deps, "customerFreeze" | "tell">, customerId: number, change: Change): Promise<void> => {
  await deps.customerFreeze.lift(customerId, change);
  deps.tell();
};

export const beginPanic = async (
  deps: Pick<Deps, "panic" | "tell">,
  { reason }: z.infer<typeof panicInput>,
  change: Change,
): Promise<Panic> => {
  const panic = await deps.panic.set(reason, change);
  deps.tell();
  return panic;
};

export const endPanic = async (deps: Pick<Deps, "panic" | "tell">, change: Change): Promise<void> => {
  await deps.panic.lift(change);
  deps.tell();
};
