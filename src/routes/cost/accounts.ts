import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { jsonBody } from "../../http/body.ts";
import {
  idParams,
  jsonAnswer,
  jsonRequest,
  noContent,
  readProblems,
  tenantPageQuery,
  tenantQuery,
  writeProblems,
} from "../../http/contract.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App } from "../../http/env.ts";
import { answerOnce, changeBy } from "../../http/idempotency.ts";
import { paged } from "../../http/paging.ts";
import { changeCostAccount, openCostAccount } from "./account-changes.ts";
import { costAccountInput, costAccountPatch, costAccountSchema, representCostAccount } from "./account-contract.ts";

/** `/v1/cost/accounts`: the AWS accounts whose costs are watched, with the key or role for each. */
export const registerCostAccounts = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["cost"];
  const path = "/v1/cost/accounts";
  const onePath = `${path}/{id}` as const;

  const create = createRoute({
    method: "post",
    path,
    tags,
    summary: "Have the costs of an AWS account watched: by a role to assume, or a key, whose secret is sealed and never shown",
    middleware: [guards.editor, worth(deps, costs.asking), jsonBody],
    request: { query: tenantQuery, body: jsonRequest(costAccountInput) },
    responses: { 201: jsonAnswer(costAccountSchema, "The account, without its secret"), ...writeProblems },
  });
  app.openapi(create, async (c) => {
    const { customerId } = c.var;
    const body = c.req.valid("json");
    const account = await answerOnce(c, deps, customerId, (change) => openCostAccount(deps, customerId, body, change));
    return c.json(representCostAccount(account), 201, { location: `${path}/${account.id}` });
  });

  const list = createRoute({
    method: "get",
    path,
    tags,
    summary: "List the AWS accounts whose costs are watched",
    middleware: [guards.viewer],
    request: { query: tenantPageQuery },
    responses: { 200: jsonAnswer(z.array(costAccountSchema), "One page"), ...readProblems },
  });
  app.openapi(list, async (c) => {
    const accounts = await paged(c, c.req.valid("query"), (page) => deps.costAccounts.list(c.var.customerId, page));
    return c.json(accounts.map(representCostAccount), 200);
  });

  const get = createRoute({
    method: "get",
    path: onePath,
    tags,
    summary: "Read an AWS account whose costs are watched; never its secret",
    middleware: [guards.viewer],
    request: { params: idParams, query: tenantQuery },
    responses: { 200: jsonAnswer(costAccountSchema, "The account"), ...readProblems },
  });
  app.openapi(get, async (c) => {
    const account = await deps.costAccounts.find(c.var.customerId, c.req.valid("param").id);
    if (account === null) throw noSuchResource();
    return c.json(representCostAccount(account), 200);
  });

  const update = createRoute({
    method: "patch",
    path: onePath,
    tags,
    summary: "Change what of an AWS account is watched; its key or role stays",
    middleware: [guards.editor, jsonBody],
    request: { params: idParams, query: tenantQuery, body: jsonRequest(costAccountPatch) },
    responses: { 200: jsonAnswer(costAccountSchema, "The account as it is now"), ...writeProblems },
  });
  app.openapi(update, async (c) => {
    const account = await changeCostAccount(deps, c.var.customerId, c.req.valid("param").id, c.req.valid("json"), changeBy(c));
    return c.json(representCostAccount(account), 200);
  });

  const remove = createRoute({
    method: "delete",
    path: onePath,
    tags,
    summary: "Watch an AWS account no more; its secret is erased, what was read stays",
    middleware: [guards.editor],
    request: { params: idParams, query: tenantQuery },
    responses: { 204: noContent, ...readProblems },
  });
  app.openapi(remove, async (c) => {
    if (!(await deps.costAccounts.remove(c.var.customerId, c.req.valid("param").id, changeBy(c)))) throw noSuchResource();
    return c.body(null, 204);
  });
};
