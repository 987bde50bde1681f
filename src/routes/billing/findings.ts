import { createRoute, z } from "@hono/zod-openapi";
import type { StoredFinding } from "../../adapters/ports/billing/findings.ts";
import { findingStates } from "../../adapters/ports/billing/findings.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import { id, idText, jsonAnswer, like, pageQuery, problems, timeText } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { paged } from "../../http/paging.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";

const schema = z
  .object({
    id,
    customer_id: id,
    rule: like(z.string(), "window_bytes").openapi({ description: "docs/runbook.md says of each what to do" }),
    object_type: like(z.enum(["customer", "domain", "invoice", "service", "usage_snapshot"]), "usage_snapshot"),
    object_id: id,
    expected: like(z.string(), "734003200000 + 21474836480"),
    actual: like(z.string(), "734003200000 + 0"),
    found_at: timeText,
    last_seen_at: timeText,
    cleared_at: timeText.nullable().openapi({ description: "when the figures agreed again; null: it is open", example: null }),
  })
  .openapi("ReconciliationFinding");

const filter = pageQuery.extend({
  state: z.enum(findingStates).optional(),
  rule: z
    .string()
    .regex(/^[a-z_]{1,40}(?::[a-z]{1,40}){0,2}$/, "must be the name of a rule, such as window_bytes")
    .optional()
    .openapi({ example: "window_bytes", description: "its narrower forms too: `window_missing` of both sides" }),
  customer: idText.optional().openapi({ description: "of this customer alone" }),
});

const represent = (one: StoredFinding): z.infer<typeof schema> => ({
  id: one.id,
  customer_id: one.customerId,
  rule: one.rule,
  object_type: one.objectType,
  object_id: one.objectId,
  expected: one.expected,
  actual: one.actual,
  found_at: isoTime(one.foundAtMs),
  last_seen_at: isoTime(one.lastSeenAtMs),
  cleared_at: isoTimeOrNull(one.clearedAtMs),
});

/** `/v1/reconciliation-findings`: where figures that should be equal are not. For admins only. */
export const registerFindings = (app: App, deps: Pick<Deps, "findings">, guards: Guards): void => {
  const list = createRoute({
    method: "get",
    path: "/v1/reconciliation-findings",
    tags: ["operation"],
    summary: "List what the nightly reconciliation found, the newest first",
    middleware: [guards.admin],
    request: { query: filter },
    responses: { 200: jsonAnswer(z.array(schema), "One page"), ...problems(400, 401, 403) },
  });
  app.openapi(list, async (c) => {
    const query = c.req.valid("query");
    const wanted = { state: query.state, rule: query.rule, customerId: query.customer };
    const found = await paged(c, query, (page) => deps.findings.list(wanted, page));
    return c.json(found.map(represent), 200);
  });
};
