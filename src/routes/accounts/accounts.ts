import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import { idParams, jsonAnswer, noContent, problems, tenantPageQuery, tenantQuery } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { changeBy } from "../../http/idempotency.ts";
import { paged } from "../../http/paging.ts";
import { accountSchema, accountView, sessionSchema, sessionView } from "./contract.ts";
import { accountOf, deactivate, localAccounts } from "./rules.ts";
import { whose } from "./whose.ts";

const path = "/v1/accounts";
const one = `${path}/{id}` as const;
const sessionsOf = `${one}/sessions` as const;
const tags = ["accounts"];

/** `/v1/accounts`: for owners, and for admins with the scope `tokens`. */
export const registerAccounts = (app: App, deps: Deps, guards: Guards): void => {
  const list = createRoute({
    method: "get",
    path,
    tags,
    summary: "List the accounts, deactivated ones included",
    description:
      "Of a customer; of the operator where an admin names none. Accounts exist on self-hosted installations with `LOCAL_ACCOUNTS=on`.",
    middleware: [guards.ownerOrOperator],
    request: { query: tenantPageQuery },
    responses: { 200: jsonAnswer(z.array(accountSchema), "One page"), ...problems(400, 401, 403, 409) },
  });
  app.openapi(list, async (c) => {
    const { accounts } = localAccounts(deps);
    const page = await paged(c, c.req.valid("query"), (wanted) => accounts.list(whose(c), wanted));
    return c.json(page.map(accountView), 200);
  });

  const read = createRoute({
    method: "get",
    path: one,
    tags,
    summary: "Read an account",
    middleware: [guards.ownerOrOperator],
    request: { params: idParams, query: tenantQuery },
    responses: { 200: jsonAnswer(accountSchema, "The account"), ...problems(400, 401, 403, 404, 409) },
  });
  app.openapi(read, async (c) => {
    const account = await accountOf(deps, whose(c), c.req.valid("param").id, c.var.principal);
    return c.json(accountView(account), 200);
  });

  const end = createRoute({
    method: "delete",
    path: one,
    tags,
    operationId: "deactivateAccount",
    summary: "Deactivate an account, for good",
    description:
      "Its sessions end at once, and invitations that it sent and nobody has accepted. The address can be invited anew. Tokens that it minted stay.",
    middleware: [guards.ownerOrOperator],
    request: { params: idParams, query: tenantQuery },
    responses: { 204: noContent, ...problems(400, 401, 403, 404, 409) },
  });
  app.openapi(end, async (c) => {
    await deactivate(deps, whose(c), c.req.valid("param").id, c.var.principal, changeBy(c));
    return c.body(null, 204);
  });

  const listSessions = createRoute({
    method: "get",
    path: sessionsOf,
    tags,
    operationId: "listAccountSessions",
    summary: "List the browsers in which an account is signed in, the newest first",
    middleware: [guards.ownerOrOperator],
    request: { params: idParams, query: tenantQuery },
    responses: { 200: jsonAnswer(z.array(sessionSchema), "All of them, 20 at most"), ...problems(400, 401, 403, 404, 409) },
  });
  app.openapi(listSessions, async (c) => {
    const { id } = await accountOf(deps, whose(c), c.req.valid("param").id, c.var.principal);
    return c.json((await localAccounts(deps).accounts.sessions(id)).map(sessionView), 200);
  });

  const endSessions = createRoute({
    method: "delete",
    path: sessionsOf,
    tags,
    operationId: "endAccountSessions",
    summary: "Sign an account out in every browser, at once",
    middleware: [guards.ownerOrOperator],
    request: { params: idParams, query: tenantQuery },
    responses: { 204: noContent, ...problems(400, 401, 403, 404, 409) },
  });
  app.openapi(endSessions, async (c) => {
    const { id } = await accountOf(deps, whose(c), c.req.valid("param").id, c.var.principal);
    await localAccounts(deps).accounts.endSessions(id, changeBy(c));
    return c.body(null, 204);
  });
};
