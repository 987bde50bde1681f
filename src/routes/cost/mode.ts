import { createRoute, z } from "@hono/zod-openapi";
import type { CostModeView } from "../../adapters/ports/cost/modes.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import { costModes, daysIn, expectedPercent, nextMode, refuseMode } from "../../domain/cost/mode.ts";
import { jsonBody } from "../../http/body.ts";
import { jsonAnswer, jsonRequest, like, readProblems, tenantQuery, timeText, writeProblems } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { changeBy } from "../../http/idempotency.ts";
import { isoTime } from "../../iso-time.ts";
import { changeMode, readMode } from "./mode-changes.ts";

const modeName = z.enum(costModes);
const input = z
  .strictObject({
    mode: modeName.openapi({
      example: "shadow",
      description: "shadow: recorded and shown, nobody is told; audit: told as info; enforce: told as urgent as it is",
    }),
  })
  .openapi("CostModeInput");

const schema = z
  .object({
    mode: modeName.openapi({ example: "audit" }),
    since: timeText,
    changed_by: like(z.string().nullable(), "token:1").openapi({ description: "null: nobody has set it yet" }),
    days: like(z.int(), 16).openapi({ description: "whole days in this mode" }),
    anomalies: like(z.int(), 12).openapi({ description: "found while it lasted" }),
    expected: like(z.int(), 1).openapi({ description: "those of them that a person called expected: false alarms" }),
    expected_percent: like(z.number(), 8.3),
    next: modeName.nullable().openapi({ example: "enforce" }),
    refusal: like(z.string().nullable(), null).openapi({
      description: "why the next mode would be refused now; null: it would not, or there is none",
    }),
  })
  .openapi("CostMode");

const represent = (view: CostModeView): z.infer<typeof schema> => {
  const next = nextMode(view.mode);
  return {
    mode: view.mode,
    since: isoTime(view.sinceMs),
    changed_by: view.changedBy,
    days: daysIn(view, view.nowMs),
    anomalies: view.anomalies,
    expected: view.expected,
    expected_percent: Number(expectedPercent(view).toFixed(1)),
    next,
    refusal: next === null ? null : refuseMode(view, next, view.nowMs),
  };
};

/** `/v1/cost/mode`: how a customer is told of anomalies of cost. */
export const registerCostMode = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["cost"];
  const path = "/v1/cost/mode";

  const get = createRoute({
    method: "get",
    path,
    tags,
    summary: "Read how people are told of anomalies, and what stands between it and the next mode",
    middleware: [guards.viewer],
    request: { query: tenantQuery },
    responses: { 200: jsonAnswer(schema, "The mode"), ...readProblems },
  });
  app.openapi(get, async (c) => c.json(represent(await readMode(deps, c.var.customerId)), 200));

  const put = createRoute({
    method: "put",
    path,
    tags,
    summary: "Change how people are told of anomalies",
    description:
      "Up one step at a time, after 14 days in which at most 10 % of the anomalies were marked expected: else a 409 with the figures. Down always. Admins may set any. What was found before is not told later.",
    middleware: [guards.editor, jsonBody],
    request: { query: tenantQuery, body: jsonRequest(input) },
    responses: { 200: jsonAnswer(schema, "The mode as it is now"), ...writeProblems },
  });
  app.openapi(put, async (c) => {
    const isAdmin = c.var.principal.kind === "admin";
    const view = await changeMode(deps, c.var.customerId, c.req.valid("json").mode, isAdmin, changeBy(c));
    return c.json(represent(view), 200);
  });
};
