import { createRoute } from "@hono/zod-openapi";
import type { Guards } from "../../auth/guards.ts";
import type { Sessions } from "../../auth/sessions.ts";
import { noContent, problems, tenantQuery } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { changeBy } from "../../http/idempotency.ts";

/** `/v1/sessions`: the sessions of the console that were begun with one's own token. */
export const registerSessions = (app: App, sessions: Sessions, guards: Guards): void => {
  const end = createRoute({
    method: "delete",
    path: "/v1/sessions",
    tags: ["tokens"],
    operationId: "endSessions",
    summary: "Sign out everywhere: end every session of the console that was begun with this token",
    description: "In every browser, within 30 s. The token itself stays valid: whoever has it can sign in again. To end that, revoke it.",
    middleware: [guards.viewerOrAdmin],
    request: { query: tenantQuery },
    responses: { 204: noContent, ...problems(400, 401, 403) },
  });
  app.openapi(end, async (c) => {
    await sessions.endAll(c.var.principal, changeBy(c));
    return c.body(null, 204);
  });
};
