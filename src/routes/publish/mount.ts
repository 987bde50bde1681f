import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import type { App } from "../../http/env.ts";
import { registerPublicStatus } from "./public-status.ts";
import { registerStatusIncidents } from "./status-incidents.ts";
import { registerStatusPage } from "./status-page.ts";

/** What customers publish. */
export const mountPublish = (app: App, deps: Deps, guards: Guards): void => {
  registerStatusPage(app, deps, guards);
  registerStatusIncidents(app, deps, guards);
  registerPublicStatus(app, deps);
};
