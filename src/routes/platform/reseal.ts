import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { ResealPlace } from "../../adapters/ports/platform/reseal.ts";
import { sealedTables } from "../../adapters/ports/platform/reseal.ts";
import type { Guards } from "../../auth/guards.ts";
import { AppError } from "../../errors.ts";
import { jsonBody } from "../../http/body.ts";
import { jsonAnswer, jsonRequest, like, orNull, problems } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { acceptKey, changeBy } from "../../http/idempotency.ts";

const table = z.enum(sealedTables);

const input = z
  .strictObject({
    from: orNull(
      z.strictObject({
        table: table.openapi({ example: "cdn_accounts" }),
        after_id: z.int().min(0).max(Number.MAX_SAFE_INTEGER).openapi({ example: 117 }),
      }),
    )
      .default(null)
      .openapi({ example: null, description: "`next` of the answer before; null, or absent: the beginning" }),
  })
  .openapi("ResealInput");

const schema = z
  .object({
    table: like(table, "cdn_accounts"),
    resealed: like(z.int(), 100),
    unopened: like(z.array(z.int()), []).openapi({
      description: "ids of those that no key of this deployment opens: they stay as they are, and are unreadable",
    }),
    changed: like(z.int(), 0).openapi({ description: "replaced or removed meanwhile" }),
    next: orNull(z.object({ table, after_id: z.int() })).openapi({ description: "where to go on; null: all were seen", example: null }),
  })
  .openapi("Resealed");

const placeOf = (from: z.infer<typeof input>["from"]): ResealPlace | null =>
  from === null ? null : { table: from.table, afterId: from.after_id };

/** `/v1/secrets/reseal`: after SECRETS_KEY was rotated. For admins only. */
export const registerReseal = (app: App, deps: Pick<Deps, "resealer">, guards: Guards): void => {
  const reseal = createRoute({
    method: "post",
    path: "/v1/secrets/reseal",
    tags: ["operation"],
    summary: "Seal kept secrets with the newest key, a hundred at a time; `next` says where to go on",
    description: "What is sealed with it already is skipped, so one may stop, and begin anew, at any time.",
    middleware: [guards.admin, jsonBody],
    request: { query: z.strictObject({}), body: jsonRequest(input) },
    responses: { 200: jsonAnswer(schema, "What was done"), ...problems(400, 401, 403, 409, 413, 415) },
  });
  app.openapi(reseal, async (c) => {
    await acceptKey(c);
    if (deps.resealer === null) throw new AppError("conflict", "this deployment keeps no secrets (SECRETS_KEY is not set)");
    const { actor, requestId } = changeBy(c);
    const { next, unopened, ...done } = await deps.resealer.step(placeOf(c.req.valid("json").from), { actor, requestId });
    const onwards = next === null ? null : { table: next.table, after_id: next.afterId };
    return c.json({ ...done, unopened: [...unopened], next: onwards }, 200);
  });
};
