import { createRoute, z } from "@hono/zod-openapi";
import type { CdnAccount } from "../../adapters/ports/metering/cdn-accounts.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { answerOnce, changeBy } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import {
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
import { together } from "../schemas.ts";

const cdn = z.enum(["cloudflare", "fastly"]);

const accountSchema = z
  .object({
    id,
    cdn,
    account_ref: like(z.string().nullable(), "023e105f4ecef8ad9ca31a8372d0c353"),
    created_at: timeText,
    last_read_at: timeText.nullable().openapi({ description: "when usage was last read with it" }),
    last_error: z.string().nullable().openapi({ example: null, description: "why the last reading failed; null: it did not" }),
    audit_log_error: z.string().nullable().openapi({
      example: null,
      description:
        "why Cloudflare's audit log could not be read for cost events, which does not concern usage; null: it could, or was not tried",
    }),
  })
  .openapi("CdnAccount");

const input = z
  .strictObject({
    cdn: cdn.openapi({ example: "cloudflare" }),
    account_ref: label(100)
      .optional()
      .openapi({ example: "023e105f4ecef8ad9ca31a8372d0c353", description: "the account id at Cloudflare" }),
    api_token: z
      .string()
      .min(8)
      .max(500)
      .regex(/^[\x21-\x7e]+$/, "must be visible ASCII characters")
      .openapi({
        writeOnly: true,
        example: "an-api-token-of-that-cdn",
        description:
          "Cloudflare: Zone Read and Zone Analytics Read, and Account Settings Read where its audit log is to be watched; Fastly: global:read. Never shown again",
      }),
  })
  .refine((account) => account.cdn !== "cloudflare" || account.account_ref !== undefined, {
    path: ["account_ref"],
    error: "is required for cloudflare",
  })
  .openapi(together({ where: { properties: { cdn: { const: "cloudflare" } } }, must: { required: ["account_ref"] } }))
  .openapi("CdnAccountInput", {
    example: { cdn: "cloudflare", account_ref: "023e105f4ecef8ad9ca31a8372d0c353", api_token: "an-api-token-of-that-cdn" },
  });

const represent = (account: CdnAccount): z.infer<typeof accountSchema> => ({
  id: account.id,
  cdn: account.cdn,
  account_ref: account.accountRef,
  created_at: isoTime(account.createdAtMs),
  last_read_at: isoTimeOrNull(account.lastReadAtMs),
  last_error: account.lastError,
  audit_log_error: account.auditLogError,
});

/** `/v1/cdn-accounts`: credentials with which a customer's usage is read instead of the operator's. */
export const registerCdnAccounts = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["usage"];
  const path = "/v1/cdn-accounts";

  const create = createRoute({
    method: "post",
    path,
    tags,
    summary: "Have usage read with an account of your own; one per CDN, its token is sealed and never shown",
    middleware: [guards.editor, jsonBody],
    request: { query: tenantQuery, body: jsonRequest(input) },
    responses: { 201: jsonAnswer(accountSchema, "The account, without its token"), ...writeProblems },
  });
  app.openapi(create, async (c) => {
    const { cdn: name, account_ref: accountRef = null, api_token: apiToken } = c.req.valid("json");
    const { customerId } = c.var;
    const account = await answerOnce(c, deps, customerId, (change) =>
      deps.cdnAccounts.create(customerId, { cdn: name, accountRef, apiToken }, change),
    );
    return c.json(represent(account), 201, { location: path });
  });

  const list = createRoute({
    method: "get",
    path,
    tags,
    summary: "List the accounts and how they were last read",
    middleware: [guards.viewer],
    request: { query: tenantPageQuery },
    responses: { 200: jsonAnswer(z.array(accountSchema), "One page"), ...readProblems },
  });
  app.openapi(list, async (c) => {
    const accounts = await paged(c, c.req.valid("query"), (page) => deps.cdnAccounts.list(c.var.customerId, page));
    return c.json(accounts.map(represent), 200);
  });

  const remove = createRoute({
    method: "delete",
    path: `${path}/{id}` as const,
    tags,
    summary: "Remove an account; its token is erased",
    middleware: [guards.editor],
    request: { params: idParams, query: tenantQuery },
    responses: { 204: noContent, ...readProblems },
  });
  app.openapi(remove, async (c) => {
    if (!(await deps.cdnAccounts.remove(c.var.customerId, c.req.valid("param").id, changeBy(c)))) throw noSuchResource();
    return c.body(null, 204);
  });
};
