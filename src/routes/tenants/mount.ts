import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import type { TokenCaches } from "../../auth/token-cache.ts";
import type { App } from "../../http/env.ts";
import { registerAdminTokens } from "./admin-tokens.ts";
import { registerCustomers } from "./customers.ts";
import { registerDomains } from "./domains.ts";
import { registerQuotas } from "./quotas.ts";
import { registerServices } from "./services.ts";
import { registerTokens } from "./tokens.ts";
import { registerVerification } from "./verification.ts";

/** Customers, their credentials and limits, their services and domains. */
export const mountTenants = (app: App, deps: Deps, guards: Guards, caches: TokenCaches): void => {
  registerCustomers(app, deps, guards);
  registerTokens(app, deps, guards, caches);
  registerAdminTokens(app, deps, guards, caches);
  registerQuotas(app, deps, guards);
  registerServices(app, deps, guards);
  registerDomains(app, deps, guards);
  registerVerification(app, deps, guards);
};
