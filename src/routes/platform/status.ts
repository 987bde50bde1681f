import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import { jsonAnswer, problems } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { representStatus, statusSchema } from "./status-contract.ts";

/** `/v1/status`: for admins only. */
export const registerStatus = (
  app: App,
  deps: Pick<Deps, "config" | "evidenceSigner" | "jobs" | "status" | "sealKeys">,
  guards: Guards,
): void => {
  const read = createRoute({
    method: "get",
    path: "/v1/status",
    tags: ["operation"],
    summary: "Read who holds which lease, how both providers fare, and what passed between them",
    middleware: [guards.admin],
    request: { query: z.strictObject({}) },
    responses: { 200: jsonAnswer(statusSchema, "As it stands on the database's clock"), ...problems(400, 401, 403) },
  });
  app.openapi(read, async (c) => {
    const [status, keys] = await Promise.all([deps.status.read(), deps.sealKeys()]);
    const { config, evidenceSigner, jobs } = deps;
    const { preferredProvider } = config;
    const deployment = { sealKeys: keys, preferredProvider, signed: evidenceSigner !== null, rhythms: jobs.rhythms };
    return c.json(representStatus(status, deployment), 200);
  });
};
