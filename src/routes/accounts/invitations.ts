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
  problems,
  tenantPageQuery,
  tenantQuery,
  writeProblems,
} from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { acceptKey, changeBy } from "../../http/idempotency.ts";
import { paged } from "../../http/paging.ts";
import { invitationSchema, invitationView } from "./contract.ts";
import { invitationInput, invite, localAccounts } from "./rules.ts";
import { whose } from "./whose.ts";

const path = "/v1/invitations";
const tags = ["accounts"];

/** `/v1/invitations`: for owners, and for admins with the scope `tokens`. */
export const registerInvitations = (app: App, deps: Deps, guards: Guards): void => {
  const create = createRoute({
    method: "post",
    path,
    tags,
    operationId: "inviteAccount",
    summary: "Invite somebody by mail",
    description:
      "Sends a link that is valid for 72 hours and works once: whoever opens it chooses a password, and has an account then. An open invitation of the same address is replaced. Where the mail server does not take the mail, nobody is invited.",
    middleware: [guards.ownerOrOperator, jsonBody],
    request: { query: tenantQuery, body: jsonRequest(invitationInput) },
    responses: { 201: jsonAnswer(invitationSchema, "The invitation"), ...writeProblems },
  });
  app.openapi(create, async (c) => {
    await acceptKey(c);
    const invitation = await invite(deps, whose(c), c.var.principal, c.req.valid("json"), changeBy(c));
    return c.json(invitationView(invitation), 201);
  });

  const list = createRoute({
    method: "get",
    path,
    tags,
    operationId: "listAccountInvitations",
    summary: "List the invitations that are open",
    middleware: [guards.ownerOrOperator],
    request: { query: tenantPageQuery },
    responses: { 200: jsonAnswer(z.array(invitationSchema), "One page"), ...problems(400, 401, 403, 409) },
  });
  app.openapi(list, async (c) => {
    const { accounts } = localAccounts(deps);
    const invitations = await paged(c, c.req.valid("query"), (page) => accounts.invitations(whose(c), page));
    return c.json(invitations.map(invitationView), 200);
  });

  const withdraw = createRoute({
    method: "delete",
    path: `${path}/{id}` as const,
    tags,
    operationId: "withdrawAccountInvitation",
    summary: "Withdraw an invitation: its link leads nowhere",
    middleware: [guards.ownerOrOperator],
    request: { params: idParams, query: tenantQuery },
    responses: { 204: noContent, ...problems(400, 401, 403, 404, 409) },
  });
  app.openapi(withdraw, async (c) => {
    if (!(await localAccounts(deps).accounts.withdraw(whose(c), c.req.valid("param").id, changeBy(c)))) throw noSuchResource();
    return c.body(null, 204);
  });
};
