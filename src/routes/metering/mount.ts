import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import type { App } from "../../http/env.ts";
import { registerCdnAccounts } from "./cdn-accounts.ts";
import { registerCorrections } from "./corrections.ts";
import { registerUsage } from "./usage.ts";

/** Usage by CDN, and the credentials for reading it. */
export const mountMetering = (app: App, deps: Deps, guards: Guards): void => {
  registerUsage(app, deps, guards);
  registerCorrections(app, deps, guards);
  registerCdnAccounts(app, deps, guards);
};
