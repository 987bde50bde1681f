import { createRoute, z } from "@hono/zod-openapi";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { CustomerToken } from "../../adapters/ports/tenants/tokens.ts";
import { sha256Hex, toBase64Url } from "../../http/digest.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import type { TokenCaches } from "../../auth/token-cache.ts";
import { refuseToken, roles } from "../../domain/tenants/access.ts";
import { answerOnce, changeBy } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import {
  childParams,
  id,
  idParams,
  jsonAnswer,
  jsonRequest,
  label,
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
import { expiresAt, refuseFor, refusePast } from "./token-contract.ts";

const role = z.enum(roles).openapi({ description: "viewers read, editors write as well, owners also mint and revoke tokens and approve" });

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

const input = z.strictObject({ name: label(200).openapi({ example: "ci" }), role, expires_at: expiresAt }).openapi("TokenInput");

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

const secretBytes = 32;

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
    request: { params: idParams, query: tenantQuery, body: jsonRequest(input) },
    responses: { 201: jsonAnswer(newTokenSchema, "The token with its secret"), ...writeProblems },
  });
  app.openapi(create, async (c) => {
    const customerId = c.req.valid("param").id;
    const { name, role: wanted, expires_at: expiresAtMs } = c.req.valid("json");
    refusePast(expiresAtMs, deps.clock.nowMs());
    refuseFor(refuseToken(c.var.principal, { role: wanted, expiresAtMs }));
    const secret = `trn_${toBase64Url(deps.random.bytes(secretBytes))}`;
    const hash = await sha256Hex(secret);
    const store = (change: Change) => deps.tokens.create(customerId, { name, role: wanted, expiresAtMs, hash }, change);
    const token = await answerOnce(c, deps, customerId, store);
    if (token === null) throw noSuchResource();
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
    if (!(await deps.tokens.revoke(customerId, childId, changeBy(c)))) throw noSuchResource();
    caches.customers.forget(childId);
    return c.body(null, 204);
  });
};
