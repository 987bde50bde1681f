import { createRoute, z } from "@hono/zod-openapi";
import type { Customer } from "../../adapters/ports/tenants/customers.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { answerOnce, changeBy } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import { id, idParams, jsonAnswer, jsonRequest, label, like, pageQuery, problems, timeText, writeProblems } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { paged } from "../../http/paging.ts";
import { isoTime } from "../../iso-time.ts";
import { factor, nonEmpty } from "../schemas.ts";

const customerSchema = z
  .object({ id, name: like(z.string(), "ACME"), max_coverage_cap: like(z.number(), 1.5), created_at: timeText })
  .openapi("Customer");

const fields = { name: label(200).openapi({ example: "ACME" }), max_coverage_cap: factor(10) };
const input = z.strictObject({ ...fields, max_coverage_cap: fields.max_coverage_cap.default(1.5) }).openapi("CustomerInput");
const patch = nonEmpty(z.strictObject(fields).partial()).openapi("CustomerPatch");
const noQuery = z.strictObject({});

const represent = (customer: Customer): z.infer<typeof customerSchema> => ({
  id: customer.id,
  name: customer.name,
  max_coverage_cap: customer.maxCoverageCap,
  created_at: isoTime(customer.createdAtMs),
});

/** `/v1/customers`: for admins only. */
export const registerCustomers = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["customers"];

  const create = createRoute({
    method: "post",
    path: "/v1/customers",
    tags,
    summary: "Create a customer",
    middleware: [guards.admin, jsonBody],
    request: { query: noQuery, body: jsonRequest(input) },
    responses: { 201: jsonAnswer(customerSchema, "The new customer"), ...problems(400, 401, 403, 409, 413, 415) },
  });
  app.openapi(create, async (c) => {
    const { name, max_coverage_cap: maxCoverageCap } = c.req.valid("json");
    const store = (change: Parameters<Deps["customers"]["create"]>[1]) => deps.customers.create({ name, maxCoverageCap }, change);
    const customer = await answerOnce(c, deps, 0, store);
    return c.json(represent(customer), 201, { location: `/v1/customers/${customer.id}` });
  });

  const list = createRoute({
    method: "get",
    path: "/v1/customers",
    tags,
    summary: "List the customers",
    middleware: [guards.admin],
    request: { query: pageQuery },
    responses: { 200: jsonAnswer(z.array(customerSchema), "One page"), ...problems(400, 401, 403) },
  });
  app.openapi(list, async (c) => {
    const customers = await paged(c, c.req.valid("query"), deps.customers.list);
    return c.json(customers.map(represent), 200);
  });

  const get = createRoute({
    method: "get",
    path: "/v1/customers/{id}",
    tags,
    summary: "Read a customer",
    middleware: [guards.admin],
    request: { params: idParams, query: noQuery },
    responses: { 200: jsonAnswer(customerSchema, "The customer"), ...problems(400, 401, 403, 404) },
  });
  app.openapi(get, async (c) => {
    const customer = await deps.customers.get(c.req.valid("param").id);
    if (customer === null) throw noSuchResource();
    return c.json(represent(customer), 200);
  });

  const update = createRoute({
    method: "patch",
    path: "/v1/customers/{id}",
    tags,
    summary: "Rename a customer or change the greatest coverage factor of its policies",
    middleware: [guards.admin, jsonBody],
    request: { params: idParams, query: noQuery, body: jsonRequest(patch) },
    responses: { 200: jsonAnswer(customerSchema, "The customer as it is now"), ...writeProblems },
  });
  app.openapi(update, async (c) => {
    const { name, max_coverage_cap: maxCoverageCap } = c.req.valid("json");
    const customer = await deps.customers.update(c.req.valid("param").id, { name, maxCoverageCap }, changeBy(c));
    if (customer === null) throw noSuchResource();
    return c.json(represent(customer), 200);
  });
};
