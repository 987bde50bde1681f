import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import { cronSecret } from "../../auth/shared-secret.ts";
import { AppError } from "../../errors.ts";
import { jsonRequest, problems, time } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";

const index = z
  .string()
  .regex(/^(0|[1-9]\d{0,3})$/, "must be an integer from 0 to 1023")
  .transform(Number);
const minute = z.strictObject({ count: z.int().min(1).max(1_024), scheduled_at: time });

/** `/internal/shards`: how a provider without Durable Objects starts its own invocations. Not part of the public API. */
export const registerInternalShards = (
  app: App,
  deps: Pick<Deps, "config" | "rateLimits" | "clientAddress" | "runShard" | "background">,
): void => {
  const run = createRoute({
    hide: true,
    method: "post",
    path: "/internal/shards/{index}/rounds",
    middleware: [cronSecret(deps)],
    request: { params: z.strictObject({ index }), body: jsonRequest(minute) },
    responses: { 202: { description: "The rounds of that minute are run after this answer" }, ...problems(400, 401, 404) },
  });
  app.openapi(run, (c) => {
    const shard = { index: c.req.valid("param").index, count: c.req.valid("json").count };
    if (shard.index >= shard.count) throw new AppError("bad_request", "there is no such shard");
    deps.background(deps.runShard(shard, c.req.valid("json").scheduled_at));
    return c.body(null, 202);
  });
};
