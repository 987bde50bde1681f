import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { ReadinessCheck } from "../../adapters/ports/steering/dns-setup.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { pageBytes } from "../../domain/platform/page-size.ts";
import type { Check } from "../../domain/steering/readiness-finding.ts";
import { checkNames } from "../../domain/steering/readiness-finding.ts";
import { answerOnce } from "../../http/idempotency.ts";
import { noBody } from "../../http/body.ts";
import {
  domainsCursor,
  encodeCursor,
  id,
  idParams,
  jsonAnswer,
  like,
  orNull,
  problems,
  readProblems,
  tenantCursorQuery,
  tenantQuery,
  timeText,
} from "../../http/contract.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App } from "../../http/env.ts";
import { announceNext } from "../../http/paging.ts";
import { isoTimeOrNull } from "../../iso-time.ts";
import { domainsPerCheck, readinessCheck } from "./readiness-check.ts";

const checkSchema = z
  .object({
    domain_id: id,
    domain: like(z.string(), "app.example.com"),
    check: z.enum(checkNames),
    result: z.enum(["pass", "warn", "fail", "unproven"]),
    detail: like(z.string(), "TTL 300 s: so long may a visitor stay on a dead CDN after a switch"),
    mend: like(z.string().nullable(), "give all of them one TTL of at most 60 s"),
  })
  .openapi("ReadinessFinding");

const readinessSchema = z
  .object({
    service_id: id,
    result: z
      .enum(["pass", "warn", "fail", "unchecked"])
      .openapi({ description: "the worst of all checks; what is unproven does not count against it" }),
    checked_at: timeText.nullable(),
    actor: like(z.string().nullable(), "token:12"),
    domains: orNull(
      z.object({
        checked: z.int().openapi({ description: "domains that this check looked at" }),
        total: z.int().openapi({ description: "domains that the service had then" }),
        next_cursor: z
          .string()
          .nullable()
          .openapi({ description: "of a POST that left domains out: check those behind with it as domains_cursor", example: null }),
      }),
    ).openapi({
      description:
        "a service with many domains is checked page by page, and `result` is that of a page; null: there was no check, or an old one",
    }),
    checks: z.array(checkSchema),
  })
  .openapi("ServiceReadiness");

const represent = (serviceId: number, check: ReadinessCheck | null, nextCursor: string | null = null): z.infer<typeof readinessSchema> => ({
  service_id: serviceId,
  result: check?.result ?? "unchecked",
  checked_at: isoTimeOrNull(check?.checkedAtMs ?? null),
  actor: check?.actor ?? null,
  domains:
    check?.domainsChecked == null || check.domainsTotal === null
      ? null
      : { checked: check.domainsChecked, total: check.domainsTotal, next_cursor: nextCursor },
  checks: (check?.checks ?? []).map(({ domainId, ...rest }) => ({ domain_id: domainId, ...rest })),
});

/** How many findings fit in one answer; the others are read page by page. */
const fitting = (checks: readonly Check[]): number => {
  let bytes = 0;
  const first = checks.findIndex((check) => (bytes += JSON.stringify(check).length) > pageBytes);
  return first === -1 ? checks.length : Math.max(1, first);
};

/** `/v1/services/{id}/readiness`: whether everything is in place before a storm. */
export const registerReadiness = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["routing"];
  const path = "/v1/services/{id}/readiness";

  const get = createRoute({
    method: "get",
    path,
    tags,
    summary: "Read what the last readiness check of a service found",
    middleware: [guards.viewer],
    request: { params: idParams, query: tenantCursorQuery },
    responses: {
      200: jsonAnswer(readinessSchema, "The last result; of very many findings those that fit, and a link to the next"),
      ...readProblems,
    },
  });
  app.openapi(get, async (c) => {
    const serviceId = c.req.valid("param").id;
    const last = await deps.dnsSetup.lastCheck(c.var.customerId, serviceId, c.req.valid("query").cursor);
    if (last === null) throw noSuchResource();
    if (last.nextAfterPlace !== null) announceNext(c, { cursor: last.nextAfterPlace });
    return c.json(represent(serviceId, last.check), 200);
  });

  const check = createRoute({
    method: "post",
    path: `${path}/check`,
    tags,
    summary: "Check everything that has to be right before a storm",
    description:
      "Reads the live records, probes both targets, and proves the permission by a compare-and-set that changes nothing. " +
      `At most ${domainsPerCheck} domains in one check: of more, \`domains\` says how many were left out, and with which cursor to go on.`,
    middleware: [guards.editor, worth(deps, costs.probing), noBody],
    request: { params: idParams, query: tenantQuery.extend({ domains_cursor: domainsCursor }) },
    responses: { 200: jsonAnswer(readinessSchema, "What was found"), ...problems(400, 401, 403, 404, 409, 413) },
  });
  app.openapi(check, async (c) => {
    const { customerId } = c.var;
    const serviceId = c.req.valid("param").id;
    const afterDomainId = c.req.valid("query").domains_cursor ?? 0;
    const { setup, run } = await readinessCheck(deps, customerId, serviceId, afterDomainId);
    const result = await answerOnce(c, deps, customerId, run);
    const count = fitting(result.checks);
    if (count < result.checks.length) announceNext(c, { cursor: count }, c.req.path.replace(/\/check$/, ""));
    const last = setup.domains.at(-1);
    const next = setup.domainsBehind && last !== undefined ? encodeCursor(last.domainId) : null;
    return c.json(represent(serviceId, { ...result, checks: result.checks.slice(0, count) }, next), 200);
  });
};
