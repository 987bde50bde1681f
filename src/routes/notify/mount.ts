import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import type { App } from "../../http/env.ts";
import { registerChannels } from "./channels.ts";
import { registerNotifyHistory } from "./history.ts";

/** How people are told. */
export const mountNotify = (app: App, deps: Deps, guards: Guards): void => {
  registerChannels(app, deps, guards);
  registerNotifyHistory(app, deps, guards);
};
