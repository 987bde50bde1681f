import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Freeze } from "../../adapters/ports/steering/freeze.ts";
import type { Guards } from "../../auth/guards.ts";
import { changeBy } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import { jsonAnswer, jsonRequest, like, noContent, orNull, problems, timeText } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";
import { freezeEverything, freezeInput, liftFreeze } from "./orders-of-all.ts";

const noQuery = z.strictObject({});

export const freezeSchema = z
  .object({
    reason: like(z.string(), "Route 53 reports elevated error rates"),
    until: timeText.nullable(),
    actor: like(z.string(), "admin"),
    set_at: timeText,
  })
  .openapi("Freeze");

export const freezeStateSchema = z.object({ freeze: orNull(freezeSchema) }).openapi("FreezeState");

export const representFreeze = (freeze: Freeze): z.infer<typeof freezeSchema> => ({
  reason: freeze.reason,
  until: isoTimeOrNull(freeze.untilMs),
  actor: freeze.actor,
  set_at: isoTime(freeze.setAtMs),
});

/** `/v1/freeze`: the global freeze. For admins only. */
export const registerFreeze = (app: App, deps: Pick<Deps, "clock" | "freeze" | "tell">, guards: Guards): void => {
  const tags = ["routing"];
  const path = "/v1/freeze";

  const get = createRoute({
    method: "get",
    path,
    tags,
    summary: "Read whether everything is frozen",
    middleware: [guards.admin],
    request: { query: noQuery },
    responses: { 200: jsonAnswer(freezeStateSchema, "The freeze in force, or null"), ...problems(400, 401, 403) },
  });
  app.openapi(get, async (c) => {
    const freeze = await deps.freeze.get(deps.clock.nowMs());
    return c.json({ freeze: freeze === null ? null : representFreeze(freeze) }, 200);
  });

  const put = createRoute({
    method: "put",
    path,
    tags,
    summary: "Freeze everything; storms are still detected and recorded, but no weight is changed from the next round on",
    middleware: [guards.adminWith("freeze"), jsonBody],
    request: { query: noQuery, body: jsonRequest(freezeInput) },
    responses: { 200: jsonAnswer(freezeSchema, "The freeze in force"), ...problems(400, 401, 403, 413, 415) },
  });
  app.openapi(put, async (c) => {
    return c.json(representFreeze(await freezeEverything(deps, c.req.valid("json"), changeBy(c))), 200);
  });

  const lift = createRoute({
    method: "delete",
    path,
    tags,
    summary: "Lift the freeze; every service decides for itself again from the next round on",
    middleware: [guards.adminWith("freeze")],
    request: { query: noQuery },
    responses: { 204: noContent, ...problems(400, 401, 403) },
  });
  app.openapi(lift, async (c) => {
    await liftFreeze(deps, changeBy(c));
    return c.body(null, 204);
  });
};
