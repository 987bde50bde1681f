import { createRoute, z } from "@hono/zod-openapi";
import type { AdminToken } from "../../adapters/ports/tenants/admin-tokens.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import { sha256Hex, toBase64Url } from "../../http/digest.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import type { TokenCaches } from "../../auth/token-cache.ts";
import { adminScopes, refuseAdminToken } from "../../domain/tenants/access.ts";
import { answerOnce, changeBy } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import { id, idParams, jsonAnswer, jsonRequest, like, noContent, pageQuery, problems, timeText } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { paged } from "../../http/paging.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";
import { expiresAt, refuseFor, refusePast } from "./token-contract.ts";

const scope = z.enum(adminScopes);

const tokenSchema = z
  .object({
    id,
    name: like(z.string(), "alice"),
    scopes: z.array(scope).openapi({ example: ["read", "write"] }),
    created_by: like(z.string(), "admin"),
    created_at: timeText,
    expires_at: timeText.nullable().openapi({ description: "when it ends by itself" }),
    last_used_at: timeText.nullable().openapi({ description: "to the minute" }),
    revoked_at: like(timeText.nullable(), null),
  })
  .openapi("AdminToken");

const newTokenSchema = tokenSchema
  .extend({
    token: z.string().openapi({ description: "the secret; shown this once", example: "tra_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE" }),
  })
  .openapi("NewAdminToken");

const input = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, "must be 1 to 63 of a-z, 0-9, dot, _ and -, and begin with a letter or digit")
      .openapi({ example: "alice", description: "the audit log names the token `admin:<name>`, customers' own too" }),
    scopes: z
      .array(scope)
      .min(1)
      .max(adminScopes.length)
      .refine((scopes) => new Set(scopes).size === scopes.length, "must not name a scope twice")
      .openapi({
        uniqueItems: true,
        example: ["read"],
        description:
          "`read`: everything; `write`: act for customers, and manage them; `billing`: terms, billing profiles, the issuer, corrections and credits; " +
          "`freeze`: freeze everything; `tokens`: mint and revoke tokens, with no scope that the minting one has not",
      }),
    expires_at: expiresAt,
  })
  .openapi("AdminTokenInput");

const represent = (token: AdminToken): z.infer<typeof tokenSchema> => ({
  id: token.id,
  name: token.name,
  scopes: [...token.scopes],
  created_by: token.createdBy,
  created_at: isoTime(token.createdAtMs),
  expires_at: isoTimeOrNull(token.expiresAtMs),
  last_used_at: isoTimeOrNull(token.lastUsedAtMs),
  revoked_at: isoTimeOrNull(token.revokedAtMs),
});

const noQuery = z.strictObject({});
const secretBytes = 32;

/** `/v1/admin-tokens`: named credentials of admins, beside ADMIN_TOKEN. For admins with the scope `tokens`. */
export const registerAdminTokens = (app: App, deps: Deps, guards: Guards, caches: TokenCaches): void => {
  const tags = ["tokens"];
  const path = "/v1/admin-tokens";
  const guard = guards.adminWith("tokens");

  const create = createRoute({
    method: "post",
    path,
    tags,
    summary: "Create a named admin token; its secret is shown once",
    middleware: [guard, jsonBody],
    request: { query: noQuery, body: jsonRequest(input) },
    responses: { 201: jsonAnswer(newTokenSchema, "The token with its secret"), ...problems(400, 401, 403, 409, 413, 415) },
  });
  app.openapi(create, async (c) => {
    const { name, scopes, expires_at: expiresAtMs } = c.req.valid("json");
    refusePast(expiresAtMs, deps.clock.nowMs());
    refuseFor(refuseAdminToken(c.var.principal, { scopes, expiresAtMs }));
    const secret = `tra_${toBase64Url(deps.random.bytes(secretBytes))}`;
    const hash = await sha256Hex(secret);
    const ordered = adminScopes.filter((one) => scopes.includes(one));
    const store = (change: Change) => deps.adminTokens.create({ name, scopes: ordered, expiresAtMs, hash }, change);
    const token = await answerOnce(c, deps, 0, store);
    return c.json({ ...represent(token), token: secret }, 201);
  });

  const list = createRoute({
    method: "get",
    path,
    tags,
    summary: "List the admin tokens, revoked ones included",
    middleware: [guard],
    request: { query: pageQuery },
    responses: { 200: jsonAnswer(z.array(tokenSchema), "One page"), ...problems(400, 401, 403) },
  });
  app.openapi(list, async (c) => {
    const tokens = await paged(c, c.req.valid("query"), deps.adminTokens.list);
    return c.json(tokens.map(represent), 200);
  });

  const revoke = createRoute({
    method: "delete",
    path: `${path}/{id}` as const,
    tags,
    summary: "Revoke an admin token; it stops working within 30 seconds",
    middleware: [guard],
    request: { params: idParams, query: noQuery },
    responses: { 204: noContent, ...problems(400, 401, 403, 404) },
  });
  app.openapi(revoke, async (c) => {
    const tokenId = c.req.valid("param").id;
    if (!(await deps.adminTokens.revoke(tokenId, changeBy(c)))) throw noSuchResource();
    caches.admins.forget(tokenId);
    return c.body(null, 204);
  });
};
