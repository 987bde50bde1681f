import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import type { App } from "../../http/env.ts";
import { registerCostAccountChecks } from "./account-check.ts";
import { registerCostAccounts } from "./accounts.ts";
import { registerCostEvents } from "./events.ts";

/** What the cloud costs. */
export const mountCost = (app: App, deps: Deps, guards: Guards): void => {
  registerCostEvents(app, deps, guards);
  registerCostAccounts(app, deps, guards);
  registerCostAccountChecks(app, deps, guards);
};
