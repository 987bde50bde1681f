import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { ZoneGrant } from "../../adapters/ports/steering/zone-grants.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { answerOnce, changeBy } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import { id, idParams, jsonAnswer, jsonRequest, like, noContent, pageQuery, problems, timeText } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { paged } from "../../http/paging.ts";
import { isoTime } from "../../iso-time.ts";

const zoneExample = "Z0123456789ABCDEFGHIJ";
const noQuery = z.strictObject({});

const grantSchema = z.object({ id, zone_id: like(z.string(), zoneExample), customer_id: id, created_at: timeText }).openapi("ZoneGrant");

const input = z
  .strictObject({
    zone_id: z
      .string()
      .min(1)
      .max(32)
      .regex(/^[A-Z0-9]+$/, "must be the id of a hosted zone, without /hostedzone/")
      .openapi({ example: zoneExample }),
    customer_id: z.int().min(1).max(Number.MAX_SAFE_INTEGER).openapi({ example: 1 }),
  })
  .openapi("ZoneGrantInput");

const represent = (grant: ZoneGrant): z.infer<typeof grantSchema> => ({
  id: grant.id,
  zone_id: grant.zoneId,
  customer_id: grant.customerId,
  created_at: isoTime(grant.createdAtMs),
});

/** `/v1/zone-grants`: which zones of the operator's own AWS account serve which customers. For admins only. */
export const registerZoneGrants = (app: App, deps: Pick<Deps, "zoneGrants" | "idempotency">, guards: Guards): void => {
  const tags = ["routing"];
  const path = "/v1/zone-grants";

  const create = createRoute({
    method: "post",
    path,
    tags,
    summary: "Bind a zone of the operator's AWS account to a customer; from the first grant of a zone on, it serves nobody else",
    middleware: [guards.admin, jsonBody],
    request: { query: noQuery, body: jsonRequest(input) },
    responses: { 201: jsonAnswer(grantSchema, "The grant"), ...problems(400, 401, 403, 409, 413, 415) },
  });
  app.openapi(create, async (c) => {
    const { zone_id: zoneId, customer_id: customerId } = c.req.valid("json");
    const grant = await answerOnce(c, deps, 0, async (change) => await deps.zoneGrants.create({ zoneId, customerId }, change));
    return c.json(represent(grant), 201, { location: `${path}/${grant.id}` });
  });

  const list = createRoute({
    method: "get",
    path,
    tags,
    summary: "List which zones of the operator's AWS account serve which customers",
    middleware: [guards.admin],
    request: { query: pageQuery },
    responses: { 200: jsonAnswer(z.array(grantSchema), "One page"), ...problems(400, 401, 403) },
  });
  app.openapi(list, async (c) => {
    const grants = await paged(c, c.req.valid("query"), deps.zoneGrants.list);
    return c.json(grants.map(represent), 200);
  });

  const remove = createRoute({
    method: "delete",
    path: `${path}/{id}` as const,
    tags,
    summary: "Take a zone away from a customer; with its last grant gone a zone serves everybody again",
    middleware: [guards.admin],
    request: { params: idParams, query: noQuery },
    responses: { 204: noContent, ...problems(400, 401, 403, 404) },
  });
  app.openapi(remove, async (c) => {
    if (!(await deps.zoneGrants.remove(c.req.valid("param").id, changeBy(c)))) throw noSuchResource();
    return c.body(null, 204);
  });
};
