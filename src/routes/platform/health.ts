import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import { AppError } from "../../errors.ts";
import { onlyProblems, problems } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { preferred } from "../../http/negotiate.ts";
import { readySchema, representReady } from "./status-contract.ts";

const text = { description: "ok", content: { "text/plain": { schema: z.literal("ok") } } };
const readyText = { "text/plain": { schema: z.enum(["ok", "degraded"]).openapi({ description: "degraded: rounds fail on some shard" }) } };

const healthz = createRoute({
  method: "get",
  path: "/healthz",
  tags: ["health"],
  summary: "Whether the API answers; asks nobody else",
  responses: { 200: text, ...onlyProblems(413) },
});

const readyz = createRoute({
  method: "get",
  path: "/readyz",
  tags: ["health"],
  summary: "Whether the database answers within 2 s and has the expected schema; for `Accept: application/json` also who holds the shards",
  responses: {
    200: { description: "ok, or degraded", content: { ...readyText, "application/json": { schema: readySchema } } },
    ...problems(503),
  },
});

export const registerHealth = (app: App, deps: Pick<Deps, "readiness" | "evidenceSigner" | "sealKeys">): void => {
  app.openapi(healthz, (c) => c.text("ok", 200));
  app.openapi(readyz, async (c) => {
    c.header("Vary", "Accept", { append: true });
    if (preferred(c.req.header("accept"), ["text/plain", "application/json"]) === "text/plain") {
      const failing = await deps.readiness.check();
      if (typeof failing === "string") throw new AppError("unavailable", failing);
      // Still a 200: a load balancer that removed this deployment would remove its API too, and fix no round.
      return c.text(failing.length === 0 ? "ok" : "degraded", 200);
    }
    const found = await deps.readiness.report();
    if (typeof found === "string") throw new AppError("unavailable", found);
    const keys = { signed: deps.evidenceSigner !== null, sealed: (await deps.sealKeys()).length > 0 };
    return c.json(representReady(found, keys), 200, { "cache-control": "no-store" });
  });
};
