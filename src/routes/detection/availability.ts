import { createRoute, z } from "@hono/zod-openapi";
import type { AvailabilityPoint } from "../../adapters/ports/detection/availability.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { AppError } from "../../errors.ts";
import { id, idParams, jsonAnswer, like, maxTimeMs, readProblems, tenantQuery, time, timeText } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { isoTime } from "../../iso-time.ts";
import { ordered, outOfOrder } from "../schemas.ts";

const maxPoints = 1_000;
const minStepSeconds = 10;
const maxStepSeconds = 86_400;
const defaultSpanMs = 3_600_000;

const path = z.enum(["primary", "backup", "direct"]);

const step = z
  .string()
  .refine(
    (text) => /^[1-9]\d{0,4}$/.test(text) && Number(text) >= minStepSeconds && Number(text) <= maxStepSeconds,
    `must be an integer from ${minStepSeconds} to ${maxStepSeconds}`,
  )
  .transform(Number)
  .default(60)
  .openapi({ type: "integer", minimum: minStepSeconds, maximum: maxStepSeconds, default: 60, description: "seconds" });

const query = tenantQuery
  .extend({
    from: time.optional().openapi({ description: "an hour before `to` unless given" }),
    to: time.optional().openapi({ description: "now unless given" }),
    step,
    path: path.default("primary"),
    vantage: z
      .string()
      .regex(/^[a-z0-9-]{1,40}$/, "must be 1 to 40 of a-z, 0-9 and -")
      .optional()
      .openapi({ example: "cloudflare", description: "the provider that probed; all of them together unless given" }),
  })
  .refine(ordered, outOfOrder);

const pointSchema = z.object({
  start: timeText,
  samples: z.int().min(0).openapi({ example: 6 }),
  ok: z.int().min(0).openapi({ example: 6 }),
  availability: z.number().min(0).max(1).nullable().openapi({ example: 1, description: "null: nothing was probed" }),
  p50_latency_ms: z.int().nullable().openapi({ example: 42, description: "of the samples that were ok" }),
  p95_latency_ms: z.int().nullable().openapi({ example: 87 }),
});

const seriesSchema = z
  .object({
    service_id: id,
    path,
    vantage: like(z.string().nullable(), null),
    from: timeText,
    to: timeText,
    step_seconds: like(z.int(), 60),
    points: z.array(pointSchema).openapi({ description: "one a step, over all domains of the service" }),
  })
  .openapi("Availability");

const represent = (point: AvailabilityPoint): z.infer<typeof pointSchema> => ({
  start: isoTime(point.startMs),
  samples: point.samples,
  ok: point.ok,
  availability: point.samples === 0 ? null : point.ok / point.samples,
  p50_latency_ms: point.p50LatencyMs,
  p95_latency_ms: point.p95LatencyMs,
});

const refuse = (pointer: string, detail: string) =>
  new AppError("bad_request", "the query is not valid", { fields: [{ pointer, detail }] });

/** `/v1/services/{id}/availability`: results of the probes. */
export const registerAvailability = (app: App, deps: Deps, guards: Guards): void => {
  const get = createRoute({
    method: "get",
    path: "/v1/services/{id}/availability",
    tags: ["availability"],
    summary: "Read the availability of a service as a series",
    description:
      `The span is widened to whole steps, counted from 1970, and has at most ${maxPoints} of them. Samples of different ` +
      "vantages are judged apart when storms are detected; name one to see what it saw.",
    middleware: [guards.viewer],
    request: { params: idParams, query },
    responses: { 200: jsonAnswer(seriesSchema, "The series, oldest first"), ...readProblems },
  });
  app.openapi(get, async (c) => {
    const asked = c.req.valid("query");
    const stepMs = asked.step * 1_000;
    const endMs = asked.to ?? Math.max(deps.clock.nowMs(), (asked.from ?? 0) + 1);
    const beginMs = asked.from ?? Math.max(0, endMs - defaultSpanMs);
    const fromMs = Math.floor(beginMs / stepMs) * stepMs;
    const toMs = Math.ceil(endMs / stepMs) * stepMs;
    if (beginMs >= endMs) throw refuse("to", "must be after from");
    if ((toMs - fromMs) / stepMs > maxPoints) throw refuse("step", `must be longer: at most ${maxPoints} points are given`);
    if (toMs > maxTimeMs) throw refuse(asked.to === undefined ? "from" : "to", "must be earlier: the last step would end after 9999");
    const vantage = asked.vantage ?? null;
    const span = { path: asked.path, vantage, fromMs, toMs, stepMs };
    const points = await deps.availability.series(c.var.customerId, c.req.valid("param").id, span);
    if (points === null) throw noSuchResource();
    return c.json(
      {
        service_id: c.req.valid("param").id,
        path: asked.path,
        vantage,
        from: isoTime(fromMs),
        to: isoTime(toMs),
        step_seconds: asked.step,
        points: points.map(represent),
      },
      200,
    );
  });
};
