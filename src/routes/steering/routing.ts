import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { DomainRouting } from "../../adapters/ports/steering/routing.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { domainsCursor, id, idParams, jsonAnswer, like, orNull, readProblems, tenantPageQuery, timeText } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { announceNext, isCut } from "../../http/paging.ts";
import { isoTimeOrNull } from "../../iso-time.ts";
import {
  changeSchema,
  driftSchema,
  expectedSchema,
  overrideSchema,
  representChange,
  representDrift,
  representExpected,
  representOverride,
  weights,
} from "./routing-contract.ts";

const domainSchema = z.object({
  domain_id: id,
  name: like(z.string(), "app.example.com"),
  status: z.string().openapi({
    description: "unread, found, unprovisioned, error (see last_error) or contested (somebody else keeps changing the weights)",
    example: "found",
  }),
  weights: weights.nullable().openapi({ description: "as last read from DNS" }),
  read_at: timeText.nullable(),
  moved_at: timeText.nullable().openapi({ description: "set while tranche itself has the domain on its backup" }),
  contested_at: timeText.nullable().openapi({ description: "since when tranche no longer insists on its weights" }),
  last_error: like(z.string().nullable(), null),
  expected: orNull(expectedSchema),
});

const routingSchema = z
  .object({
    service_id: id,
    state: like(z.string(), "shifted").openapi({
      description:
        "normal, failback, shifted (at least 99 % of the visitors of every domain are expected at the backup), partial (not all are), held or frozen",
    }),
    reason: like(z.string(), "storm"),
    override: orNull(overrideSchema),
    domains: z
      .array(domainSchema)
      .openapi({ description: "all of them; of very many as many as fit, and the next link goes on behind them" }),
    changes: z.array(changeSchema).openapi({ description: "one page of the history, newest first" }),
    drifts: z.array(driftSchema).openapi({ description: "the newest twenty times that somebody else changed the weights" }),
  })
  .openapi("Routing");

const representDomain = (domain: DomainRouting): z.infer<typeof domainSchema> => ({
  domain_id: domain.domainId,
  name: domain.name,
  status: domain.status,
  weights:
    domain.primaryWeight === null || domain.backupWeight === null ? null : { primary: domain.primaryWeight, backup: domain.backupWeight },
  read_at: isoTimeOrNull(domain.readAtMs),
  moved_at: isoTimeOrNull(domain.movedAtMs),
  contested_at: isoTimeOrNull(domain.contestedAtMs),
  last_error: domain.lastError,
  expected: domain.expected === null ? null : representExpected(domain.expected),
});

/** `/v1/services/{id}/routing`: where a service points, with its history. */
export const registerRouting = (app: App, deps: Deps, guards: Guards): void => {
  const get = createRoute({
    method: "get",
    path: "/v1/services/{id}/routing",
    tags: ["routing"],
    summary: "Read the routing state of a service and its history",
    middleware: [guards.viewer],
    request: { params: idParams, query: tenantPageQuery.extend({ domains_cursor: domainsCursor }) },
    responses: { 200: jsonAnswer(routingSchema, "State and one page of history"), ...readProblems },
  });
  app.openapi(get, async (c) => {
    const { limit, cursor, domains_cursor: domainsAfter } = c.req.valid("query");
    const page = { limit: limit + 1, afterId: cursor ?? null };
    const view = await deps.routing.get(c.var.customerId, c.req.valid("param").id, page, domainsAfter);
    if (view === null) throw noSuchResource();
    const changes = view.changes.slice(0, limit);
    const moreDomains = isCut(view.domains);
    if (moreDomains || view.changes.length > limit || isCut(changes)) {
      // Domains that fit in one answer are on every page of the history; otherwise each is on one page.
      const inParts = moreDomains || domainsAfter !== undefined;
      const lastDomain = inParts ? (view.domains.at(-1)?.domainId ?? domainsAfter) : undefined;
      announceNext(c, { limit, cursor: changes.at(-1)?.id, domains_cursor: lastDomain });
    }
    return c.json(
      {
        service_id: view.serviceId,
        state: view.state,
        reason: view.reason,
        override: view.override === null ? null : representOverride(view.override),
        domains: view.domains.map(representDomain),
        changes: changes.map(representChange),
        drifts: view.drifts.map(representDrift),
      },
      200,
    );
  });
};
