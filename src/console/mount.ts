import type { Deps } from "../adapters/ports/deps.ts";
import { createSessions } from "../auth/sessions.ts";
import type { App } from "../http/env.ts";
import { registerAssets } from "./assets.ts";
import { registerCustomers } from "./customers.ts";
import { registerFleetPage } from "./fleet.ts";
import { ownForms } from "./frame.ts";
import { registerInvoicePages } from "./invoices.ts";
import { registerObjectivesPage } from "./objectives.ts";
import { registerOrder } from "./order.ts";
import { registerStatusIncidentPages } from "./publish/incidents.ts";
import { registerStatusSettings } from "./publish/settings.ts";
import { registerServicePage } from "./service.ts";
import { signedIn } from "./session.ts";
import { registerSignIn } from "./sign-in.ts";
import { registerStormPages } from "./storms.ts";

/**
 * The console, for people: pages over the same ports that the API uses, by the same rules. Not part of the API, nor of its
 * description. `consoleFrame` is to be mounted before.
 */
export const mountConsole = (app: App, deps: Deps): void => {
  const sessions = createSessions(deps);
  app.get("/", (c) => c.redirect("/console", 302));
  registerAssets(app);
  app.use("/console/*", ownForms(deps));
  registerSignIn(app, deps, sessions);
  // Everything after this knows who is signed in.
  app.use("/console/*", signedIn(deps, sessions));
  registerCustomers(app, deps);
  registerFleetPage(app, deps);
  registerServicePage(app, deps);
  registerOrder(app, deps);
  registerStormPages(app, deps);
  registerObjectivesPage(app, deps);
  registerInvoicePages(app, deps);
  registerStatusSettings(app, deps);
  registerStatusIncidentPages(app, deps);
};
