import { createRoute, z } from "@hono/zod-openapi";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { StandingView } from "../../adapters/ports/steering/standing.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { parseStatusRanges } from "../../domain/detection/probe.ts";
import { uncheckableStatus } from "../../domain/steering/standing-failover.ts";
import { AppError } from "../../errors.ts";
import { answerOnce, changeBy } from "../../http/idempotency.ts";
import { noBody } from "../../http/body.ts";
import { childParams, id, jsonAnswer, like, noContent, problems, readProblems, tenantQuery, timeText } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";
import { toHex } from "../../domain/platform/hex.ts";

const checkId = () => like(z.string().nullable(), "f1a6c6a2-0d5b-4d0e-9c7c-6a4c2f7e1b11");

const standingSchema = z
  .object({
    domain_id: id,
    state: z.enum(["pending", "standing", "disabled", "removing"]).openapi({
      description: "pending: being made; disabled: frozen, so its checks count as healthy; removing: being taken away",
    }),
    primary_check_id: checkId(),
    backup_check_id: checkId(),
    last_error: like(z.string().nullable(), null).openapi({ description: "what it waits for, or what went wrong" }),
    checked_at: timeText.nullable().openapi({ description: "when its health checks were last seen at Route 53" }),
    created_at: timeText,
  })
  .openapi("StandingFailover");

const stateOf = ({ state, attached, disabled }: StandingView): "pending" | "standing" | "disabled" | "removing" => {
  if (state === "removing") return "removing";
  if (!attached) return "pending";
  return disabled ? "disabled" : "standing";
};

const represent = (view: StandingView): z.infer<typeof standingSchema> => ({
  domain_id: view.domainId,
  state: stateOf(view),
  primary_check_id: view.primaryCheckId,
  backup_check_id: view.backupCheckId,
  last_error: view.lastError,
  checked_at: isoTimeOrNull(view.checkedAtMs),
  created_at: isoTime(view.createdAtMs),
});

/** Identifies its health checks among others in the account. */
const nonceBytes = 8;

/** `/v1/services/{id}/domains/{childId}/standing-failover`: failover by Route 53 health checks, which needs no API call. */
export const registerStandingFailover = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["domains"];
  const path = "/v1/services/{id}/domains/{childId}/standing-failover";
  const request = { params: childParams, query: tenantQuery };

  const get = createRoute({
    method: "get",
    path,
    tags,
    summary: "Read the standing failover of a domain",
    middleware: [guards.viewer],
    request,
    responses: { 200: jsonAnswer(standingSchema, "How it stands"), ...readProblems },
  });
  app.openapi(get, async (c) => {
    const { id: serviceId, childId } = c.req.valid("param");
    const found = await deps.standing.get(c.var.customerId, serviceId, childId);
    if (found === null || found.view === null) throw noSuchResource();
    return c.json(represent(found.view), 200);
  });

  const want = createRoute({
    method: "post",
    path,
    tags,
    operationId: "createServiceDomainStandingFailover",
    summary: "Have the DNS itself leave a dead CDN, with health checks on the pair; made within the next seconds",
    middleware: [guards.editor, noBody],
    request,
    responses: { 200: jsonAnswer(standingSchema, "It is wanted; its state says how far it is"), ...problems(400, 401, 403, 404, 409, 413) },
  });
  app.openapi(want, async (c) => {
    const { customerId } = c.var;
    const { id: serviceId, childId } = c.req.valid("param");
    const nonce = toHex(deps.random.bytes(nonceBytes));
    const make = async (change: Change) => {
      const domain = await deps.domains.get(customerId, serviceId, childId);
      const uncheckable = domain === null ? null : uncheckableStatus(parseStatusRanges(domain.expectStatus) ?? []);
      if (uncheckable !== null) throw new AppError("conflict", uncheckable);
      const wish = await deps.standing.want(customerId, serviceId, childId, nonce, change);
      if (wish === null) throw noSuchResource();
      if (wish.kind === "refused") throw new AppError("conflict", wish.detail);
      return { view: wish.view };
    };
    const { view } = await answerOnce(c, deps, customerId, make);
    return c.json(represent(view), 200);
  });

  const unwant = createRoute({
    method: "delete",
    path,
    tags,
    summary: "Remove a standing failover; the records get back the health checks that they had before, if any",
    middleware: [guards.editor],
    request,
    responses: { 204: noContent, ...readProblems },
  });
  app.openapi(unwant, async (c) => {
    const { id: serviceId, childId } = c.req.valid("param");
    if (!(await deps.standing.unwant(c.var.customerId, serviceId, childId, changeBy(c)))) throw noSuchResource();
    return c.body(null, 204);
  });
};
