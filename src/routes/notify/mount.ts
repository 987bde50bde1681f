import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import type { App } from "../../http/env.ts";
import { audiences } from "./audience.ts";
import { registerChannelActions } from "./channel-actions.ts";
import { registerChannels } from "./channels.ts";
import { registerNotifyHistory } from "./history.ts";

/** How people are told. */
export const mountNotify = (app: App, deps: Deps, guards: Guards): void => {
  for (const audience of audiences(deps, guards)) {
    registerChannels(app, deps, audience);
    registerChannelActions(app, deps, audience);
    registerNotifyHistory(app, deps, audience);
  }
};
