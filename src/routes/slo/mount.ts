import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import type { App } from "../../http/env.ts";
import { registerDowntimeAvoided } from "./downtime-avoided.ts";

/** What visitors got, and what was promised of it. */
export const mountSlo = (app: App, deps: Deps, guards: Guards): void => {
  registerDowntimeAvoided(app, deps, guards);
};
