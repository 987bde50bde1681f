import type { Deps } from "../adapters/ports/deps.ts";
import type { Sessions } from "../auth/sessions.ts";
import type { App } from "../http/env.ts";
import { mountAccounts, mountDoors } from "./accounts/mount.ts";
import { registerAll } from "./all.ts";
import type { TokenCaches } from "../auth/token-cache.ts";
import { registerAssets } from "./assets.ts";
import { registerAuditPage } from "./audit.ts";
import { mountChannels } from "./channels/mount.ts";
import { mountCost } from "./cost/mount.ts";
import { registerCustomers } from "./customers.ts";
import { registerFleetPage } from "./fleet.ts";
import { ownForms } from "./frame.ts";
import { createLastKnown } from "./last-known.ts";
import { registerInvoicePages } from "./invoices.ts";
import { registerObjectivesPage } from "./objectives.ts";
import { registerOrder } from "./order.ts";
import { registerStatusIncidentPages } from "./publish/incidents.ts";
import { registerStatusSettings } from "./publish/settings.ts";
import { registerServicePage } from "./service.ts";
import { signedIn } from "./session.ts";
import { registerSignIn } from "./sign-in.ts";
import { createStanding } from "./standing.ts";
import { registerStatusPage } from "./status.ts";
import { mountSetup } from "./setup/mount.ts";
import { registerStormPages } from "./storms.ts";
import { registerTokenPages } from "./tokens.ts";

/** Views that are shown as they were last while the database is away: what is looked at first on a bad day. */
const lastKnownViews = [
  "/console",
  "/console/services/:id",
  "/console/storms",
  "/console/cost",
  "/console/cost/series/:id",
  "/console/cost/anomalies/:id",
] as const;

/**
 * The console, for people: pages over the same ports that the API uses, by the same rules. Not part of the API, nor of its
 * description. `consoleFrame` is to be mounted before.
 * @param caches the verified tokens of the API, which forget what is revoked here
 */
export const mountConsole = (app: App, deps: Deps, sessions: Sessions, caches: TokenCaches): void => {
  const standing = createStanding(deps);
  const lastKnown = createLastKnown(deps.clock);
  app.get("/", (c) => c.redirect("/console", 302));
  registerAssets(app);
  app.use("/console/*", ownForms(deps));
  registerSignIn(app, deps, sessions);
  mountDoors(app, deps, sessions);
  // Everything after this knows who is signed in.
  app.use("/console/*", signedIn(deps, sessions, standing, lastKnown));
  for (const path of lastKnownViews) app.get(path, lastKnown.view);
  registerCustomers(app, deps);
  registerFleetPage(app, deps);
  registerServicePage(app, deps);
  registerOrder(app, deps);
  registerStormPages(app, deps);
  registerObjectivesPage(app, deps);
  mountCost(app, deps);
  registerInvoicePages(app, deps);
  mountChannels(app, deps);
  mountSetup(app, deps);
  registerTokenPages(app, deps, caches);
  mountAccounts(app, deps, sessions);
  registerAuditPage(app, deps);
  registerAll(app, deps, standing);
  registerStatusPage(app, deps);
  registerStatusSettings(app, deps);
  registerStatusIncidentPages(app, deps);
};
