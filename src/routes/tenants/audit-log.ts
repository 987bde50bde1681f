import { createRoute, z } from "@hono/zod-openapi";
import type { AuditEntry } from "../../adapters/ports/tenants/audit-log.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import { id, jsonAnswer, like, problems, tenantPageQuery, timeText } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { paged } from "../../http/paging.ts";
import { isoTime } from "../../iso-time.ts";

const stored = z
  .union([z.record(z.string(), z.unknown()), z.array(z.unknown())])
  .nullable()
  .openapi({
    description:
      "the row as it was stored; null: there was none. One of more than 1 MiB is left out: `{left_out: {bytes, entries, sha256}}` " +
      "says how large it is and, of its text in the database, the SHA-256",
  });

const entrySchema = z
  .object({
    id,
    at: timeText,
    actor: z.string().openapi({ example: "token:12", description: "admin, admin:<name>, token:<id>, jwt:<subject>, gateway or tranche" }),
    action: z.string().openapi({ example: "update" }),
    object_type: z.string().openapi({ example: "service" }),
    object_id: id.nullable(),
    before: stored,
    after: stored,
    request_id: like(z.string().nullable(), "0f8fad5bd9cb469fa16570867728950e"),
  })
  .openapi("AuditEntry");

const word = (example: string) =>
  z
    .string()
    .regex(/^[a-z_]{1,40}$/, "must be 1 to 40 of a-z and _")
    .optional()
    .openapi({ example });

/** By what the log is searched. */
export const auditFilter = { action: word("update"), object_type: word("service") };

const filter = tenantPageQuery.extend(auditFilter);

const represent = (entry: AuditEntry): z.infer<typeof entrySchema> => ({
  id: entry.id,
  at: isoTime(entry.atMs),
  actor: entry.actor,
  action: entry.action,
  object_type: entry.objectType,
  object_id: entry.objectId,
  before: entry.before as z.infer<typeof stored>,
  after: entry.after as z.infer<typeof stored>,
  request_id: entry.requestId,
});

/** `/v1/audit-log`: changes with their authors. */
export const registerAuditLog = (app: App, deps: Deps, guards: Guards): void => {
  const list = createRoute({
    method: "get",
    path: "/v1/audit-log",
    tags: ["audit-log"],
    summary: "List the changes of your resources, newest first",
    middleware: [guards.viewer],
    request: { query: filter },
    responses: { 200: jsonAnswer(z.array(entrySchema), "One page"), ...problems(400, 401, 403) },
  });
  app.openapi(list, async (c) => {
    const query = c.req.valid("query");
    const wanted = { action: query.action, objectType: query.object_type };
    const entries = await paged(c, query, (page) => deps.auditLog.list(c.var.customerId, wanted, page));
    return c.json(entries.map(represent), 200);
  });
};
