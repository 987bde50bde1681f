import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import type { App } from "../../http/env.ts";
import { registerSloCorrections } from "./corrections.ts";
import { registerDigests } from "./digests.ts";
import { registerDowntimeAvoided } from "./downtime-avoided.ts";
import { registerObjectiveHistory } from "./history.ts";
import { registerObjectives } from "./objectives.ts";
import { registerSloProgress } from "./progress.ts";
import { registerObjectiveStatuses } from "./statuses.ts";

/** What visitors got, and what was promised of it. */
export const mountSlo = (app: App, deps: Deps, guards: Guards): void => {
  registerDowntimeAvoided(app, deps, guards);
  registerObjectives(app, deps, guards);
  registerObjectiveStatuses(app, deps, guards);
  registerObjectiveHistory(app, deps, guards);
  registerSloCorrections(app, deps, guards);
  registerSloProgress(app, deps, guards);
  registerDigests(app, deps, guards);
};
