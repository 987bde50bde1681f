import type { Deps } from "../../adapters/ports/deps.ts";
import type { App } from "../../http/env.ts";
import { registerAnomalyForms } from "./anomaly-forms.ts";
import { registerAnomalyPages } from "./anomalies.ts";
import { registerDeadLetters } from "./dead-letters.ts";
import { registerModeForm } from "./mode.ts";
import { registerCostPage } from "./overview.ts";
import { registerRateForms } from "./rates.ts";
import { registerSeriesPages } from "./series.ts";
import { registerZombiePages } from "./zombies.ts";

/** `/console/cost`: what the CDNs and the cloud behind them cost, what is odd of it, and what idles. */
export const mountCost = (app: App, deps: Deps): void => {
  registerCostPage(app, deps);
  registerSeriesPages(app, deps);
  registerAnomalyPages(app, deps);
  registerAnomalyForms(app, deps);
  registerZombiePages(app, deps);
  registerRateForms(app, deps);
  registerModeForm(app, deps);
  registerDeadLetters(app, deps);
};
