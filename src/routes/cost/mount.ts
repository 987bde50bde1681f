import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import type { App } from "../../http/env.ts";
import { registerCostAccountChecks } from "./account-check.ts";
import { registerCostAccounts } from "./accounts.ts";
import { registerCostAnomalies } from "./anomalies.ts";
import { registerCostBaselines } from "./baselines.ts";
import { registerCostDeadLetters } from "./dead-letters.ts";
import { registerCostEvents } from "./events.ts";
import { registerCostMode } from "./mode.ts";
import { registerCostRates } from "./rates.ts";
import { registerCostSummary } from "./summary.ts";
import { registerZombies } from "./zombies.ts";

/** What the CDNs and the cloud behind them cost. */
export const mountCost = (app: App, deps: Deps, guards: Guards): void => {
  registerCostSummary(app, deps, guards);
  registerCostAnomalies(app, deps, guards);
  registerCostBaselines(app, deps, guards);
  registerZombies(app, deps, guards);
  registerCostRates(app, deps, guards);
  registerCostMode(app, deps, guards);
  registerCostEvents(app, deps, guards);
  registerCostDeadLetters(app, deps, guards);
  registerCostAccounts(app, deps, guards);
  registerCostAccountChecks(app, deps, guards);
};
