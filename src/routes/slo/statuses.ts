import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { MeasuredObjective } from "../../adapters/ports/slo/objectives.ts";
import type { Page } from "../../adapters/ports/tenants/change.ts";
import type { Guards } from "../../auth/guards.ts";
import { jsonBody } from "../../http/body.ts";
import { jsonAnswer, jsonRequest, problems, tenantPageQuery } from "../../http/contract.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App, AppContext } from "../../http/env.ts";
import { acceptKey } from "../../http/idempotency.ts";
import { paged } from "../../http/paging.ts";
import { objectiveWithStatus, representMeasured } from "./status-contract.ts";

const mostServices = 200;

const bulkInput = z
  .strictObject({
    service_ids: z
      .array(z.int().min(1).max(Number.MAX_SAFE_INTEGER))
      .min(1)
      .max(mostServices)
      .openapi({ example: [1], description: "those that are none of the customer's have no objectives" }),
  })
  .openapi("ObjectiveStatusInput");

/** `/v1/objectives`: how all objectives of a customer stand, each page in one statement. */
export const registerObjectiveStatuses = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["objectives"];

  const page = async (
    c: AppContext,
    query: { readonly limit: number; readonly cursor?: number | undefined },
    serviceIds?: readonly number[],
  ) => {
    let asOf = 0;
    const rows = await paged(c, query, async (wanted: Page) => {
      const scope = { customerId: c.var.customerId, ...(serviceIds !== undefined && { serviceIds }), page: wanted };
      const { atUs, measured } = await deps.objectiveMeasures.measure(scope, null);
      asOf = atUs;
      return measured.map((one): MeasuredObjective & { readonly id: number } => ({ ...one, id: one.objective.id }));
    });
    return rows.map((one) => representMeasured(one, asOf));
  };

  const list = createRoute({
    method: "get",
    path: "/v1/objectives",
    tags,
    summary: "List all objectives with their status",
    middleware: [guards.viewer, worth(deps, costs.reading)],
    request: { query: tenantPageQuery },
    responses: { 200: jsonAnswer(z.array(objectiveWithStatus), "One page"), ...problems(400, 401, 403) },
  });
  app.openapi(list, async (c) => c.json(await page(c, c.req.valid("query")), 200));

  const bulk = createRoute({
    method: "post",
    path: "/v1/objectives/status",
    tags,
    operationId: "queryObjectives",
    summary: "Read the objectives of some services with their status",
    description: "It changes nothing. Where there is a `next` link, the same body sent to it reads on.",
    middleware: [guards.viewer, worth(deps, costs.reading), jsonBody],
    request: { query: tenantPageQuery, body: jsonRequest(bulkInput) },
    responses: { 200: jsonAnswer(z.array(objectiveWithStatus), "One page, by id"), ...problems(400, 401, 403, 413, 415) },
  });
  app.openapi(bulk, async (c) => {
    await acceptKey(c);
    return c.json(await page(c, c.req.valid("query"), c.req.valid("json").service_ids), 200);
  });
};
