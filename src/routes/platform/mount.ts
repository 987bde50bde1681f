import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import type { App } from "../../http/env.ts";
import { openApiDocument } from "../../http/openapi/openapi-document.ts";
import type { OpenApiDocument } from "../../http/openapi/openapi-document.ts";
import { registerBreakers } from "./breakers.ts";
import { registerCron } from "./cron.ts";
import { registerDocs } from "./docs.ts";
import { registerInternalShards } from "./internal-shards.ts";
import { registerMetrics } from "./metrics.ts";
import { registerOpenApi } from "./openapi.ts";
import { registerReseal } from "./reseal.ts";
import { registerShards } from "./shards.ts";
import { registerStatus } from "./status.ts";
import { registerTelemetry } from "./telemetry.ts";

/** Routes for operators, and the description of all routes. */
export const mountPlatform = (app: App, deps: Deps, guards: Guards): void => {
  registerMetrics(app, deps);
  registerStatus(app, deps, guards);
  registerShards(app, deps, guards);
  registerBreakers(app, deps, guards);
  registerReseal(app, deps, guards);
  registerTelemetry(app, deps);
  registerCron(app, deps);
  registerInternalShards(app, deps);
  // Described once, when that is first asked for: every route is mounted by then.
  let described: OpenApiDocument | null = null;
  const document = () => (described ??= openApiDocument(app));
  registerOpenApi(app, document);
  registerDocs(app, deps, document);
};
