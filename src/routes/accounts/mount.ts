import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import type { App } from "../../http/env.ts";
import { registerAccounts } from "./accounts.ts";
import { registerInvitations } from "./invitations.ts";

/** People who sign in with a mail address and a password. */
export const mountAccounts = (app: App, deps: Deps, guards: Guards): void => {
  registerInvitations(app, deps, guards);
  registerAccounts(app, deps, guards);
};
