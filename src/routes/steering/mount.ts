import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import type { App } from "../../http/env.ts";
import { registerDnsAccounts } from "./dns-accounts.ts";
import { registerDrift } from "./drift.ts";
import { registerFleet } from "./fleet.ts";
import { registerFreeze } from "./freeze.ts";
import { registerFreezeOfServices } from "./freeze-services.ts";
import { registerIamPolicy } from "./iam-policy.ts";
import { registerOverride } from "./override.ts";
import { registerPanic } from "./panic.ts";
import { registerProvision } from "./provision.ts";
import { registerReadiness } from "./readiness.ts";
import { registerRouting } from "./routing.ts";
import { registerStandingFailover } from "./standing-failover.ts";
import { registerTerraform } from "./terraform.ts";
import { registerZoneGrants } from "./zone-grants.ts";

/** Routing of a service, overrides, DNS credentials and readiness. */
export const mountSteering = (app: App, deps: Deps, guards: Guards): void => {
  registerRouting(app, deps, guards);
  registerOverride(app, deps, guards);
  registerFreeze(app, deps, guards);
  registerDrift(app, deps, guards);
  registerIamPolicy(app, deps, guards);
  registerDnsAccounts(app, deps, guards);
  registerZoneGrants(app, deps, guards);
  registerReadiness(app, deps, guards);
  registerProvision(app, deps, guards);
  registerStandingFailover(app, deps, guards);
  registerTerraform(app, deps, guards);
  registerFleet(app, deps, guards);
  registerFreezeOfServices(app, deps, guards);
  registerPanic(app, deps, guards);
};
