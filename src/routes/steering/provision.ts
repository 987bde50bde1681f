import { createRoute, z } from "@hono/zod-openapi";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { DnsSetup, DnsSetupDomain } from "../../adapters/ports/steering/dns-setup.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { AppError } from "../../errors.ts";
import { answerOnce } from "../../http/idempotency.ts";
import { noBody } from "../../http/body.ts";
import { childParams, id, jsonAnswer, like, problems, tenantQuery } from "../../http/contract.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App } from "../../http/env.ts";
import { challengeName } from "../../domain/tenants/ownership-record.ts";
import { isFreshNow } from "../../pipeline/tenants/ownership.ts";
import { requestBudget } from "../../pipeline/request-budget.ts";
import { createConnections } from "../../pipeline/connection-slots.ts";

/** Semantics §7: a switch must take effect within a minute. */
const ttlSeconds = 60;

const recordSchema = z.object({
  type: like(z.string(), "CNAME"),
  set_identifier: like(z.string(), "primary"),
  weight: like(z.int(), 100),
  ttl: like(z.int(), ttlSeconds),
  value: like(z.string(), "app.example.com.cdn.cloudflare.net"),
});

const provisionSchema = z
  .object({
    domain_id: id,
    result: z.enum(["created", "exists"]).openapi({ description: "exists: the pair was there already, and nothing was changed" }),
    zone_id: like(z.string(), "Z0123456789ABCDEFGHIJ"),
    change_id: like(z.string().nullable(), "C2682N5HXP0BZ4"),
    records: z.array(recordSchema).openapi({ description: "what was created" }),
    question: z.string().nullable().openapi({
      description: "what is to be decided before the pair answers anybody: beside others that answer already it is created with weight 0",
      example: null,
    }),
  })
  .openapi("DomainProvision");

const conflict = (detail: string) => new AppError("conflict", detail);

/** The targets of the pair. @throws AppError `conflict` where it must not or cannot be created */
const wishFor = (setup: DnsSetup, domain: DnsSetupDomain) => {
  if (!domain.verified) throw conflict("prove the ownership of the domain first");
  if (setup.frozen) throw conflict("the service is frozen: nothing is written");
  if (setup.shadow) throw conflict("the service is only shadowed: nothing is written");
  const { primaryTarget: primary, backupTarget: backup } = domain;
  if (primary === null || backup === null) throw conflict("PATCH the domain with a primary_target and a backup_target first");
  if (primary.includes(":") || backup.includes(":")) throw conflict("a CNAME points at a hostname, not at an origin or an address");
  return { domain: domain.name, targets: { primary, backup }, weights: domain.normal, ttlSeconds };
};

/** `/v1/services/{id}/domains/{childId}/provision`: the weighted pair, where it is missing. */
export const registerProvision = (app: App, deps: Deps, guards: Guards): void => {
  const provision = createRoute({
    method: "post",
    path: "/v1/services/{id}/domains/{childId}/provision",
    tags: ["domains"],
    summary: "Create the weighted pair of a domain in Route 53, or its missing half",
    description: "What exists is never changed: a 409 says what stands in the way, and what to do about it. Safe to repeat.",
    middleware: [guards.editor, worth(deps, costs.asking), noBody],
    request: { params: childParams, query: tenantQuery },
    responses: { 200: jsonAnswer(provisionSchema, "The pair is there"), ...problems(400, 401, 403, 404, 409, 413) },
  });
  app.openapi(provision, async (c) => {
    const { id: serviceId, childId } = c.req.valid("param");
    const setup = await deps.dnsSetup.get(c.var.customerId, serviceId, { limit: 1, afterDomainId: childId - 1 });
    const domain = setup?.domains.find(({ domainId }) => domainId === childId);
    if (setup == null || domain === undefined) throw noSuchResource();
    /** Creating records requires a proof that is there now. @throws AppError `conflict` */
    const refuseLapsed = async ({ name }: DnsSetupDomain, change: Change): Promise<void> => {
      if (!deps.config.domainVerification) return;
      const [claim] = await deps.ownership.byIds([childId]);
      const isFresh =
        claim !== undefined && (await isFreshNow(deps, claim, change, requestBudget(deps.clock, createConnections(deps.clock))));
      if (!isFresh) throw conflict(`the record ${challengeName(name)} is not seen: the proof of the name has lapsed`);
    };
    const create = async (change: Change) => {
      const wish = wishFor(setup, domain);
      await refuseLapsed(domain, change);
      await deps.dnsSetup.noteProvisioning(childId, wish, change);
      const dns = await deps.dnsDirectory.of(setup.customerId);
      const { result } = await deps.dnsSetup.noteProvisioned(
        childId,
        await dns.provision(wish, requestBudget(deps.clock, createConnections(deps.clock))),
        change,
      );
      if (result.status === "created" || result.status === "exists") return { result };
      if (result.status === "refused" || !result.retryable) throw conflict(result.detail);
      throw new AppError("unavailable", result.detail, { headers: { "retry-after": "30" } });
    };
    const { result } = await answerOnce(c, deps, setup.customerId, create);
    const records = result.status === "exists" ? [] : result.records;
    return c.json(
      {
        domain_id: childId,
        result: result.status,
        zone_id: result.zoneId,
        change_id: result.status === "exists" ? null : result.changeId,
        question: result.status === "created" ? (result.question ?? null) : null,
        records: records.map(({ type, setIdentifier, weight, ttlSeconds: ttl, value }) => ({
          type,
          set_identifier: setIdentifier,
          weight,
          ttl,
          value,
        })),
      },
      200,
    );
  });
};
