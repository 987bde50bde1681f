import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Panic } from "../../adapters/ports/steering/panic.ts";
import type { Guards } from "../../auth/guards.ts";
import { changeBy } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import { jsonAnswer, jsonRequest, like, noContent, orNull, problems, timeText } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { isoTime } from "../../iso-time.ts";
import { beginPanic, endPanic, panicInput } from "./orders-of-all.ts";

const noQuery = z.strictObject({});

export const panicSchema = z
  .object({
    reason: like(z.string(), "weights are written that nobody wanted, see INC-43"),
    actor: like(z.string(), "admin:alice"),
    set_at: timeText,
  })
  .openapi("Panic");

const stateSchema = z.object({ panic: orNull(panicSchema) }).openapi("PanicState");

export const representPanic = ({ reason, actor, setAtMs }: Panic): z.infer<typeof panicSchema> => ({
  reason,
  actor,
  set_at: isoTime(setAtMs),
});

/** `/v1/panic`: nothing is written to any outside system. For admins only. */
export const registerPanic = (app: App, deps: Pick<Deps, "panic" | "tell">, guards: Guards): void => {
  const tags = ["routing"];
  const path = "/v1/panic";

  const get = createRoute({
    method: "get",
    path,
    tags,
    summary: "Read whether a panic is on",
    middleware: [guards.admin],
    request: { query: noQuery },
    responses: { 200: jsonAnswer(stateSchema, "The panic, or null"), ...problems(400, 401, 403) },
  });
  app.openapi(get, async (c) => {
    const panic = await deps.panic.get();
    return c.json({ panic: panic === null ? null : representPanic(panic) }, 200);
  });

  const put = createRoute({
    method: "put",
    path,
    tags,
    summary: "Write nothing to any outside system: no weight and no health check, for anybody, until it is lifted",
    description:
      "It counts at once: a switch whose intent was not stored before is not sent. Detection, metering and messages go on; services are `held` with the reason `panic`. Unlike a freeze it leaves health checks of standing failovers as they are, and has no end of its own.",
    middleware: [guards.adminWith("freeze"), jsonBody],
    request: { query: noQuery, body: jsonRequest(panicInput) },
    responses: { 200: jsonAnswer(panicSchema, "The panic that is on"), ...problems(400, 401, 403, 413, 415) },
  });
  app.openapi(put, async (c) => c.json(representPanic(await beginPanic(deps, c.req.valid("json"), changeBy(c))), 200));

  const lift = createRoute({
    method: "delete",
    path,
    tags,
    summary: "Lift the panic; what is wanted then is written from the next round on",
    middleware: [guards.adminWith("freeze")],
    request: { query: noQuery },
    responses: { 204: noContent, ...problems(400, 401, 403) },
  });
  app.openapi(lift, async (c) => {
    await endPanic(deps, changeBy(c));
    return c.body(null, 204);
  });
};
