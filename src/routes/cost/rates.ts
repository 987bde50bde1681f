import { createRoute, z } from "@hono/zod-openapi";
import type { CostRate } from "../../adapters/ports/cost/rates.ts";
import { mostCostRates } from "../../adapters/ports/cost/rates.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { jsonBody } from "../../http/body.ts";
import {
  jsonAnswer,
  jsonRequest,
  like,
  noContent,
  problems,
  readProblems,
  tenantQuery,
  timeText,
  writeProblems,
} from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { changeBy } from "../../http/idempotency.ts";
import { isoTime } from "../../iso-time.ts";
import { cdnName } from "../schemas.ts";
import { rateInput, removeRate, setRate } from "./rate-changes.ts";

const schema = z
  .object({
    cdn: cdnName,
    cents_per_gb: like(z.string().nullable(), "2.5000"),
    monthly_cents: like(z.int().nullable(), 20_000),
    updated_at: timeText,
  })
  .openapi("CostRate");

const represent = (rate: CostRate): z.infer<typeof schema> => ({
  cdn: rate.cdn,
  cents_per_gb: rate.centsPerGb,
  monthly_cents: rate.monthlyCents,
  updated_at: isoTime(rate.updatedAtMs),
});

const params = z.strictObject({ cdn: cdnName });

/** `/v1/cost/rates`: what a customer's CDNs charge. */
export const registerCostRates = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["cost"];
  const path = "/v1/cost/rates";
  const onePath = `${path}/{cdn}` as const;

  const list = createRoute({
    method: "get",
    path,
    tags,
    summary: "List what CDNs charge",
    middleware: [guards.viewer],
    request: { query: tenantQuery },
    responses: { 200: jsonAnswer(z.array(schema).max(mostCostRates), "All rates"), ...problems(400, 401, 403) },
  });
  app.openapi(list, async (c) => c.json((await deps.costRates.list(c.var.customerId)).map(represent), 200));

  const get = createRoute({
    method: "get",
    path: onePath,
    tags,
    summary: "Read what a CDN charges",
    middleware: [guards.viewer],
    request: { params, query: tenantQuery },
    responses: { 200: jsonAnswer(schema, "The rate"), ...readProblems },
  });
  app.openapi(get, async (c) => {
    const rate = await deps.costRates.find(c.var.customerId, c.req.valid("param").cdn);
    if (rate === null) throw noSuchResource();
    return c.json(represent(rate), 200);
  });

  const put = createRoute({
    method: "put",
    path: onePath,
    tags,
    summary: "Say what a CDN charges: by it egress is money",
    description: "Hours that were scored stay as they are. Those that come are cents, and a series of their own.",
    middleware: [guards.editor, jsonBody],
    request: { params, query: tenantQuery, body: jsonRequest(rateInput) },
    responses: { 200: jsonAnswer(schema, "The rate as it is now"), ...writeProblems },
  });
  app.openapi(put, async (c) => {
    const rate = await setRate(deps, c.var.customerId, c.req.valid("param").cdn, c.req.valid("json"), changeBy(c));
    return c.json(represent(rate), 200);
  });

  const remove = createRoute({
    method: "delete",
    path: onePath,
    tags,
    summary: "Forget what a CDN charges: its egress is bytes again, and money unknown",
    middleware: [guards.editor],
    request: { params, query: tenantQuery },
    responses: { 204: noContent, ...readProblems },
  });
  app.openapi(remove, async (c) => {
    await removeRate(deps, c.var.customerId, c.req.valid("param").cdn, changeBy(c));
    return c.body(null, 204);
  });
};
