import type { Deps } from "../../adapters/ports/deps.ts";
import type { App } from "../../http/env.ts";
import { registerDomainsStep } from "./domains.ts";
import { registerPolicyStep } from "./policy.ts";
import { registerReadinessStep } from "./readiness.ts";
import { registerRecordsStep } from "./records.ts";
import { registerServiceStep } from "./service.ts";
import { registerTerraformFile } from "./terraform.ts";
import { registerVerificationStep } from "./verification.ts";

/**
 * `/console/setup`: from a name to a service that survives the loss of a CDN. What was done is in the database alone, so that a
 * service is at the same step in every tab and browser.
 */
export const mountSetup = (app: App, deps: Deps): void => {
  registerServiceStep(app, deps);
  registerDomainsStep(app, deps);
  registerRecordsStep(app, deps);
  registerVerificationStep(app, deps);
  registerPolicyStep(app, deps);
  registerReadinessStep(app, deps);
  registerTerraformFile(app, deps);
};
