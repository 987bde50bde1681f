import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../adapters/ports/deps.ts";
import { AppError } from "../errors.ts";
import { problems } from "../http/contract.ts";
import type { App } from "../http/env.ts";

const text = { description: "ok", content: { "text/plain": { schema: z.literal("ok") } } };

const healthz = createRoute({
  method: "get",
  path: "/healthz",
  tags: ["health"],
  summary: "Whether the API answers; asks nobody else",
  responses: { 200: text },
});

const readyz = createRoute({
  method: "get",
  path: "/readyz",
  tags: ["health"],
  summary: "Whether the database answers within 2 s and has the expected schema",
  responses: { 200: text, ...problems(503) },
});

export const registerHealth = (app: App, deps: Pick<Deps, "readiness">): void => {
  app.openapi(healthz, (c) => c.text("ok", 200));
  app.openapi(readyz, async (c) => {
    const obstacle = await deps.readiness.check();
    if (obstacle !== null) throw new AppError("unavailable", obstacle);
    return c.text("ok", 200);
  });
};
