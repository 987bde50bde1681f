import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import type { App } from "../../http/env.ts";
import { registerAvailability } from "./availability.ts";
import { registerBacktest } from "./backtest.ts";
import { registerProbeAgents } from "./probe-agents.ts";
import { registerProbeAgentWork } from "./probe-agent-work.ts";
import { registerStormPolicies } from "./storm-policies.ts";
import { registerStorms } from "./storms.ts";

/** Storm policies, backtests, storms and availability, and the agents that probe from elsewhere. */
export const mountDetection = (app: App, deps: Deps, guards: Guards): void => {
  registerStormPolicies(app, deps, guards);
  registerBacktest(app, deps, guards);
  registerAvailability(app, deps, guards);
  registerStorms(app, deps, guards);
  // Its literal paths first: they look like ids.
  registerProbeAgentWork(app, deps);
  registerProbeAgents(app, deps, guards);
};
