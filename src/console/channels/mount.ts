import type { Deps } from "../../adapters/ports/deps.ts";
import type { App } from "../../http/env.ts";
import { registerChannelQuestions } from "./asked-once.ts";
import { registerChannelPage } from "./channel.ts";
import { registerChannelForms } from "./edit.ts";
import { registerChannelList } from "./list.ts";

/** `/console/channels`: who is told. */
export const mountChannels = (app: App, deps: Deps): void => {
  registerChannelList(app, deps);
  registerChannelForms(app, deps);
  registerChannelQuestions(app, deps);
  registerChannelPage(app, deps);
};
