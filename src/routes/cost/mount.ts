import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import type { App } from "../../http/env.ts";
import { registerCostAccounts } from "./accounts.ts";

/** What CDNs and clouds cost. */
export const mountCost = (app: App, deps: Deps, guards: Guards): void => {
  registerCostAccounts(app, deps, guards);
};
