import { createRoute } from "@hono/zod-openapi";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import { toBase64Url } from "../../http/digest.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { invalidBody } from "../../errors.ts";
import { answerOnce, changeBy } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import {
  childParams,
  idParams,
  jsonAnswer,
  jsonRequest,
  noContent,
  readProblems,
  tenantQuery,
  writeProblems,
} from "../../http/contract.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App, AppMiddleware } from "../../http/env.ts";
import { requestBudget } from "../../pipeline/request-budget.ts";
import { createConnections } from "../../pipeline/connection-slots.ts";
import { locate } from "../../pipeline/tenants/whereabouts.ts";
import { domainBodies, domainSchema, representDomain } from "./domain-contract.ts";

const challengeBytes = 24;

type Targets = { readonly primary_target?: string | null | undefined; readonly backup_target?: string | null | undefined };

/**
 * A host with a private address is refused as a target; one without an address yet, or without an answer, is accepted and looked
 * up again before it is probed (`cron/check-targets.ts`).
 * @throws AppError `bad_request` naming the target and its address
 */
const refusePrivate = async ({ clock, lookup }: Pick<Deps, "clock" | "lookup">, targets: Targets): Promise<void> => {
  const budget = requestBudget(clock, createConnections(clock));
  const faults = await Promise.all(
    (["primary_target", "backup_target"] as const).map(async (field) => {
      const host = targets[field];
      const found = host == null ? null : (await locate(lookup, host, budget)).private;
      return found === null ? [] : [{ pointer: `/${field}`, detail: `must not lead to a private address (${found})` }];
    }),
  );
  if (faults.flat().length > 0) throw invalidBody(...faults.flat());
};

/** `/v1/services/{id}/domains`: the hostnames that move together. */
export const registerDomains = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["domains"];
  const looksUp = !deps.config.allowPrivateTargets;
  const asking: AppMiddleware = looksUp ? worth(deps, costs.asking) : async (_, next) => await next();
  const { input, patch } = domainBodies(deps.config.allowPrivateTargets, deps.config.domainVerification);

  const create = createRoute({
    method: "post",
    path: "/v1/services/{id}/domains",
    tags,
    summary: "Add a domain; the answer says how to prove its ownership",
    middleware: [guards.editor, asking, jsonBody],
    request: { params: idParams, query: tenantQuery, body: jsonRequest(input) },
    responses: { 201: jsonAnswer(domainSchema, "The new domain"), ...writeProblems },
  });
  app.openapi(create, async (c) => {
    const { customerId } = c.var;
    const body = c.req.valid("json");
    const domainInput = {
      name: body.name,
      primaryTarget: body.primary_target,
      backupTarget: body.backup_target,
      probePath: body.probe_path,
      expectStatus: body.expect_status,
      normalPrimaryWeight: body.normal_weights.primary,
      normalBackupWeight: body.normal_weights.backup,
      steerGroup: body.steer_group,
      challengeToken: toBase64Url(deps.random.bytes(challengeBytes)),
      verified: !deps.config.domainVerification,
    };
    const store = async (change: Change) => {
      if (looksUp) await refusePrivate(deps, body);
      return await deps.domains.create(customerId, c.req.valid("param").id, domainInput, change);
    };
    const domain = await answerOnce(c, deps, customerId, store);
    if (domain === null) throw noSuchResource();
    return c.json(representDomain(domain, deps.config.domainVerification), 201, { location: `${c.req.path}/${domain.id}` });
  });

  const update = createRoute({
    method: "patch",
    path: "/v1/services/{id}/domains/{childId}",
    tags,
    summary: "Change a domain",
    middleware: [guards.editor, asking, jsonBody],
    request: { params: childParams, query: tenantQuery, body: jsonRequest(patch) },
    responses: { 200: jsonAnswer(domainSchema, "The domain as it is now"), ...writeProblems },
  });
  app.openapi(update, async (c) => {
    const { id, childId } = c.req.valid("param");
    const body = c.req.valid("json");
    const fields = {
      primaryTarget: body.primary_target,
      backupTarget: body.backup_target,
      probePath: body.probe_path,
      expectStatus: body.expect_status,
      normalPrimaryWeight: body.normal_weights?.primary,
      normalBackupWeight: body.normal_weights?.backup,
      steerGroup: body.steer_group,
    };
    if (looksUp) await refusePrivate(deps, body);
    const domain = await deps.domains.update(c.var.customerId, id, childId, fields, changeBy(c));
    if (domain === null) throw noSuchResource();
    return c.json(representDomain(domain, deps.config.domainVerification), 200);
  });

  const remove = createRoute({
    method: "delete",
    path: "/v1/services/{id}/domains/{childId}",
    tags,
    summary: "Remove a domain; its DNS records stay as they are",
    middleware: [guards.editor],
    request: { params: childParams, query: tenantQuery },
    responses: { 204: noContent, ...readProblems },
  });
  app.openapi(remove, async (c) => {
    const { id, childId } = c.req.valid("param");
    if (!(await deps.domains.remove(c.var.customerId, id, childId, changeBy(c)))) throw noSuchResource();
    return c.body(null, 204);
  });
};
