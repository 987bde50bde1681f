import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { answerOnce, changeBy } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import { idParams, jsonAnswer, jsonRequest, pageQuery, problems, writeProblems } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { paged } from "../../http/paging.ts";
import { customerInput, customerPatch, customerSchema, representCustomer } from "./customer-contract.ts";
import { createCustomer, customerCreators, ofNoCustomer } from "./customer-creation.ts";

const noQuery = z.strictObject({});

/** `/v1/customers`: for admins only. */
export const registerCustomers = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["customers"];

  const create = createRoute({
    method: "post",
    path: "/v1/customers",
    tags,
    summary: "Create a customer",
    middleware: [guards.adminWith(customerCreators), jsonBody],
    request: { query: noQuery, body: jsonRequest(customerInput) },
    responses: { 201: jsonAnswer(customerSchema, "The new customer"), ...problems(400, 401, 403, 409, 413, 415) },
  });
  app.openapi(create, async (c) => {
    const body = c.req.valid("json");
    const customer = await answerOnce(c, deps, ofNoCustomer, (change) => createCustomer(deps, body, change));
    return c.json(representCustomer(customer), 201, { location: `/v1/customers/${customer.id}` });
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
    return c.json(customers.map(representCustomer), 200);
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
    return c.json(representCustomer(customer), 200);
  });

  const update = createRoute({
    method: "patch",
    path: "/v1/customers/{id}",
    tags,
    summary: "Rename a customer or change the greatest coverage factor of its policies",
    middleware: [guards.admin, jsonBody],
    request: { params: idParams, query: noQuery, body: jsonRequest(customerPatch) },
    responses: { 200: jsonAnswer(customerSchema, "The customer as it is now"), ...writeProblems },
  });
  app.openapi(update, async (c) => {
    const { name, max_coverage_cap: maxCoverageCap } = c.req.valid("json");
    const customer = await deps.customers.update(c.req.valid("param").id, { name, maxCoverageCap }, changeBy(c));
    if (customer === null) throw noSuchResource();
    return c.json(representCustomer(customer), 200);
  });
};
