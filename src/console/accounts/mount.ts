import type { Deps } from "../../adapters/ports/deps.ts";
import type { Sessions } from "../../auth/sessions.ts";
import type { App } from "../../http/env.ts";
import { registerForgotten } from "./forgotten.ts";
import { registerLinks } from "./links.ts";
import { registerOwnAccount } from "./own.ts";
import { registerPeople } from "./people.ts";

/** What needs no session: where a mailed link leads to, and how to get one. Nothing where people have no accounts here. */
export const mountDoors = (app: App, deps: Deps, sessions: Sessions): void => {
  if (deps.accounts === null) return;
  registerForgotten(app, deps);
  registerLinks(app, deps, sessions);
};

/** `/console/account`, one's own; `/console/people`, those of a customer or of the operator. */
export const mountAccounts = (app: App, deps: Deps, sessions: Sessions): void => {
  if (deps.accounts === null) return;
  registerOwnAccount(app, deps, sessions);
  registerPeople(app, deps);
};
