import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { CustomerToken } from "../../adapters/ports/tenants/tokens.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import type { TokenCaches } from "../../auth/token-cache.ts";
import { answerOnce, changeBy } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import {
  childParams,
  id,
  idParams,
  jsonAnswer,
  jsonRequest,
  like,
  noContent,
  readProblems,
  tenantPageQuery,
  tenantQuery,
  timeText,
  writeProblems,
} from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { paged } from "../../http/paging.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";
import { mintToken, revokeToken, role, tokenInput } from "./minting.ts";

const tokenSchema = z
  .object({
    id,
    customer_id: id,
    name: like(z.string(), "ci"),
    role,
    created_at: timeText,
    expires_at: timeText.nullable().openapi({ description: "when it ends by itself" }),
    last_used_at: timeText.nullable().openapi({ description: "to the minute" }),
    revoked_at: like(timeText.nullable(), null),
  })
  .openapi("Token");

const newTokenSchema = tokenSchema
  .extend({
    token: z.string().openapi({ description: "the secret; shown this once", example: "trn_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE" }),
  })
  .openapi("NewToken");

const represent = (token: CustomerToken): z.infer<typeof tokenSchema> => ({
  id: token.id,
  customer_id: token.customerId,
  name: token.name,
  role: token.role,
  created_at: isoTime(token.createdAtMs),
  expires_at: isoTimeOrNull(token.expiresAtMs),
  last_used_at: isoTimeOrNull(token.lastUsedAtMs),
  revoked_at: isoTimeOrNull(token.revokedAtMs),
});

/** `/v1/customers/{id}/tokens`: for the customer itself, and for admins with the scope `tokens`. */
export const registerTokens = (app: App, deps: Deps, guards: Guards, caches: TokenCaches): void => {
  const tags = ["tokens"];
  const path = "/v1/customers/{id}/tokens";

  const create = createRoute({
    method: "post",
    path,
    tags,
    summary: "Create a token; its secret is shown once",
    middleware: [guards.customerOwner, jsonBody],
    request: { params: idParams, query: tenantQuery, body: jsonRequest(tokenInput) },
    responses: { 201: jsonAnswer(newTokenSchema, "The token with its secret"), ...writeProblems },
  });
  app.openapi(create, async (c) => {
    const customerId = c.req.valid("param").id;
    const { token, secret } = await mintToken(deps, customerId, c.var.principal, c.req.valid("json"), (store) =>
      answerOnce(c, deps, customerId, store),
    );
    return c.json({ ...represent(token), token: secret }, 201);
  });

  const list = createRoute({
    method: "get",
    path,
    tags,
    summary: "List the tokens, revoked ones included",
    middleware: [guards.customerViewer],
    request: { params: idParams, query: tenantPageQuery },
    responses: { 200: jsonAnswer(z.array(tokenSchema), "One page"), ...readProblems },
  });
  app.openapi(list, async (c) => {
    const customerId = c.req.valid("param").id;
    const tokens = await paged(c, c.req.valid("query"), (page) => deps.tokens.list(customerId, page));
    if (tokens === null) throw noSuchResource();
    return c.json(tokens.map(represent), 200);
  });

  const revoke = createRoute({
    method: "delete",
    path: `${path}/{childId}` as const,
    tags,
    summary: "Revoke a token; it stops working within 30 seconds",
    middleware: [guards.customerOwner],
    request: { params: childParams, query: tenantQuery },
    responses: { 204: noContent, ...readProblems },
  });
  app.openapi(revoke, async (c) => {
    const { id: customerId, childId } = c.req.valid("param");
    await revokeToken(deps, caches, customerId, childId, changeBy(c));
    return c.body(null, 204);
  });
};
